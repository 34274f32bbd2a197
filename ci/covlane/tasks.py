"""invoke: one thin function per task; errors become a message and an exit code here and nowhere else."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from covlane.errors import CovlaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from invoke.context import Context

    from covlane.settings import Configured

__all__ = ["init", "matrix", "merge", "report", "settings", "upload"]
MARKERS = ("noxfile.py", "pyproject.toml", "setup.py", "setup.cfg", ".git")


def _task(**options: str) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function; `options` are the help texts of its flags."""

    def make(function: Callable[..., None]) -> Task[Any]:
        @functools.wraps(function)
        def wrapped(*arguments: Any, **flags: Any) -> None:
            try:
                function(*arguments, **flags)
            except CovlaneError as error:
                raise Exit(f"covlane: {error}", code=error.exit_code) from None
            except BrokenPipeError:
                raise Exit(code=1) from None

        help_ = {name.replace("_", "-"): text for name, text in options.items()}
        return cast("Task[Any]", task(wrapped, help=help_))

    return make


def _environ() -> Mapping[str, str]:
    from covlane.adapters.environment import environment

    return environment()


def _configured(overrides: Mapping[str, str] | None = None) -> Configured:
    from covlane import settings as sources

    here = Path.cwd()
    roots = (path for path in (here, *here.parents) if any((path / marker).exists() for marker in MARKERS))
    return sources.load(next(roots, here), {**_environ(), **(overrides or {})})


def _commit(configured: Configured) -> str | None:
    from covlane.adapters.git import Git

    return Git(configured.root, _environ()).commit()


def _print_json(value: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


@_task(json="print a list of objects")
def settings(_context: Context, json: bool = False) -> None:
    """Show each setting with its value and where it comes from.

    Example: invoke settings --json
    """
    from covlane import settings as sources

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

    table = Table("Key", "Value", "Origin", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(
            row["key"], escape(msgspec.json.encode(row["value"]).decode()), escape(str(row["origin"]))
        )
    Console(highlight=False, no_color="NO_COLOR" in _environ()).print(table)


@_task(github_output="also append `matrix=JSON` to the file that GITHUB_OUTPUT names")
def matrix(_context: Context, github_output: bool = False) -> None:
    """Print the legs, as nox lists them, as JSON for a CI matrix.

    Example: invoke matrix --github-output
    """
    import msgspec

    from covlane import lane

    configured = _configured()
    listed = lane.listed_sessions(configured, _environ())
    runner = configured.settings.github.runner
    legs = [{"session": leg, "python": python, "runner": runner} for leg, python in listed]
    text = msgspec.json.encode({"include": legs}).decode()
    if github_output:
        _append_for_github("GITHUB_OUTPUT", f"matrix={text}\n")
    sys.stdout.write(text + "\n")


@_task(allow_incomplete="write a report that lacks something, and mark every output")
def merge(_context: Context, allow_incomplete: bool = False) -> None:
    """Merge reports/legs into reports/coverage.json.

    Example: invoke merge --allow-incomplete
    """
    from covlane import lane
    from covlane.render import words

    configured = _configured()
    with lane.lock(configured):
        merged = lane.merge_legs(configured, _commit(configured), allow_incomplete=allow_incomplete)
    sys.stdout.write(f"{words.headline(merged)}, legs: {words.legs(merged)}\n")


@_task(summary="also append it to the file that GITHUB_STEP_SUMMARY names")
def report(_context: Context, summary: bool = False) -> None:
    """Write coverage.xml, lcov.info and summary.md, and print the table.

    Example: invoke report --summary
    """
    from covlane import lane
    from covlane.adapters.environment import in_ci
    from covlane.render import markdown, terminal

    environ = _environ()
    configured = _configured()
    merged = lane.read_merged(configured)
    lane.write_reports(configured, merged)
    terminal.show(merged, sys.stdout, plain="NO_COLOR" in environ or in_ci(environ))
    if summary:
        _append_for_github("GITHUB_STEP_SUMMARY", markdown.summary(merged))


@_task(diff="show the changes and write nothing", force="overwrite a workflow that is not ours")
def init(_context: Context, diff: bool = False, force: bool = False) -> None:
    """Write noxfile.py, tasks.py and the workflow, or add to those that stand.

    Example: covlane init --diff
    """
    from covlane.adapters.git import Git
    from covlane.scaffold import change, worktree
    from covlane.scaffold.plan import plan

    configured = _configured()
    facts: dict[str, str] = {}
    branch = Git(configured.root, _environ()).default_branch()
    key = "github.default-branch"
    if (
        branch
        and configured.origins[key] == "default"
        and branch != configured.settings.github.default_branch
    ):
        facts[key] = branch
        configured = _configured({"COVLANE_GITHUB_DEFAULT_BRANCH": branch})
    outcome = plan(configured, worktree.reader(configured.root), force=force, facts=facts)
    if diff:
        sys.stdout.write(change.diff(outcome.changes))
    else:
        worktree.apply(outcome.changes, configured.root)
        for item in outcome.changes:
            sys.stdout.write(f"{'changed' if item.old is not None else 'wrote'} {item.path}: {item.why}\n")
    for note in outcome.notes:
        sys.stderr.write(f"note: {note}\n")
    if not outcome.changes:
        sys.stderr.write("nothing to do\n")
    elif not diff:
        sys.stderr.write("now run: nox -s coverage\n")


@_task(
    via="`cli`, `rest` or `auto` (the CLI where it is installed, else REST); default: `codescene.via`",
    allow_incomplete="deliver a report that lacks something",
    json="print what was delivered as a list of objects",
)
def upload(
    _context: Context, via: str | None = None, allow_incomplete: bool = False, json: bool = False
) -> None:
    """Deliver the merged report to CodeScene; the token is read from CS_ACCESS_TOKEN.

    Example: invoke upload --via rest
    """
    from contextlib import closing

    from covlane import lane
    from covlane.adapters.http import Http

    configured = _configured({"COVLANE_CODESCENE_VIA": via} if via else {})
    out = sys.stderr if json else sys.stdout
    with closing(Http()) as http:
        done = lane.deliver_to_codescene(
            configured,
            _environ(),
            http,
            allow_incomplete=allow_incomplete,
            say=lambda line: print(line, file=out, flush=True),
        )
    if json:
        _print_json(done)


def _append_for_github(variable: str, text: str) -> None:
    """Append to the file that a GitHub runner names in a variable; outside of a runner there is none."""
    from covlane.errors import UsageError

    path = _environ().get(variable)
    if not path:
        raise UsageError(f"{variable} is not set", "leave the option out outside of GitHub Actions")
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


namespace = Collection("covlane", init, settings, matrix, merge, report, upload)
