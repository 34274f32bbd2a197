"""Child processes: an argument list, a time limit, no shell."""

from __future__ import annotations

import subprocess  # noqa: TID251 - this module is its owner
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finished:
    """What a child left: its exit code (negative for a signal) and its decoded output."""

    code: int
    stdout: str
    stderr: str


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
    except subprocess.TimeoutExpired:
        raise ToolError(
            f"{argv[0]} did not end within {timeout:g} seconds", "run it by hand to see what it waits for"
        ) from None
    except OSError as error:
        raise ToolError(
            f"{argv[0]} cannot be run: {error.strerror}", "install it and put it on PATH"
        ) from None
    return Finished(done.returncode, done.stdout, done.stderr)
