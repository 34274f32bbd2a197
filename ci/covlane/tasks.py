"""invoke: one thin function per task; errors become a message and an exit code here and nowhere else."""

from __future__ import annotations

import functools
import io
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from covlane.errors import CovlaneError, ReportError
from covlane.positional import FilesTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from invoke.context import Context

    from covlane.config.settings import Configured

__all__ = [
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
    "patch",
    "rehearse",
    "report",
    "settings",
    "upload",
]
MARKERS = ("noxfile.py", "pyproject.toml", "setup.py", "setup.cfg", ".git")


def _task(klass: type[Task[Any]] = Task, **options: str) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function; `options` are the help texts of its flags; `file` is a list, `action` a word."""

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
        named = [name for name in options if name == "action"]
        return cast("Task[Any]", task(wrapped, klass=klass, help=help_, iterable=iterable, positional=named))

    return make


def _again() -> str:
    """Return the command for the last line of a red job, so that nobody has to look for it; "" outside of CI."""
    from covlane.adapters.environment import in_ci
    from covlane.config import checkout

    if not in_ci(_environ()):
        return ""
    return f"\nagain: {checkout.change_to(Path.cwd())}covlane {shlex.join(sys.argv[1:])}"


def _environ() -> Mapping[str, str]:
    from covlane.adapters.environment import environment

    return environment()


def _configured(overrides: Mapping[str, str] | None = None) -> Configured:
    from covlane.config import settings as sources

    here = Path.cwd()
    roots = (path for path in (here, *here.parents) if any((path / marker).exists() for marker in MARKERS))
    return sources.load(next(roots, here), {**_environ(), **(overrides or {})})


def _print_json(value: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


@_task(json="print a list of objects")
def settings(_context: Context, json: bool = False) -> None:
    """Show each setting with its value and where it comes from.

    Example: invoke settings --json
    """
    from covlane.config import settings as sources

    configured = _configured()
    rows = []
    for key in sources.keys():  # noqa: SIM118 - a module's function
        value: Any = configured.settings
        for part in key.name.split("."):
            value = getattr(value, part.replace("-", "_"))
        rows.append(
            {
                "key": key.name,
                "value": value,
                "origin": configured.origins[key.name],
                "variable": key.variable,
            }
        )
    if json:
        _print_json(rows)
        return
    import msgspec
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from covlane.model.rules import questions

    table = Table("Key", "Value", "Origin", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(
            row["key"], escape(msgspec.json.encode(row["value"]).decode()), escape(str(row["origin"]))
        )
    Console(highlight=False, no_color="NO_COLOR" in _environ()).print(table)
    for question in questions(configured.settings.gate):
        _say(sys.stderr, f"note: {question}")


@_task(
    github_output="also append `matrix=JSON`, and `artifacts=` with what begins their names, to the file that GITHUB_OUTPUT names"
)
def matrix(_context: Context, github_output: bool = False) -> None:
    """Print the legs, as nox lists them, as JSON for a CI matrix.

    Example: invoke matrix --github-output
    """
    import msgspec

    from covlane.config import checkout
    from covlane.config.settings import leg_name
    from covlane.workspace import sessions

    configured = _configured()
    listed = sessions.listed_sessions(configured, _environ())
    github = configured.settings.github
    systems = github.systems
    legs = [
        {
            "leg": leg_name(session, system),
            "session": session,
            "python": python,
            "runner": systems.get(system, github.runner),
        }
        for session, python in listed
        for system in systems or ("",)
    ]
    text = msgspec.json.encode({"include": legs}).decode()
    if github_output:
        begins = checkout.artifacts(configured.folder)
        _append_for_github("GITHUB_OUTPUT", f"matrix={text}\nartifacts={begins}\n")
    sys.stdout.write(text + "\n")


@_task(
    FilesTask,
    file="another tool's report (Cobertura, LCOV, coverage.py, SlipCover); `--file` may be left out",
    allow_incomplete="write a report that lacks something, and mark every output",
)
def merge(_context: Context, file: Sequence[str] | None = None, allow_incomplete: bool = False) -> None:
    """Merge reports/legs, and other tools' reports, into reports/coverage.json.

    Example: invoke merge reports/js/lcov.info
    """
    from covlane.adapters.git import Git
    from covlane.commands import merge as lane
    from covlane.render import words
    from covlane.render.progress import bar
    from covlane.workspace import reports

    configured, environ = _configured(), _environ()
    git, named = Git(configured.root, environ), [Path(name) for name in file or ()]
    durations: dict[str, float] = {}
    with (
        reports.lock(configured.reports),
        bar("reports", sys.stderr, plain=_plain(environ), pieces=True) as seen,
    ):
        merged = lane.merge_legs(
            configured, git, named, allow_incomplete=allow_incomplete, durations=durations, seen=seen
        )
        if durations and not merged.incomplete:
            lane.keep_durations(configured, durations)
    for note in merged.notes:
        sys.stdout.write(f"note: {words.printable(note)}\n")
    sys.stdout.write(f"{words.headline(merged)}, legs: {words.legs(merged)}\n")


@_task(
    summary="also append it to the file that GITHUB_STEP_SUMMARY names",
    open="show reports/html in a browser",
)
def report(_context: Context, summary: bool = False, open: bool = False) -> None:  # noqa: A002 - the flag's name
    """Write Cobertura, LCOV, coverage.py's formats, summary.md, badge and HTML, and print the table.

    Example: invoke report --open
    """
    from covlane.adapters.git import Git
    from covlane.commands.report import Showing
    from covlane.render import terminal
    from covlane.render.progress import bar
    from covlane.workspace import reports

    configured, environ = _configured(), _environ()
    merged = reports.read_merged(configured)
    showing = Showing(configured, Git(configured.root, environ), environ, merged)
    with bar("pages", sys.stderr, plain=_plain(environ), pieces=True) as seen:
        showing.write(seen)
        page = showing.site(seen) if open else None
    terminal.show(merged, sys.stdout, plain=_plain(environ), thresholds=configured.settings.thresholds)
    if summary:
        _append_for_github("GITHUB_STEP_SUMMARY", showing.summary())
    if page:
        _open(page)


def _open(page: Path) -> None:
    """Show a page in the person's browser, or say where it is."""
    import webbrowser

    if not webbrowser.open(page.as_uri()):
        _say(sys.stdout, f"no browser here; open {page}")


def _plain(environ: Mapping[str, str]) -> bool:
    from covlane.adapters.environment import in_ci

    return "NO_COLOR" in environ or in_ci(environ)


@_task(
    base="a revision to judge the changes since; default: the pull request's base, or the default branch",
    json="print the verdict",
    github_output="also append line, branch, patch, verdict and complete to the file that GITHUB_OUTPUT names",
    replay="draw this verdict.json again from the files beside it, and say where it differs",
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
    from covlane.adapters.git import Git
    from covlane.commands import gate as judging
    from covlane.render import verdict as words

    environ = _environ()
    differing: list[str] = []
    if replay:
        verdict, differing = judging.replay(Path(replay))
    else:
        configured = _configured()
        verdict = judging.run(configured, Git(configured.root, environ), environ, base)
    if github_output:
        from covlane.clients.github.outputs import outputs

        _append_for_github("GITHUB_OUTPUT", outputs(verdict))
    if json:
        _print_json(verdict)
        for line in words.questioned(verdict):
            _say(sys.stderr, line)
    else:
        words.show(verdict, sys.stdout, plain=_plain(environ))
    if differing:
        raise ReportError(
            f"{replay} is not what its artifacts say:\n  - " + "\n  - ".join(differing),
            "judge again with `invoke gate`, or bring the files that were judged",
        )
    if replay and not json:
        _say(sys.stdout, f"{replay} is the same, byte for byte")
    if code := judging.EXIT_CODES[verdict.outcome]:
        raise Exit(_again().lstrip() or None, code=code)


@_task(
    base="a revision to show the changes since; default: the pull request's base, or the default branch",
    json="print what each file owes",
)
def patch(_context: Context, *, base: str | None = None, json: bool = False) -> None:
    """Show the changed code and what of it is not covered, with work that is not committed.

    Example: invoke patch --base HEAD~3
    """
    from covlane.adapters.git import Git
    from covlane.render import patch as words
    from covlane.workspace import evidence

    environ, configured = _environ(), _configured()
    found = evidence.patched(configured, Git(configured.root, environ), environ, base)
    if json:
        _print_json(found)
        return

    def source(path: str) -> list[str]:
        content = (configured.root / path).read_bytes().decode("utf-8", "backslashreplace")
        return [line.rstrip("\r") for line in content.split("\n")]

    words.show(found, source, sys.stdout, plain=_plain(environ))


@_task(
    base="a revision to show the changes since; default: the pull request's base, or the default branch",
    json="print a list of objects, as GitHub's REST API takes them",
)
def annotate(_context: Context, *, base: str | None = None, json: bool = False) -> None:
    """Print what of the changed code is not covered as annotations, for a step of a GitHub workflow.

    Example: invoke annotate --base origin/main
    """
    from covlane.adapters.git import Git
    from covlane.render import annotations
    from covlane.workspace import evidence

    environ, configured = _environ(), _configured()
    found = evidence.patched(configured, Git(configured.root, environ), environ, base)
    notes = annotations.notes(found.below(configured.folder))
    if json:
        _print_json(notes)
        return
    for line in annotations.commands(notes):
        _say(sys.stdout, line)


@_task(
    action="`show`, `write`, `accept` or `log`",
    reason="why a drop is wanted, for `accept`",
    last="so many commits, for `log`",
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
    """Keep what the default branch measured, show it, accept a wanted drop, or show the trend.

    Example: invoke baseline accept --reason "the parser moved to its own package"
    """
    from covlane.adapters.git import Git
    from covlane.commands import baseline as keeping
    from covlane.render import trend

    environ, configured = _environ(), _configured()
    acting = keeping.Keeping(configured, Git(configured.root, environ), environ)
    if action in {"write", "accept"}:
        found = [acting.keep(action, reason, force=force, push=push)]
    else:
        found = acting.found(action, last)
    if json:
        _print_json(found if action == "log" else found[0])
    else:
        trend.show(found, acting.baselines.where, sys.stdout, plain=_plain(environ))


@_task(
    diff="show the changes and write nothing",
    force="overwrite a workflow that is not ours",
    check="only say whether the workflows are what the settings would write; exits 2 with the difference if not",
)
def init(_context: Context, diff: bool = False, force: bool = False, check: bool = False) -> None:
    """Write noxfile.py, tasks.py and the workflow, or add to those that stand.

    Example: covlane init --diff
    """
    from covlane.adapters.git import Git
    from covlane.config.settings import keys
    from covlane.scaffold import change, worktree
    from covlane.scaffold.plan import facts, paths, plan
    from covlane.workspace import bases

    configured = _configured()
    if check:
        _check_workflows(configured)
        return
    if configured.root != Path.cwd():
        sys.stderr.write(f"note: the project is {configured.root}, the nearest folder that looks like one\n")
    environ = _environ()
    read, git = worktree.reader(configured.top), Git(configured.top, environ)
    told = facts(configured, read, bases.default_branch(configured, git, environ) or git.branch())
    configured = _configured({key.variable: told[key.name] for key in keys() if key.name in told})
    outcome = plan(configured, read, force=force, facts=told)
    if diff:
        sys.stdout.write(change.diff(outcome.changes))
    else:
        worktree.apply(outcome.changes, configured.top)
        for item in outcome.changes:
            sys.stdout.write(f"{'changed' if item.old is not None else 'wrote'} {item.path}: {item.why}\n")
    for note in (*outcome.notes, *worktree.hidden(paths(configured, outcome), git)):
        sys.stderr.write(f"note: {note}\n")
    if not outcome.changes:
        sys.stderr.write("nothing to do\n")
    elif not diff:
        sys.stderr.write(f"now run: nox -s {configured.session}\n")


def _check_workflows(configured: Configured) -> None:
    from covlane.adapters.git import Git
    from covlane.errors import UsageError
    from covlane.scaffold import change, workflow, worktree
    from covlane.scaffold.plan import outdated

    paths = workflow.workflows(configured.settings, "", configured.folder)
    for note in worktree.hidden(paths, Git(configured.top, _environ())):
        sys.stderr.write(f"note: {note}\n")
    if changes := outdated(configured, worktree.reader(configured.top)):
        sys.stdout.write(change.diff(changes))
        names = ", ".join(item.path for item in changes)
        raise UsageError(f"not what the settings would write: {names}", "run `covlane init --force`")
    _say(sys.stdout, "the workflows are what the settings would write")


@_task(
    to="`codescene` or `github` (Code Quality; the token is read from GITHUB_TOKEN)",
    via="`cli`, `rest` or `auto` (the CLI where it is installed, else REST); default: `codescene.via`",
    dry_run="show each request or command, and send nothing",
    resume="send what waits in reports/outbox, and no new report",
    anyway="with --resume: send what is of another repository or commit, too",
    outbox="list what waits in reports/outbox, and send nothing",
    drop="give up the upload of this id (see --outbox), and send nothing",
    analyse="have CodeScene analyse the project afterwards (CS_PROJECT_URL, or codescene.project)",
    allow_incomplete="deliver a report that lacks something",
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
    from covlane.commands import upload as delivering
    from covlane.errors import UsageError

    if to not in {"codescene", "github"}:
        raise UsageError(f"--to knows no {to!r}", "it knows `codescene` and `github`")
    if to == "github":
        from covlane.commands.comment import Telling

        if any((via, dry_run, resume, anyway, outbox, drop, analyse, allow_incomplete, json)):
            raise UsageError("these options are CodeScene's", "leave them out with `--to github`")
        Telling(_configured(), _environ(), functools.partial(_say, sys.stdout)).quality()
        return
    from covlane.render.progress import bar

    configured, environ = _configured({"COVLANE_CODESCENE_VIA": via} if via else {}), _environ()

    def say(line: str) -> None:
        _say(sys.stderr if json else sys.stdout, line)

    if drop is not None or outbox:
        with delivering.real(configured, environ, say) as codescene:
            rows = codescene.listed(drop)
        if json:
            _print_json(rows)
        return
    if not configured.settings.codescene.upload:
        say(delivering.UNWANTED)
        return
    lane = delivering.dry if dry_run else delivering.real
    waiting = bar("CodeScene", sys.stderr, plain=dry_run or _plain(environ), pieces=True)
    with waiting, lane(configured, environ, say) as codescene:
        done = (
            codescene.resume(anyway=anyway) if resume else codescene.upload(allow_incomplete=allow_incomplete)
        )
        if analyse and done is not None:
            codescene.analyse()
    if json:
        _print_json([] if dry_run else done or [])


@_task(
    pull_request="its number; default: the one that the runner works for",
    relayed="comment what a run for a pull request left in reports/relayed, which nothing is believed of",
)
def comment(_context: Context, *, pull_request: str | None = None, relayed: bool = False) -> None:
    """Make or update the lane's comment on a pull request; the token is read from GITHUB_TOKEN.

    Example: invoke comment --pull-request 12
    """
    from covlane.commands.comment import Telling
    from covlane.errors import UsageError

    if pull_request is not None and not (pull_request.isascii() and pull_request.isdecimal()):
        raise UsageError(f"{pull_request!r} is no number of a pull request", "pass digits alone")
    telling = Telling(_configured(), _environ(), functools.partial(_say, sys.stdout))
    if relayed:
        telling.relay()
    else:
        telling.comment(int(pull_request) if pull_request else None)


@_task()
def check(_context: Context) -> None:
    """Ask CodeScene's coverage gates of a pull request about the merged report, by `cs-coverage check`.

    Example: invoke check
    """
    from covlane.commands import upload as delivering

    configured = _configured({"COVLANE_CODESCENE_VIA": "cli"})
    with delivering.real(configured, _environ(), functools.partial(_say, sys.stdout)) as codescene:
        codescene.check()


@_task(
    fault="what CodeScene does wrong at first: 503, reset, 401, slow or truncated",
    skip_coverage="use the merged report that is there",
)
def rehearse(_context: Context, fault: str = "", skip_coverage: bool = False) -> None:
    """Run the whole lane, coverage to upload, against a CodeScene of our own on this machine; needs no account.

    Example: invoke rehearse --fault 503
    """
    from covlane.commands import rehearse as rehearsal

    with rehearsal.codescene(fault) as standin:
        overrides = {"COVLANE_CODESCENE_URL": standin.url, "COVLANE_CODESCENE_VIA": "rest"}
        say = functools.partial(_say, sys.stdout)
        rehearsal.run(_configured(overrides), _environ(), standin, say, skip_coverage=skip_coverage)


def _say(file: TextIO, text: str) -> None:
    print(_printable(text), file=file, flush=True)


def _printable(text: str) -> str:
    """Return lines of which none does anything to a terminal, whatever the names in them."""
    from covlane.render.words import printable

    return "\n".join(map(printable, text.split("\n")))


@_task(
    lock="install this build (40 hex digits, or the number of a known one) and write it into cs-coverage.lock",
    installer_script="run CodeScene's own installer instead; what it installs is neither pinned nor checked",
    if_used="only where the settings have uploads made by it",
)
def install_cs_coverage(
    _context: Context, lock: str | None = None, installer_script: bool = False, if_used: bool = False
) -> None:
    """Install the pinned cs-coverage for this user, its archive checked by its hash.

    Example: invoke install-cs-coverage
    """
    from contextlib import closing

    from covlane.adapters.http import Http
    from covlane.commands import install_cs_coverage as tooling
    from covlane.render.progress import bar
    from covlane.workspace import cs_coverage

    configured, environ, say = _configured(), _environ(), functools.partial(_say, sys.stdout)
    chosen = configured.settings.codescene
    if if_used and not (chosen.upload and chosen.via != "rest"):
        say("the settings have no upload made by cs-coverage")
        return
    if chosen.via == "auto" and not (lock or installer_script or cs_coverage.pinned(configured)):
        missing = f"no build of cs-coverage is pinned for {cs_coverage.machine()}, so uploads go by REST"
        _say(sys.stderr, f"note: {missing}; `covlane install-cs-coverage --lock BUILD` pins one")
        return
    with closing(Http()) as http, bar("cs-coverage", sys.stderr, plain=_plain(environ)) as seen:
        acting = tooling.Installation(configured, environ, http, seen)
        if installer_script:
            say("what CodeScene's own installer installs is neither pinned nor checked by its hash")
            say(acting.script())
            return
        build, path = acting.build(lock)
    say(f"cs-coverage {build.version} ({build.build}) for {build.platform}: {path}")
    if lock:
        say(
            f"{cs_coverage.LOCK}: the SHA-256 is {build.sha256}; if no lock knew it, it is trusted on first use"
        )


@_task(json="print a list of objects")
def doctor(_context: Context, json: bool = False) -> None:
    """Ask all that can keep the report from CodeScene, and change nothing; ends with the first ✗'s exit code.

    Example: invoke doctor
    """
    from contextlib import closing

    import msgspec

    from covlane.adapters.http import Http
    from covlane.commands.doctor import Doctor

    configured, checks = _configured(), []
    with closing(Http(timeouts=(5, 15), retries=0, deadline=30)) as http:
        say = functools.partial(_say, sys.stderr)
        for check in Doctor(configured, _environ(), say, http, configured.reports / "outbox").examine():
            checks.append(check)
            if not json:
                _say(sys.stdout, str(check))
    if json:
        _print_json([{"ok": check.ok, **msgspec.to_builtins(check)} for check in checks])
    if codes := [check.exit_code for check in checks if check.exit_code]:
        raise Exit(code=codes[0])


def _append_for_github(variable: str, text: str) -> None:
    """Append to the file that a GitHub runner names in a variable; outside of a runner there is none."""
    from covlane.errors import UsageError

    path = _environ().get(variable)
    if not path:
        raise UsageError(f"{variable} is not set", "leave the option out outside of GitHub Actions")
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


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
    annotate,
    baseline,
    upload,
    check,
    comment,
    rehearse,
    doctor,
)
