"""Lines that run in other processes of the leg are the leg's lines."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from leg import COLLECTOR, Project
from pythons import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from environments import Environments
    from leg import Leg

MODULE = """
    def work(number):
        if number:
            return number
        return None
    """
MAIN = """
    import os, sys
    from pkg import work
    if __name__ == "__main__":
        work(1)
        if "kill" in sys.argv:
            os.kill(os.getpid(), 9)
    """
#: All but `return None`.
RAN = [1, 2, 3]


def measure(project: Project, test: str, *arguments: str, **changes: object) -> Leg:
    project.write("pkg/__init__.py", MODULE)
    project.write("pkg/__main__.py", MAIN)
    project.write("test_it.py", test)
    return project.measure(*arguments, **changes)


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run([sys.executable, '-m', 'pkg'], check=True)",
        "subprocess.run([sys.executable, '-m', 'pkg'], check=True, preexec_fn=lambda: None)",
        "subprocess.run(sys.executable + ' -m pkg', shell=True, check=True)",
        """subprocess.run(
        [sys.executable, '-c', 'from pkg import work; work(1)'],
        cwd='/', check=True, env={**os.environ, 'PYTHONPATH': os.getcwd()})""",
        "os.waitpid(os.fork() or os.execv(sys.executable, [sys.executable, '-m', 'pkg']), 0)",
    ],
    ids=["dash m", "preexec_fn", "shell", "cwd elsewhere", "fork and exec"],
)
def test_a_python_that_a_test_starts_is_measured(matrix_project: Project, call: str) -> None:
    leg = measure(matrix_project, f"import os, subprocess, sys\ndef test_it():\n    {call}\n")
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.reasons == ()


def test_a_child_that_warns_of_everything_has_nothing_to_say(matrix_project: Project) -> None:
    leg = measure(
        matrix_project,
        """
        import subprocess, sys
        def test_it():
            argv = [sys.executable, "-X", "dev", "-W", "error", "-m", "pkg"]
            done = subprocess.run(argv, capture_output=True, text=True, check=True)
            assert (done.stdout, done.stderr) == ("", "")
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN


@pytest.mark.parametrize("options", ["", "-X dev -W ignore", "-Es"])
@pytest.mark.parametrize("script", ["pkg/script.py", "{cwd}/pkg/script.py"])
def test_a_script_that_a_test_starts_is_measured(matrix_project: Project, script: str, options: str) -> None:
    matrix_project.write(
        "pkg/script.py",
        """
        import os
        os.chdir("/")
        def called(number):
            if number:
                return 1
            return 2
        called(1)
        """,
    )
    argv = f"[sys.executable, *{options.split()!r}, f{script!r}]"
    leg = measure(
        matrix_project,
        f"import os, subprocess, sys\ncwd = os.getcwd()\ndef test_it():\n    subprocess.run({argv}, check=True)\n",
    )
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/script.py") == [6]
    assert leg.measured.files["pkg/script.py"].branches == frozenset()
    assert "its branches are not" in leg.stamp.unbranched["pkg/script.py"]


def test_a_script_whose_branches_an_import_measured_has_them(project: Project) -> None:
    project.write("pkg/script.py", "import os\nif os.sep:\n    X = 1\n")
    leg = measure(
        project,
        "import subprocess, sys\nimport pkg.script\ndef test_it():\n"
        "    subprocess.run([sys.executable, 'pkg/script.py'], check=True)\n",
    )
    assert leg.measured.files["pkg/script.py"].taken == {(2, 3)}
    assert leg.stamp.unbranched == {}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("end", ["close", "terminate"])
def test_a_pool_of_processes_is_measured(matrix_project: Project, method: str, end: str) -> None:
    leg = measure(
        matrix_project,
        f"""
        import multiprocessing, warnings
        import pkg

        def test_it():
            warnings.simplefilter("ignore")
            pool = multiprocessing.get_context("{method}").Pool(2)
            assert pool.map(pkg.work, [1, 2, 3]) == [1, 2, 3]
            pool.{end}()
            pool.join()
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.reasons == ()


def test_an_executor_of_processes_is_measured(project: Project) -> None:
    leg = measure(
        project,
        """
        from concurrent.futures import ProcessPoolExecutor
        import multiprocessing
        import pkg

        def test_it():
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                assert pool.submit(pkg.work, 1).result() == 1
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "worksteal", "each"])
def test_workers_of_xdist_are_measured(project: Project, dist: str) -> None:
    leg = measure(
        project,
        "import pkg, pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_it(n):\n    assert pkg.work(n) == n\n",
        *("-n", "2", "--dist", dist),
    )
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.processes.started == leg.stamp.processes.reported == 3
    assert leg.stamp.counts["passed"] == (4 if dist == "each" else 2)


def test_a_plugin_is_measured_in_the_workers_that_load_it(matrix_project: Project) -> None:
    matrix_project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    matrix_project.write(
        "pkg/plugin.py", "import pytest\n\n@pytest.fixture\ndef one():\n    if pytest:\n        return 1\n"
    )
    test = "import pkg\ndef test_it(one):\n    assert pkg.work(one) == 1\n"
    leg = measure(matrix_project, test, "-n", "2", "-p", "pkg.plugin")
    assert leg.code == 0, leg.output
    # What the plugin brings along is imported before a worker has a session.
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.measured.files["pkg/__init__.py"].taken == {(2, 3)}
    assert leg.missed("pkg/plugin.py") == []
    assert leg.measured.files["pkg/plugin.py"].taken == {(5, 6)}


def test_a_worker_that_is_killed_is_counted_and_the_others_keep_their_lines(project: Project) -> None:
    leg = measure(
        project,
        """
        import os, signal
        import pkg

        def test_dies():
            os.kill(os.getpid(), signal.SIGKILL)

        def test_works():
            assert pkg.work(1) == 1
        """,
        *("-n", "1"),
    )
    assert leg.code == 1
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.reasons == ()
    assert leg.stamp.processes.killed == 1


def test_a_killed_child_is_named_with_its_command_line_and_its_test(project: Project) -> None:
    leg = measure(
        project,
        "import subprocess, sys\ndef test_it():\n    subprocess.run([sys.executable, '-m', 'pkg', 'kill'])\n",
    )
    assert leg.code == 0, leg.output
    (listed,) = leg.stamp.killed
    assert listed.endswith("-m pkg kill, started by test_it.py::test_it")
    assert leg.stamp.reasons == ()


def test_a_forked_child_that_is_killed_is_named(project: Project) -> None:
    leg = measure(
        project,
        """
        import os, signal
        def test_it():
            child = os.fork()
            if child == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(child, 0)
        """,
    )
    (listed,) = leg.stamp.killed
    assert listed.endswith(", started by test_it.py::test_it")


def test_a_child_may_outlive_pytest_by_a_little(project: Project) -> None:
    leg = measure(
        project,
        """
        import subprocess, sys
        def test_it():
            code = "import time; time.sleep(1); import pkg; pkg.work(1)"
            subprocess.Popen([sys.executable, "-c", code], stdout=-3, stderr=-3)
        """,
    )
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.complete


def test_children_can_be_left_out(project: Project) -> None:
    leg = measure(
        project,
        "import subprocess, sys\ndef test_it():\n    subprocess.run([sys.executable, '-m', 'pkg'], check=True)\n",
        subprocess=False,
    )
    assert leg.ran("pkg/__init__.py") == []
    assert leg.stamp.processes.started == 1


def test_workers_are_measured_where_children_are_left_out(project: Project) -> None:
    test = (
        "import subprocess, sys, pkg\n"
        "def test_it():\n"
        "    assert pkg.work(1)\n"
        "    subprocess.run([sys.executable, '-m', 'pkg'], check=True)\n"
    )
    leg = measure(project, test, "-n", "2", subprocess=False)
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.ran("pkg/__main__.py") == []
    assert leg.stamp.reasons == ()
    assert leg.stamp.processes.started == 3


def test_a_leg_that_a_test_runs_is_no_part_of_the_leg_around_it(project: Project) -> None:
    inner = type(project)(project.root / "inner", project.python)
    inner.write("pkg/__init__.py", "X = 1\n")
    inner.write("test_inner.py", "import pkg\ndef test(): pass\n")
    command = inner.command(inner.plan())
    leg = measure(
        project,
        f"import subprocess\ndef test_it():\n    subprocess.run({command!r}, cwd='inner', check=True)\n",
        *("--ignore", "inner"),
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.processes.started == leg.stamp.processes.reported


def test_a_process_whose_measurement_cannot_begin_runs_and_is_named(project: Project) -> None:
    leg = measure(
        project,
        """
        import os, pathlib, subprocess, sys
        def test_it():
            plan = pathlib.Path(os.environ["_COVLANE_LEG"])
            text = plan.read_text()
            plan.write_text("{")
            done = subprocess.run([sys.executable, "-c", "print('ran')"], capture_output=True, text=True)
            plan.write_text(text)
            assert (done.stdout, done.stderr, done.returncode) == ("ran\\n", "", 0)
        """,
    )
    assert leg.code == 0, leg.output
    assert "could not be measured whole (" in leg.stamp.reasons[0]


def test_a_forked_child_that_is_terminated_at_once_ends(matrix_project: Project) -> None:
    leg = measure(
        matrix_project,
        """
        import os, signal, warnings

        def test_it():
            warnings.simplefilter("ignore")
            # On one processor the parent goes on first, so that the signal is there before the child is.
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            for _ in range(20):
                child = os.fork()
                if child == 0:
                    signal.alarm(20)  # of a signal that is forgotten
                    signal.pause()
                os.kill(child, signal.SIGTERM)
                assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()
    processes = leg.stamp.processes
    assert processes.started == processes.reported + processes.killed


def test_a_child_that_is_terminated_in_the_midst_of_its_work_ends_by_that(matrix_project: Project) -> None:
    leg = measure(
        matrix_project,
        """
        import os, signal, sys, time, warnings
        import pkg, pytest

        def numbers(end):
            return {end: list(same(one) for one in range(end))}

        def same(one):
            return one

        @pytest.mark.skipif(sys.version_info[:2] == (3, 11), reason="one in thousands crashes: docs/upstream.md")
        def test_it():
            warnings.simplefilter("ignore")
            for turn in range(200):
                child = os.fork()
                while child == 0:
                    [numbers(end) for end in range(50)]
                time.sleep(0.01 + turn % 10 / 5000)
                os.kill(child, signal.SIGTERM)
                assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()


TERMINATED = {
    "its group": "os.killpg(child.pid, 15); child.wait()",
    "its group, as a number below 0": "os.kill(-child.pid, 15); child.wait()",
    "nobody waits": "child.terminate()",
    "by itself": "child.stdin.write(b'x'); child.stdin.close(); child.wait()",
}


@pytest.mark.parametrize("end", TERMINATED.values(), ids=TERMINATED)
def test_who_is_terminated_is_not_taken_for_one_that_crashed(matrix_project: Project, end: str) -> None:
    matrix_project.write(
        "pkg/child.py",
        """
        import signal, sys
        print(flush=True)
        sys.stdin.read(1)
        signal.raise_signal(15)
        """,
    )
    leg = measure(
        matrix_project,
        f"""
        import os, subprocess, sys
        argv = [sys.executable, "-m", "pkg.child"]
        def test_it():
            child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
            child.stdout.readline()
            {end}
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()
    assert {1, 2} <= set(leg.ran("pkg/child.py"))


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("own", "child"), [(ASCII, "{}"), ({}, f"{{**os.environ, **{ASCII}}}")], ids=["leg", "child"]
)
def test_paths_that_the_locale_cannot_spell_cost_no_line(
    tmp_path: Path,
    environments: Environments,
    own: dict[str, str],
    child: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of the collector and of the project, where a leg and a child of it spell them in two ways."""
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    project = Project(tmp_path / "\N{SNOWMAN}" / "project", environments.leg(HOST))
    project.write("pkg/__init__.py", MODULE)
    project.write("pkg/\u00fc.py", "# -*- coding: latin-1 -*-\nX = '\u00fc'\n".encode("latin-1"))
    project.write(
        "test_it.py",
        f"""
        import os, subprocess, sys
        import pkg
        def test():
            pkg.work(1)
            subprocess.run([sys.executable, "-c", "import pkg; pkg.work(0)"], check=True, env={child})
        """,
    )
    argv = project.command(project.plan(canary=True))
    argv[1] = str(shutil.copytree(COLLECTOR, tmp_path / "\N{SNOWMAN}" / "collector"))
    subprocess.run(argv, cwd=project.root, check=True)
    leg = project.read()
    assert leg.missed("pkg/__init__.py") == []
    assert leg.missed("pkg/\u00fc.py") == [2]
    assert (leg.stamp.self_check, leg.stamp.reasons) == ("passed", ())


OPTIONS = ["-I", "-E", "-s", "-O", "-OO", "-B", "-u", "-Wdefault", "-Xdev", "-bb"]


def test_a_python_with_options_that_shut_the_environment_out_is_measured(matrix_project: Project) -> None:
    functions = "".join(f"def f{number}(): return (\n    {number})\n" for number, _ in enumerate(OPTIONS))
    matrix_project.write("pkg/options.py", functions)
    leg = measure(
        matrix_project,
        f"""
        import os, subprocess, sys
        import pytest
        @pytest.mark.parametrize("number, option", enumerate({OPTIONS}))
        def test_it(number, option):
            code = f"import sys; sys.path.insert(0, {{os.getcwd()!r}}); from pkg.options import f{{number}}; f{{number}}()"
            subprocess.run([sys.executable, option, "-c", code], check=True)
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()
    assert leg.ran("pkg/options.py") == list(range(1, 2 * len(OPTIONS) + 1))


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run([sys.executable, *rest])",
        "subprocess.run([name, *rest])",
        "subprocess.run(['anything', *rest], executable=sys.executable)",
        "subprocess.run([sys.executable, *rest], close_fds=False)",
        "subprocess.run([sys.executable, *rest], preexec_fn=os.getpid)",
        "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, *rest], os.environ), 0)",
        "os.waitpid(os.posix_spawnp(name, [name, *rest], os.environ), 0)",
        "os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *rest])",
        "os.waitpid(os.fork() or os.execvp(name, [name, *rest]), 0)",
        "subprocess.run([sys.executable, '-c', f'import os; os.execv({sys.executable!r}, {[name, *rest]!r})'])",
    ],
    ids=[
        "run",
        "PATH",
        "executable",
        "spawn",
        "preexec",
        "posix_spawn",
        "posix_spawnp",
        "spawnv",
        "fork",
        "exec",
    ],
)
def test_a_python_that_no_leg_can_reach_is_named(project: Project, call: str) -> None:
    leg = measure(
        project,
        f"""
        import os, subprocess, sys
        import pytest
        pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
        name = os.path.basename(sys.executable)
        rest = ["-S", "-c", "import pkg; pkg.work(1)"]
        def test_it():
            {call}
        """,
    )
    assert leg.code == 0, leg.output
    (reason,) = leg.stamp.reasons
    said = r"python -S skips the leg's \.pth file and was not measured, started by test_it\.py::test_it: \S+ -S -c 'import pkg"
    assert re.match(said, reason)
    assert leg.ran("pkg/__init__.py") == []


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run([base, '-S', '-c', 'pass'])",
        "subprocess.run(['/bin/echo', '-S'])",
        "subprocess.run(['no-such-python', '-S'])",
        "subprocess.run(['python', '-S'], executable='/bin/true')",
    ],
    ids=["another environment", "no Python", "nothing", "another program"],
)
def test_what_is_not_this_environments_python_is_not_named(project: Project, call: str) -> None:
    leg = measure(
        project,
        f"""
        import contextlib, os, subprocess, sys
        base = os.path.realpath(sys.executable)
        assert os.path.dirname(base) != os.path.dirname(sys.executable)
        def test_it():
            with contextlib.suppress(FileNotFoundError):
                {call}
        """,
    )
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()


def test_where_children_are_left_out_none_of_them_is_named(project: Project) -> None:
    test = (
        "import subprocess, sys\ndef test_it():\n    subprocess.run([sys.executable, '-S', '-c', 'pass'])\n"
    )
    assert measure(project, test, subprocess=False).stamp.reasons == ()
