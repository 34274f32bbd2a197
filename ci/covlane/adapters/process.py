"""Child processes: an argument list, a time limit, no shell."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - this module is its owner
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

#: Seconds to wait for the last lines of a finished program, whose children may keep the pipe open.
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class Finished:
    """The result of a child process: its exit code (negative for a signal) and its decoded output."""

    code: int
    stdout: str
    stderr: str


def output(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float = 600,
) -> tuple[int, bytes, str]:
    """Run a program as `run` does, and return its exit code, its output as it is, and its errors decoded.

    Raises:
        ToolError: as `run`.
    """
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            argv, cwd=cwd, env=dict(environ), input=stdin, capture_output=True, timeout=timeout, check=False
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _failure(argv, error) from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "backslashreplace")


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout: float = 60,
) -> Finished:
    """Run a program to its end; `environ` is all the environment that it gets, `timeout` is in seconds.

    Raises:
        ToolError: the program does not exist, cannot start, or did not end in time.
    """
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            argv,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _failure(argv, error) from None
    return Finished(done.returncode, done.stdout, done.stderr)


def stream(
    argv: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout: float | None,
    line: Callable[[str], None],
) -> Finished:
    """Run a program as `run` does, and hand each line of its output and errors to `line` as it comes.

    A SIGTERM that reaches us is passed on to the program, and is ours again when that has ended.

    Raises:
        ToolError: as `run`.
    """
    seen: list[str] = []

    def read() -> None:
        with child.stdout as output:  # type: ignore[union-attr] # PIPE
            for text in output:
                seen.append(text)
                line(text.rstrip("\n"))

    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            argv,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        raise _failure(argv, error) from None
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with _passed_on(child):
        try:
            code = child.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise _failure(argv, error) from None
        finally:
            child.kill()
            child.wait()
            reader.join(_LAST_LINES)
    return Finished(code, "".join(seen), "")


@contextmanager
def _passed_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """Pass SIGTERM on to a child; only the main thread can handle signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        came.append(number)
        child.terminate()

    former = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
        if came:
            signal.raise_signal(signal.SIGTERM)


def _failure(argv: Sequence[str], error: subprocess.TimeoutExpired | OSError) -> ToolError:
    if isinstance(error, OSError):
        return ToolError(f"{argv[0]} cannot be run: {error.strerror}", "install it and put it on PATH")
    return ToolError(
        f"{argv[0]} did not end within {error.timeout:g} seconds", "run it by hand to see what it waits for"
    )
