"""`cs-coverage upload`: the documented command, its environment, and the meaning of its messages."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from covlane.clients.codescene.submission import CLOUD, Delivered
from covlane.clients.wording import shown
from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from covlane.adapters.process import Finished
    from covlane.clients.codescene.outbox import Waiting

PROGRAM = "cs-coverage"
SECONDS = 300.0

#: Variables that the program inherits: for git, home, locale, proxy and certificates.
_INHERITED = re.compile(
    r"PATH|HOME|XDG_CONFIG_HOME|TMPDIR|LANG(UAGE)?|LC_\w+|SSL_CERT_(FILE|DIR)|(?i:(HTTPS?|ALL|NO)_PROXY)"
)

#: Some versions print this for a report that others read; the exit code may be 0.
UNPARSED = re.compile(r"No matching field found")
#: Messages of cs-coverage (some come with exit code 0), each with cause, filled with the match, and remedy.
_REFUSALS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        UNPARSED,
        "this version of cs-coverage cannot read the report",
        'set codescene.via to "rest", or install another version of cs-coverage',
    ),
    (
        re.compile(r"only analyse the following branches: *\(([^()]*)\)"),
        "the upload is not counted: CodeScene analyses only {0}",
        "upload from a branch that it analyses, or add this one in CodeScene",
    ),
    (
        re.compile(r"does not contains? any records related to the current repo"),
        "CodeScene finds no path of the report in the repository",
        "check that the report's paths and the remote are those of this repository",
    ),
    (
        re.compile(r"Requested metric is not present in coverage data"),
        "CodeScene finds no such metric in the report",
        "measure with `branch = true`, then merge and report again",
    ),
    (re.compile(r"(Usage error:.*)"), "CodeScene refused the upload: {0}", "fix what it names"),
)
_AUTHENTICATION = re.compile(r"(?i)\b40[13]\b|unauthori[sz]ed|forbidden|authenticat|access token")


class Run(Protocol):
    """How a child process is run: `covlane.adapters.process.run`, or a double."""

    def __call__(
        self, argv: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout: float
    ) -> Finished:
        """Run `argv` to its end, for at most `timeout` seconds.

        Raises:
            ToolError: it cannot start, or did not end in time.
        """


class Stream(Protocol):
    """How a child process is run and its output followed: `covlane.adapters.process.stream`, or a double."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float,
        line: Callable[[str], None],
    ) -> Finished:
        """Like `Run`, and pass each line of output to `line` as it arrives."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed upload; `unparsed` if the program itself, not CodeScene, could not read the report."""

    cause: str
    remedy: str
    unparsed: bool = False


def available(environ: Mapping[str, str]) -> bool:
    """Say whether `cs-coverage` is on PATH."""
    return shutil.which(PROGRAM, path=environ.get("PATH", "")) is not None


def send(
    stream: Stream,
    *,
    token: str,
    environ: Mapping[str, str],
    root: Path,
    waiting: Waiting,
    timeout: float,
    say: Callable[[str], None],
) -> Delivered | Refusal:
    """Upload one report from `root`, the top of the checkout, within `timeout` seconds; its output goes to `say`."""
    what = waiting.entry.submission
    argv = [PROGRAM, "upload", "--format", what.format, "--metric", what.metric, str(waiting.report)]
    try:
        done = stream(
            argv,
            cwd=root,
            environ=variables(environ, url=waiting.entry.url, token=token),
            timeout=timeout,
            line=lambda line: say(f"  {PROGRAM}: {shown(line, token=token)}"),
        )
    except ToolError as error:
        return Refusal(error.cause, error.remedy)
    return read(done.code, done.stdout, token=token) or Delivered(
        what.metric, "cli", _last_line(done.stdout, token) or f"{PROGRAM} ended with exit code 0"
    )


def variables(environ: Mapping[str, str], *, url: str, token: str) -> dict[str, str]:
    """Return the program's environment: the few variables it needs, and no secret but the token.

    cs-coverage wants the root of an on-premises CodeScene (`https://HOST`); its API is `https://HOST/api/v2`.
    """
    allowed = {name: value for name, value in environ.items() if _INHERITED.fullmatch(name)}
    allowed |= {"CS_ACCESS_TOKEN": token, "CS_DISABLE_VERSION_CHECK": "1"}
    base = url.rstrip("/")
    return allowed if base == CLOUD else allowed | {"CS_ONPREM_URL": base.removesuffix("/api/v2")}


def read(code: int, output: str, *, token: str) -> Refusal | None:
    """Return why an upload with this exit code and output failed; None if it succeeded.

    The messages are taken from public logs. Exit code 0 alone proves nothing: an upload from a branch that is not
    analysed has it too.
    """
    for pattern, cause, remedy in _REFUSALS:
        if match := pattern.search(output):
            words = [shown(group, token=token) for group in match.groups()]
            return Refusal(cause.format(*words), remedy, unparsed=pattern is UNPARSED)
    if code == 0:
        return None
    if _AUTHENTICATION.search(output):
        return Refusal(
            f"CodeScene does not accept the token: {_last_line(output, token)}",
            "set CS_ACCESS_TOKEN to an unexpired token of this CodeScene that may upload coverage",
        )
    return Refusal(
        f"{PROGRAM} ended with exit code {code}: {_last_line(output, token) or 'no output'}",
        f"run `{PROGRAM} upload` by hand to see more",
    )


def _last_line(output: str, token: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return shown(lines[-1], token=token) if lines else ""
