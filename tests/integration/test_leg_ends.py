"""However a leg ends, what it measured is kept, and the report says how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from leg import Leg, Project

SOURCE = "def called():\n    return 1\n"


def prepare(project: Project, end: str) -> None:
    project.write("pkg/__init__.py", SOURCE)
    project.write("test_a.py", "import pkg\ndef test_a():\n    pkg.called()\n")
    project.write("test_b.py", f"import os, signal, sys\ndef test_b():\n    {end}\n")


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        ("pass", 0, None),
        ("assert False", 1, None),
        ("raise KeyboardInterrupt", 2, "pytest was interrupted before every test had run"),
        ("os._exit(1)", 1, None),
    ],
)
def test_pytests_exit_code_is_the_legs(
    matrix_project: Project, end: str, code: int, reason: str | None
) -> None:
    prepare(matrix_project, end)
    leg = matrix_project.measure()
    assert leg.code == code, leg.output
    assert leg.stamp.exit_code == code
    assert leg.ran("pkg/__init__.py") == [1, 2]
    assert leg.stamp.reasons == ((reason,) if reason else leg.stamp.reasons)


def test_a_run_that_vanished_by_os_exit_is_incomplete(project: Project) -> None:
    prepare(project, "os._exit(0)")
    leg = project.measure()
    assert leg.ran("pkg/__init__.py") == [1, 2]
    assert leg.stamp.reasons == ("pytest ended without finishing its session",)


def test_a_run_without_tests_is_incomplete(project: Project) -> None:
    project.write("pkg/__init__.py", SOURCE)
    leg = project.measure()
    assert leg.code == 5
    assert leg.stamp.reasons == ("pytest found no tests",)
    assert leg.missed("pkg/__init__.py") == [1, 2]


def test_a_wrong_command_line_is_said(project: Project) -> None:
    prepare(project, "pass")
    leg = project.measure("--no-such-option")
    assert leg.code == 4
    assert leg.stamp.reasons == ("pytest did not start", "unrecognized arguments: --no-such-option")


def test_a_run_that_stops_at_the_first_failure_is_incomplete(project: Project) -> None:
    prepare(project, "assert False")
    project.write("test_c.py", "def test_c(): pass\n")
    leg = project.measure("-x")
    assert leg.code == 1
    assert leg.stamp.reasons == ("pytest ended early: stopping after 1 failures",)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGABRT", "SIGKILL", "SIGSEGV"])
def test_a_run_that_a_signal_kills_says_which_and_has_a_report(matrix_project: Project, name: str) -> None:
    prepare(matrix_project, f"os.kill(os.getpid(), signal.{name})")
    leg = matrix_project.measure()
    assert leg.code == 128 + signal.Signals[name]
    assert leg.stamp.reasons[0] == f"pytest was killed by {name}"
    assert not leg.stamp.complete
    if name == "SIGTERM":
        assert leg.ran("pkg/__init__.py") == [1, 2]


def test_a_killed_run_keeps_what_the_last_checkpoint_saw(project: Project) -> None:
    prepare(project, "os.kill(os.getpid(), signal.SIGKILL)")
    # Time passes between the two tests, for the process at least.
    project.write("conftest.py", "import time\nreal = time.monotonic\ntime.monotonic = lambda: real() + 60\n")
    leg = project.measure()
    assert leg.ran("pkg/__init__.py") == [1, 2]
    assert leg.stamp.processes.reported == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_running_leg_ends_it_with_its_report(
    project: Project, number: signal.Signals
) -> None:
    prepare(project, "open('ready', 'w').close(); signal.pause()")
    plan = project.plan()
    child = subprocess.Popen(
        project.command(plan),
        cwd=project.root,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (project.root / "ready").exists():
        assert child.poll() is None
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # as a terminal does
    else:
        child.send_signal(number)
    child.wait(60)
    leg = Leg(child.returncode, "", plan.parent.with_suffix(".json"))
    assert leg.code == (2 if number == signal.SIGINT else 128 + number)
    assert leg.ran("pkg/__init__.py") == [1, 2]
    assert not leg.stamp.complete


def test_a_source_that_does_not_exist_is_refused(project: Project) -> None:
    prepare(project, "pass")
    leg = project.measure(source=["src"])
    assert leg.code == 2
    assert "the source src does not exist" in leg.output
    assert not leg.report.exists()


def test_a_former_report_does_not_outlive_a_new_run(project: Project) -> None:
    prepare(project, "pass")
    project.measure()
    assert project.measure(source=["src"]).report.exists() is False


def test_the_run_looks_like_a_bare_one_from_inside(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "")
    matrix_project.write(
        "test_inside.py",
        """
        import os, sys

        def test_inside():
            main = sys.modules["__main__"]
            meta = [getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path]
            said = [sys.argv, sys.path, main.__file__, main.__spec__.name, meta, sorted({*os.environ} - {"_COVLANE_LEG"}), os.getcwd()]
            with open("said.txt", "a") as file:
                print(said, file=file)
        """,
    )
    assert matrix_project.bare("-q").returncode == 0
    assert matrix_project.measure("-q").code == 0
    bare, leg = (matrix_project.root / "said.txt").read_text().splitlines()
    assert leg == bare


def test_a_report_that_cannot_be_written_is_one_sentence_and_the_fragments_stay(project: Project) -> None:
    prepare(project, "pass")
    leg = project.measure(output=str(project.root / "nowhere" / "leg.json"))
    assert "cannot be written: No such file or directory" in leg.output
    assert "its fragments are in" in leg.output
    assert "Traceback" not in leg.output
    assert leg.code == 3
    assert list((project.root / "reports" / "legs" / "leg.d").glob("*.fragment"))


def test_a_forked_test_that_crashes_in_a_worker_is_listed(project: Project) -> None:
    project.write("pkg/__init__.py", "def f():\n    return 1\n")
    project.write("test_it.py", "import os, pkg\n\ndef test_crash():\n    os.kill(os.getpid(), 9)\n")
    leg = project.measure("-n", "1", "--forked")
    assert any("started by test_it.py::test_crash" in listed for listed in leg.stamp.killed), leg.stamp
    assert leg.stamp.reasons == ()


def test_tests_that_no_worker_was_left_for_make_the_leg_incomplete(project: Project) -> None:
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "test_it.py", "import os, pkg\n\ndef test_a():\n    os._exit(7)\n\ndef test_b():\n    pass\n"
    )
    leg = project.measure("-n", "1", "--max-worker-restart=0")
    assert leg.code == 1
    assert leg.stamp.reasons == ("pytest ended early: worker gw0 crashed and worker restarting disabled",)


def test_an_internal_error_of_a_worker_makes_the_leg_incomplete_whatever_xdist_returns(
    project: Project,
) -> None:
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "conftest.py",
        "def pytest_runtest_protocol(item):\n    if item.name == 'test_a':\n        raise RuntimeError('broken')\n",
    )
    project.write("test_it.py", "def test_a():\n    pass\n\ndef test_b():\n    pass\n")
    leg = project.measure("-n", "2")
    assert "RuntimeError: broken" in leg.output
    # Which of the two it is depends on what the other worker has been given by then.
    stopped, went_on = (
        "pytest stopped at an internal error",
        "pytest ended early: there was an internal error, which its output shows",
    )
    assert leg.stamp.reasons == (stopped if leg.code == 3 else went_on,)


def test_a_program_can_be_terminated_before_it_is_one(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "test_it.py",
        "import os\nfrom multiprocessing import util\nimport pkg\n\n"
        "def test_it():\n"
        "    for _ in range(200):\n"
        "        child = util.spawnv_passfds(b'/bin/sleep', ['sleep', '5'], [])\n"
        "        os.kill(child, 15)\n"
        "        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 15\n",
    )
    leg = project.measure()
    assert (leg.code, leg.stamp.reasons) == (0, ()), leg.output


def test_a_program_that_a_thread_terminates_too_soon_does_not_end_its_parent(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "test_it.py",
        "import os, threading\nfrom multiprocessing import util\nimport pkg\n\n"
        "def start():\n"
        "    children = []\n"
        "    for _ in range(100):\n"
        "        children.append(util.spawnv_passfds(b'/bin/sleep', ['sleep', '3'], []))\n"
        "        os.kill(children[-1], 15)\n"
        "    for child in children:\n"
        "        os.waitpid(child, 0)\n\n"
        "def test_it():\n"
        "    thread = threading.Thread(target=start)\n"
        "    thread.start()\n"
        "    thread.join()\n",
    )
    leg = project.measure()
    assert (leg.code, leg.stamp.reasons) == (0, ()), leg.output


def test_a_killed_process_has_lost_nothing_that_it_ran(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", "def f():\n    return 1\n")
    project.write(
        "test_it.py",
        """
        import os, pkg

        def test_it():
            if os.fork() == 0:
                pkg.f()
                os.kill(os.getpid(), 9)
            os.wait()
        """,
    )
    leg = project.measure()
    assert (leg.stamp.processes.killed, len(leg.stamp.killed)) == (1, 1)
    assert (leg.ran("pkg/__init__.py"), leg.stamp.reasons) == ([1, 2], ())


SERVER = """
    import sys, time
    while True:
        time.sleep(0.01)
        print("ready", flush=True)
    """
#: How suites kill what they start, given `child`, a program that is ready.
KILLS = {
    "Popen.kill": "child.kill()",
    "os.kill": "os.kill(child.pid, signal.SIGKILL)",
    "kill(1)": "subprocess.run(['kill', str(child.pid)], check=True)",
    "kill(1) of a shell": "os.system(f'kill -9 {child.pid}')",
    "a descriptor of the process": "signal.pidfd_send_signal(os.pidfd_open(child.pid), signal.SIGTERM)",
    "a terminal that closes": "child.send_signal(signal.SIGHUP)",
    "nobody waits": "child.kill(); return",
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_child_that_is_killed_on_purpose_costs_a_leg_no_line(matrix_project: Project, kill: str) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", "")
    project.write("pkg/server.py", SERVER)
    project.write(
        "test_it.py",
        f"""
        import os, signal, subprocess, sys

        def test_it():
            child = subprocess.Popen([sys.executable, "-m", "pkg.server"], stdout=subprocess.PIPE)
            assert child.stdout.readline() == b"ready\\n"
            {KILLS[kill]}
            child.wait(60)
        """,
    )
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/server.py") == []
    assert leg.stamp.reasons == ()
    assert leg.stamp.processes.killed == 1
    (listed,) = leg.stamp.killed
    assert listed.endswith(" -m pkg.server, started by test_it.py::test_it")


def test_a_child_that_a_time_limit_kills_costs_a_leg_no_line(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", "")
    project.write(
        "test_it.py",
        """
        import subprocess, sys
        import pytest

        def test_it():
            with pytest.raises(subprocess.TimeoutExpired):
                subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=1)
        """,
    )
    leg = project.measure()
    assert (leg.code, leg.stamp.reasons) == (0, ()), leg.output


def test_a_child_that_still_runs_when_the_leg_ends_is_named(project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write(
        "test_it.py",
        """
        import subprocess, sys
        def test_it():
            quiet = dict(stdin=-3, stdout=-3, stderr=-3)
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10)"], **quiet)
        """,
    )
    (reason,) = project.measure().stamp.reasons
    assert ", started by test_it.py::test_it still ran when the leg ended: " in reason
