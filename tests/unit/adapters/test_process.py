"""Child processes get what they are given and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from covlane.adapters.process import Finished, run, stream
from covlane.errors import ToolError


def python(code: str, *arguments: str, timeout: float = 60, **environ: str) -> Finished:
    return run([sys.executable, "-c", code, *arguments], cwd=Path.cwd(), environ=environ, timeout=timeout)


def test_output_and_errors_come_apart() -> None:
    assert python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)") == Finished(
        3, "out\n", "err\n"
    )


def test_a_signal_is_a_negative_code() -> None:
    done = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.code == -signal.SIGKILL


@pytest.mark.parametrize("argument", ["", "a b", "$HOME", "; exit 4", "*", "a\nb", "'\""])
def test_an_argument_is_passed_as_it_is(argument: str) -> None:
    assert python("import sys; print(repr(sys.argv[1]))", argument).stdout == f"{argument!r}\n"


def test_a_child_sees_the_environment_that_it_is_given() -> None:
    assert python("import os; print(os.environ['GIVEN'])", GIVEN="yes").stdout == "yes\n"


def test_a_child_does_not_see_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVLANE_TRIAL", "1")
    assert python("import os; print('COVLANE_TRIAL' in os.environ)").stdout == "False\n"


def test_a_child_runs_in_the_folder_that_it_is_given(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", "import os; print(os.getcwd())"], cwd=tmp_path, environ={})
    assert Path(done.stdout.strip()) == tmp_path.resolve()


def test_a_child_has_nothing_to_read() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_output_that_is_no_utf_8_is_shown() -> None:
    assert python(r"import sys; sys.stdout.buffer.write(b'a\xff')").stdout == r"a\xff"


def test_much_output_does_not_block_a_child() -> None:
    done = python("import sys; sys.stderr.write('e' * 10**6); sys.stdout.write('o' * 10**6)")
    assert (len(done.stdout), len(done.stderr)) == (10**6, 10**6)


def test_a_child_that_does_not_end_is_stopped_and_named() -> None:
    with pytest.raises(ToolError, match=r"did not end within 0\.5 seconds") as caught:
        python("import time; time.sleep(600)", timeout=0.5)
    assert caught.value.exit_code == 6


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no-such-program cannot be run: No such file") as caught:
        run(["no-such-program"], cwd=tmp_path, environ={})
    assert caught.value.exit_code == 6


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program", "utf-8")
    with pytest.raises(ToolError, match="text cannot be run: Permission denied"):
        run([str(tmp_path / "text")], cwd=tmp_path, environ={})


# --- Streamed -----------------------------------------------------------------------------------------------


def heard(code: str, *, timeout: float | None = 60) -> tuple[Finished, list[str]]:
    lines: list[str] = []
    argv = [sys.executable, "-c", code]
    return stream(argv, cwd=Path.cwd(), environ={}, timeout=timeout, line=lines.append), lines


def test_each_line_is_heard_and_kept() -> None:
    code = r"import sys; print('out', flush=True); sys.stderr.write('err\nlast'); sys.exit(3)"
    assert heard(code) == (Finished(3, "out\nerr\nlast", ""), ["out", "err", "last"])


def test_a_line_is_heard_while_the_program_runs(tmp_path: Path) -> None:
    """The program waits for a file that only the hearer of its first line writes."""
    go = tmp_path / "go"
    code = (
        f"import os, time\nprint('go?', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    )
    argv = [sys.executable, "-c", code]
    done = stream(argv, cwd=tmp_path, environ={}, timeout=60, line=lambda _: go.touch())
    assert done == Finished(0, "go?\n", "")


def test_a_streamed_program_that_does_not_end_is_stopped_and_named() -> None:
    with pytest.raises(ToolError, match=r"did not end within 0\.5 seconds"):
        heard("import time; time.sleep(600)", timeout=0.5)


def test_a_streamed_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no-such-program cannot be run: No such file"):
        stream(["no-such-program"], cwd=tmp_path, environ={}, timeout=1, line=print)


def test_a_program_has_ended_although_what_it_left_running_holds_its_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("covlane.adapters.process._LAST_LINES", 0.1)
    left = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    done, lines = heard(left)
    assert done.code == 0
    os.kill(int(lines[0]), signal.SIGKILL)


def test_sigterm_reaches_the_program_and_then_us(tmp_path: Path) -> None:
    """In a process of its own, as it ends that: the program notes the signal before it obeys."""
    note = tmp_path / "note"
    program = tmp_path / "program.py"
    program.write_text(
        "import os, pathlib, signal, sys, time\n"
        f"def obey(*_): pathlib.Path({str(note)!r}).write_text('told'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, obey)\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(600)\n"
    )
    caller = (
        "import pathlib, sys\n"
        "from covlane.adapters.process import stream\n"
        f"stream([sys.executable, {str(program)!r}], cwd=pathlib.Path(), environ={{}}, timeout=60, line=print)\n"
        "print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", caller], capture_output=True, text=True, check=False)
    assert note.read_text() == "told"
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")
