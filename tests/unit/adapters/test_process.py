"""Child processes get what they are given and nothing else."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from covlane.adapters.process import Finished, run
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
