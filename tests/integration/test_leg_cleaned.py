"""A child of the suite is measured although its environment was cleaned; nobody else's process ever is."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane.collector.leg import processes
from leg import COLLECTOR

if TYPE_CHECKING:
    from leg import Leg, Project

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")

MODULE = """
    def work(number):
        if number:
            return number
        return None
    """
HEAD = """
import os, subprocess, sys
code = f"import sys; sys.path.insert(0, {os.getcwd()!r}); from pkg import work; work(1)"
python = [sys.executable, "-c", code]
def run(*argv, **options):
    subprocess.run([*argv], env={}, check=True, **options)
def waited(child):
    assert os.waitpid(child, 0)[1] == 0
"""
RAN = [1, 2, 3]


def measure(project: Project, calls: str, *arguments: str) -> Leg:
    project.write("pkg/__init__.py", MODULE)
    project.write("test_it.py", f"{HEAD}\ndef test_it():\n    {calls}\n")
    return project.measure(*arguments)


@pytest.mark.parametrize(
    "call",
    [
        "run(*python)",
        "subprocess.run(python, env={'PATH': os.environ['PATH']}, check=True)",
        "run(*python, cwd='/')",
        "run(sys.executable, '-I', *python[1:])",
        "run('/usr/bin/env', '-i', *python)",
        "run('/bin/sh', '-c', '\"$0\" -c \"$1\"; exit $?', *python[::2])",
        "run(sys.executable, '-c', f'import subprocess; subprocess.run({python!r}, check=True)')",
        "waited(os.posix_spawn(python[0], python, {}))",
        "waited(os.fork() or os.execve(python[0], python, {}))",
    ],
    ids=["none", "PATH", "cwd", "dash I", "env", "shell", "grandchild", "posix_spawn", "fork and exec"],
)
def test_a_child_with_a_cleaned_environment_is_measured(project: Project, call: str) -> None:
    leg = measure(project, call)
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.reasons == ()


def test_that_is_so_on_every_python(matrix_project: Project) -> None:
    leg = measure(matrix_project, "run(*python)")
    assert leg.ran("pkg/__init__.py") == RAN


def test_that_is_so_in_a_worker_and_below_a_fork(project: Project) -> None:
    leg = measure(project, "run(*python)", "-n", "1", "--forked")
    assert leg.ran("pkg/__init__.py") == RAN


def test_the_child_sees_no_variable_of_ours(project: Project) -> None:
    leg = measure(
        project,
        "code = 'import os; assert not [name for name in os.environ if \"COV\" in name]'\n"
        "    run(sys.executable, '-c', code)",
    )
    assert leg.code == 0, leg.output


def test_an_interpreter_of_the_environment_that_no_test_started_is_not_measured(project: Project) -> None:
    """It runs while the leg does, and is below the same shell."""
    project.write("pkg/__init__.py", MODULE)
    ready, done = project.root / "ready", project.root / "done"
    project.write(
        "test_it.py",
        f"""
        import pathlib, time
        def test_it():
            pathlib.Path({str(ready)!r}).touch()
            while not pathlib.Path({str(done)!r}).exists():
                time.sleep(0.01)
        """,
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "_COV"))}
    with subprocess.Popen(project.command(project.plan()), cwd=project.root, env=environ) as leg:
        while not ready.exists() and leg.poll() is None:
            pass
        code = "from pkg import work; work(1)"
        for env in (environ, {}):
            subprocess.run([project.python, "-c", code], cwd=project.root, env=env, check=True)
        done.touch()
        assert leg.wait(60) == 0
    measured = project.read()
    assert measured.ran("pkg/__init__.py") == []
    assert measured.stamp.processes.started == 1


def test_nothing_is_left_when_the_leg_has_ended(project: Project) -> None:
    measure(project, "pass")
    assert (site(project) / "_covlane_leg.pth").exists()
    # Other legs of this environment may be running.
    for entry in (site(project) / processes.RUNNING).glob("*"):
        with contextlib.suppress(FileNotFoundError):
            assert str(project.root) not in entry.read_text("utf-8")


def site(project: Project) -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([project.python, "-c", code], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def test_nothing_is_heard_of_a_leg_that_was_killed_by_a_collector_that_is_gone(
    lone_project: Project, tmp_path: Path
) -> None:
    gone = shutil.copytree(COLLECTOR, tmp_path / "collector")
    lone_project.write("pkg/__init__.py", MODULE)
    lone_project.write(
        "test_it.py", "import os, signal\ndef test_it(): os.kill(os.getppid(), signal.SIGKILL)\n"
    )
    argv = [
        argument.replace(str(COLLECTOR), str(gone)) for argument in lone_project.command(lone_project.plan())
    ]
    subprocess.run(argv, cwd=lone_project.root, check=False, capture_output=True)
    assert str(gone) in (site(lone_project) / "_covlane_leg.pth").read_text("utf-8")
    (site(lone_project) / processes.RUNNING).mkdir(exist_ok=True)
    shutil.rmtree(gone)
    done = subprocess.run([lone_project.python, "-c", "print()"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_process_is_known_by_its_number_and_by_when_it_began(tmp_path: Path) -> None:
    running = tmp_path / "running"
    processes.enter(str(running), "plan", os.getpid())
    code = f"import sys; sys.path.insert(0, {str(Path(processes.__file__).parent)!r}); import processes; print(processes.leg_above({str(running)!r}))"

    def seen() -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert seen() == "plan"
    (running / str(os.getpid())).write_text("1\nplan")
    assert seen() == ""
