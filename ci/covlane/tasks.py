"""invoke: one thin function per task; errors become a message and an exit code here and nowhere else."""

from __future__ import annotations

import functools
import io
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from covlane.errors import CovlaneError, ReportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from invoke.context import Context

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.connections.online import Online
    from covlane.result import Result

__all__ = [
    "affected",
    "annotate",
    "baseline",
    "check",
    "comment",
    "doctor",
    "gate",
    "init",
    "install_cs_coverage",
    "matrix",
    "merge",
    "next_",
    "patch",
    "rehearse",
    "report",
    "settings",
    "upload",
    "what",
    "who",
    "why",
]
MARKERS = ("noxfile.py", "pyproject.toml", "setup.py", "setup.cfg", ".git")


def _task(**options: str) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function; `options` are the help texts of its flags.

    `file` may be given several times; `action`, `where` and `test` are given without a flag.
    """

    def make(function: Callable[..., None]) -> Task[Any]:
        @functools.wraps(function)
        def wrapped(*arguments: Any, **flags: Any) -> None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                # What the stream's encoding has no letters for is shown escaped, as on stderr.
                sys.stdout.reconfigure(errors="backslashreplace")
            try:
                function(*arguments, **flags)
                sys.stdout.flush()
            except CovlaneError as error:
                raise Exit(f"covlane: {_printable(str(error))}{_again()}", code=error.exit_code) from None
            except BrokenPipeError:
                raise Exit(code=1) from None
            except OSError as error:  # a full disk behind our output, a file of the runner that is not there
                cause = f"{error.filename or 'the output'} cannot be used: {error.strerror or error}"
                remedy = "free disk space, or check that it is there and its permissions"
                message = f"covlane: {_printable(cause)}\n  -> {remedy}{_again()}"
                raise Exit(message, code=ReportError.exit_code) from None

        help_ = {name.replace("_", "-"): text for name, text in options.items()}
        iterable = [name for name in options if name == "file"]
        named = [name for name in options if name in {"action", "where", "test"}]
        name = function.__name__.removesuffix("_")  # of a builtin
        return cast("Task[Any]", task(wrapped, name=name, help=help_, iterable=iterable, positional=named))

    return make


def _again() -> str:
    """Return the command for the last line of a red job, so that nobody has to look for it; "" outside of CI."""
    from covlane.adapters.environment import in_ci
    from covlane.config import checkout

    if not in_ci(_environ()):
        return ""
    return f"\nagain: {checkout.change_to(Path.cwd())}covlane {shlex.join(sys.argv[1:])}"


def _printable(text: str) -> str:
    """Return lines with their control characters escaped."""
    from covlane.render.words import printable

    return "\n".join(map(printable, text.split("\n")))


def _environ() -> Mapping[str, str]:
    from covlane.adapters.environment import environment

    return environment()


def _configured(overrides: Mapping[str, str] | None = None) -> Configured:
    from covlane.config.settings import load

    here = Path.cwd()
    roots = (path for path in (here, *here.parents) if any((path / marker).exists() for marker in MARKERS))
    return load(next(roots, here), {**_environ(), **(overrides or {})})


def _local(configured: Configured, folder: Path | None = None) -> Local:
    from covlane.connections import local
    from covlane.result import say

    return local.connect(configured, _environ(), say, folder)


def _online(configured: Configured) -> AbstractContextManager[Online]:
    from covlane.connections import online
    from covlane.result import say

    return online.connect(configured, _environ(), say)


def _finish(result: Result, *, json: bool = False) -> None:
    """Print a result and end with its error or exit code, if it has one."""
    from covlane.connections.local import without_colour
    from covlane.result import write

    write(result, json=json, plain=without_colour(_environ()))
    if result.error:
        raise result.error
    if result.exit_code:
        raise Exit(_again().lstrip() or None, code=result.exit_code)


@_task(
    diff="show the changes and write nothing",
    force="overwrite a workflow that init did not write or that was changed",
    codescene="have the workflow upload the default branch's reports to CodeScene (codescene.upload = true)",
    check="only compare the workflows with the settings; exits 2 with the difference if they are out of date",
)
def init(
    _context: Context,
    diff: bool = False,
    force: bool = False,
    codescene: bool = False,
    check: bool = False,
) -> None:
    """Write noxfile.py, tasks.py and the workflow, or add to those that exist.

    Example: covlane init --diff
    """
    from covlane.commands import init as command

    configured = _configured()
    clients = _local(configured, configured.top)
    if check:
        _finish(command.check(configured, clients))
    else:
        _finish(
            command.run(configured, clients, _configured, show_only=diff, force=force, codescene=codescene)
        )


@_task(
    lock="install this build (40 hex digits, or the number of a known one) and write it into cs-coverage.lock",
    installer_script="run CodeScene's own installer instead; what it installs is neither pinned nor checked",
    if_used="do nothing unless uploads use cs-coverage",
)
def install_cs_coverage(
    _context: Context, lock: str | None = None, installer_script: bool = False, if_used: bool = False
) -> None:
    """Install the pinned cs-coverage for this user; the archive is checked against its hash.

    Example: invoke install-cs-coverage
    """
    from covlane.commands import install_cs_coverage as command

    configured = _configured()
    with _online(configured) as clients:
        _finish(
            command.run(configured, clients, lock=lock, installer_script=installer_script, if_used=if_used)
        )


@_task(json="print a list of objects")
def settings(_context: Context, json: bool = False) -> None:
    """Show each setting with its value and where it comes from.

    Example: invoke settings --json
    """
    from covlane.commands import settings as command

    _finish(command.run(_configured()), json=json)


@_task(
    github_output="also append `matrix=JSON`, and `artifacts=` with the prefix of their names, to the file that GITHUB_OUTPUT names"
)
def matrix(_context: Context, github_output: bool = False) -> None:
    """Print the legs, as nox lists them, as JSON for a CI matrix.

    Example: invoke matrix --github-output
    """
    from covlane.commands import matrix as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), github_output=github_output))


@_task(
    file="another tool's report (Cobertura, LCOV, coverage.py, SlipCover); give it once for each file",
    allow_incomplete="write an incomplete report, and mark every output as such",
)
def merge(_context: Context, file: Sequence[str] | None = None, allow_incomplete: bool = False) -> None:
    """Merge reports/legs, and other tools' reports, into reports/coverage.json.

    Example: invoke merge --file reports/js/lcov.info, or covlane merge reports/js/lcov.info
    """
    from covlane.commands import merge as command

    configured, named = _configured(), [Path(name) for name in file or ()]
    _finish(command.run(configured, _local(configured), named, allow_incomplete=allow_incomplete))


@_task(
    summary="also append it to the file that GITHUB_STEP_SUMMARY names",
    open="show reports/html in a browser",
    sarif="also write what is uncovered as coverage.sarif, for GitHub's code scanning and for editors",
)
def report(
    _context: Context,
    summary: bool = False,
    open: bool = False,  # noqa: A002 - the flag's name
    sarif: bool = False,
) -> None:
    """Write Cobertura, LCOV, coverage.py's formats, summary.md, badge and HTML, and print the table.

    Example: invoke report --open
    """
    from covlane.commands import report as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), summary=summary, open_pages=open, with_sarif=sarif))


@_task(
    base="a revision to judge the changes since; default: the pull request's base, or the default branch",
    json="print the verdict",
    github_output="also append line, branch, patch, verdict and complete to the file that GITHUB_OUTPUT names",
    replay="compute this verdict.json again from the files beside it, and show where it differs",
)
def gate(
    _context: Context,
    *,
    base: str | None = None,
    json: bool = False,
    github_output: bool = False,
    replay: str | None = None,
) -> None:
    """Judge the merged report and the changed code, into reports/verdict.json; exits 4 on fail, 3 on incomplete.

    Example: invoke gate --base origin/main
    """
    from covlane.commands import gate as command

    if replay:
        _finish(command.run_replay(Path(replay), _environ(), github_output=github_output), json=json)
        return
    configured = _configured()
    _finish(command.run(configured, _local(configured), base, github_output=github_output), json=json)


@_task(
    base="a revision to show the changes since; default: the pull request's base, or the default branch",
    json="print the patch coverage, file by file",
)
def patch(_context: Context, *, base: str | None = None, json: bool = False) -> None:
    """Show the changed code and what of it is not covered, including work that is not committed.

    Example: invoke patch --base HEAD~3
    """
    from covlane.commands import patch as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), base), json=json)


@_task(
    base="a revision whose later changes come first; default: the pull request's base, or the default branch",
    most="the number of places to show",
    json="print an object with the files, their lines and functions, and the nearest test files",
)
def next_(_context: Context, *, base: str | None = None, most: int = 20, json: bool = False) -> None:
    """Show where one more test pays most: uncovered changed code, then files that change often.

    Example: covlane next --json
    """
    from covlane.commands import next as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), base, most), json=json)


@_task(
    where="FILE, FILE:LINE, FILE:FIRST-LAST or FILE:FUNCTION",
    json="print an object with the tests, the lines that each runs, and what is not known",
)
def who(_context: Context, where: str, *, json: bool = False) -> None:
    """Show which tests run a file, a line or a function, the most specific first; needs `contexts = true`.

    Example: covlane who src/pkg/core.py:42
    """
    from covlane.commands import who as command

    _finish(command.run(_configured(), where), json=json)


@_task(
    test="the test's name as pytest has it, or a part that no other has",
    json="print an object with the files, their functions, lines and branches",
)
def what(_context: Context, test: str, *, json: bool = False) -> None:
    """Show which files, functions and lines a test runs; needs `contexts = true`.

    Example: covlane what tests/test_core.py::test_start
    """
    from covlane.commands import what as command

    _finish(command.run(_configured(), test), json=json)


@_task(
    base="a commit whose later changes count; default: all changes since the tests ran",
    json="print an object with the tests and the reasons for each",
)
def affected(_context: Context, *, base: str | None = None, json: bool = False) -> None:
    """Print the tests that the changes can affect, for pytest; needs `contexts = true`.

    Example: covlane affected > tests.txt && pytest @tests.txt
    """
    from covlane.commands import affected as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), base), json=json)


@_task(
    test="the test's name as pytest has it, or a part that no other has",
    json="print an object with what the test depends on, and the reasons",
)
def why(_context: Context, test: str, *, json: bool = False) -> None:
    """Show what a test depends on, and why the changes since it ran can affect it; needs `contexts = true`.

    Example: covlane why tests/test_core.py::test_start
    """
    from covlane.commands import why as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), test), json=json)


@_task(
    base="a revision to show the changes since; default: the pull request's base, or the default branch",
    json="print a list of objects, as GitHub's REST API takes them",
)
def annotate(_context: Context, *, base: str | None = None, json: bool = False) -> None:
    """Print the uncovered lines of the changed code as annotations, for a step of a GitHub workflow.

    Example: invoke annotate --base origin/main
    """
    from covlane.commands import annotate as command

    configured = _configured()
    _finish(command.run(configured, _local(configured), base), json=json)


@_task(
    action="`show`, `write`, `accept` or `log`",
    reason="why a drop is wanted, for `accept`",
    last="the number of commits, for `log`",
    force="write on another branch than the default one, or for work that is not committed",
    push="send the notes to the remote, where baselines are notes",
    json="print the counts as an object, or a list of them",
)
def baseline(
    _context: Context,
    action: str,
    *,
    reason: str = "",
    last: int = 20,
    force: bool = False,
    push: bool = False,
    json: bool = False,
) -> None:
    """Record the coverage of the default branch, show it, accept a wanted drop, or show the trend.

    Example: invoke baseline accept --reason "the parser moved to its own package"
    """
    from covlane.commands import baseline as command

    configured = _configured()
    found = command.run(
        configured, _local(configured), action, reason=reason, last=last, force=force, push=push
    )
    _finish(found, json=json)


@_task(
    to="`codescene` or `github` (Code Quality; the token is read from GITHUB_TOKEN)",
    via="`cli`, `rest` or `auto` (the CLI where it is installed, else REST); default: `codescene.via`",
    dry_run="show each request or command, and send nothing",
    resume="send what waits in reports/outbox, and no new report",
    anyway="with --resume: also send uploads of another repository or commit",
    outbox="list what waits in reports/outbox, and send nothing",
    drop="remove the upload with this id (see --outbox), and send nothing",
    analyse="have CodeScene analyse the project afterwards (CS_PROJECT_URL, or codescene.project)",
    allow_incomplete="deliver an incomplete report",
    json="print what was delivered as a list of objects",
)
def upload(
    _context: Context,
    *,
    to: str = "codescene",
    via: str | None = None,
    dry_run: bool = False,
    resume: bool = False,
    anyway: bool = False,
    outbox: bool = False,
    drop: str | None = None,
    analyse: bool = False,
    allow_incomplete: bool = False,
    json: bool = False,
) -> None:
    """Deliver the merged report to CodeScene; the token is read from CS_ACCESS_TOKEN.

    Example: invoke upload --via rest
    """
    from covlane.commands.upload import code_quality, codescene
    from covlane.connections import dry_run as showing
    from covlane.connections import online
    from covlane.errors import UsageError
    from covlane.result import say

    if to not in {"codescene", "github"}:
        raise UsageError(f"unknown destination {to!r}", "pass `--to codescene` or `--to github`")
    if to == "github":
        if any((via, dry_run, resume, anyway, outbox, drop, analyse, allow_incomplete, json)):
            raise UsageError("these options are for CodeScene only", "leave them out with `--to github`")
        configured = _configured()
        with _online(configured) as clients:
            _finish(code_quality.run(configured, clients))
        return
    configured = _configured({"COVLANE_CODESCENE_VIA": via} if via else {})
    beside = functools.partial(say, out=sys.stderr) if json else say
    listing = outbox or drop is not None
    connect = showing.connect if dry_run and not listing else online.connect
    with connect(configured, _environ(), beside) as clients:
        if listing:
            _finish(codescene.listed(configured, clients, drop), json=json)
            return
        done = codescene.run(
            configured,
            clients,
            allow_incomplete=allow_incomplete,
            resume=resume,
            anyway=anyway,
            analyse=analyse,
        )
    _finish(codescene.Uploaded() if dry_run else done, json=json)


@_task(
    pull_request="its number; default: that of the event that the runner works for",
    relayed="comment what the run for a pull request left in reports/relayed, which is treated as untrusted",
)
def comment(_context: Context, *, pull_request: str | None = None, relayed: bool = False) -> None:
    """Create or update the coverage comment on a pull request; the token is read from GITHUB_TOKEN.

    Example: invoke comment --pull-request 12
    """
    from covlane.commands import comment as command

    configured = _configured()
    with _online(configured) as clients:
        if relayed:
            _finish(command.relay(configured, clients))
        else:
            _finish(command.run(configured, clients, pull_request))


@_task()
def check(_context: Context) -> None:
    """Evaluate CodeScene's coverage gates for a pull request, with `cs-coverage check`.

    Example: invoke check
    """
    from covlane.commands import check as command

    configured = _configured({"COVLANE_CODESCENE_VIA": "cli"})
    with _online(configured) as clients:
        _finish(command.run(configured, clients))


@_task(
    fault="how CodeScene fails at first: 503, reset, 401, slow or truncated",
    skip_coverage="use the merged report in the reports folder",
)
def rehearse(_context: Context, fault: str = "", skip_coverage: bool = False) -> None:
    """Run everything from coverage to upload against a CodeScene stand-in on this machine; needs no account.

    Example: invoke rehearse --fault 503
    """
    from covlane.commands import rehearse as command

    with command.codescene(fault) as standin:
        configured = _configured({"COVLANE_CODESCENE_URL": standin.url, "COVLANE_CODESCENE_VIA": "rest"})
        _finish(command.run(configured, _local(configured), standin, skip_coverage=skip_coverage))


@_task(json="print a list of objects")
def doctor(_context: Context, json: bool = False) -> None:
    """Check everything that an upload needs, and change nothing; ends with the exit code of the first ✗.

    Example: invoke doctor
    """
    from covlane.commands import doctor as command
    from covlane.connections import online
    from covlane.result import say

    configured = _configured()
    quiet = functools.partial(say, out=sys.stderr) if json else say
    with online.connect(configured, _environ(), quiet, online.impatient()) as clients:
        _finish(command.run(configured, clients), json=json)


namespace = Collection(
    "covlane",
    init,
    install_cs_coverage,
    settings,
    matrix,
    merge,
    report,
    gate,
    patch,
    next_,
    who,
    what,
    affected,
    why,
    annotate,
    baseline,
    upload,
    check,
    comment,
    rehearse,
    doctor,
)
