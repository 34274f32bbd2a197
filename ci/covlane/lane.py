"""Merge and report: the steps that both the sessions and the tasks take."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock

import covlane
from covlane.adapters import files, process
from covlane.adapters.git import Git
from covlane.analysis.merge import merge
from covlane.errors import ReportError, UsageError
from covlane.formats import cobertura, lcov, slipcover
from covlane.render import markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from covlane.adapters.http import Http
    from covlane.delivery.codescene.submission import Delivered
    from covlane.model.report import Measured, Report
    from covlane.settings import Configured


def merge_legs(configured: Configured, commit: str | None, *, allow_incomplete: bool) -> Report:
    """Merge what lies in `reports/legs` into `reports/coverage.json`, and return it.

    Raises:
        ReportError: a leg is unreadable, there is none, or the report is incomplete and that is not allowed;
            then it is written nowhere, and the former one stands.
    """
    folder = configured.reports / "legs"
    legs = [_leg(path) for path in sorted(folder.glob("*.json"))]
    if not legs:
        raise ReportError(f"{folder} holds no leg", "run `nox -s coverage`")
    report = merge(legs, expected=configured.sessions(), commit=commit, digest=_digests(configured.root))
    if report.incomplete and not allow_incomplete:
        reasons = "".join(f"\n  - {reason}" for reason in report.incomplete)
        raise ReportError(
            f"the report would be incomplete:{reasons}",
            "mend these, or pass --allow-incomplete, which marks every output",
        )
    version = next((leg.tools.get("slipcover", "") for leg in report.legs), "")
    files.write_whole(configured.reports / "coverage.json", slipcover.write_report(report, version))
    return report


def read_merged(configured: Configured) -> Report:
    """Return the merged report; ReportError where there is none."""
    path = configured.reports / "coverage.json"
    return slipcover.read_report(files.read_bytes(path), str(path))


def write_reports(configured: Configured, report: Report) -> tuple[Path, ...]:
    """Write the report in every format, and return the files."""
    version = f"covlane {covlane.__version__}"
    outputs = {
        "coverage.xml": cobertura.write(report, version),
        "lcov.info": lcov.write(report),
        "summary.md": markdown.summary(report),
    }
    for name, content in outputs.items():
        files.write_whole(configured.reports / name, content)
    return tuple(configured.reports / name for name in outputs)


class _Listed(msgspec.Struct):
    """What `nox --list --json` prints of a session."""

    session: str
    name: str
    python: str | None = None


def listed_sessions(configured: Configured, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (session, python) of each leg, as nox itself lists them.

    Raises:
        UsageError: nox refuses the noxfile, or it has no session `coverage`.
    """
    argv = [sys.executable, "-m", "nox", "--list", "--json", "-s", "coverage"]
    done = process.run(argv, cwd=configured.root, environ=environ)
    if done.code != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UsageError(f"nox lists no coverage session: {lines[-1]}", "run `covlane init`, then `nox -l`")
    listed = msgspec.json.decode(done.stdout, type=list[_Listed])
    return [(item.session, item.python) for item in listed if item.name == "coverage" and item.python]


def deliver_to_codescene(
    configured: Configured,
    environ: Mapping[str, str],
    http: Http,
    *,
    allow_incomplete: bool,
    say: Callable[[str], None],
) -> tuple[Delivered, ...]:
    """Deliver the merged report with the real clients; errors as in `delivery.codescene.upload`.

    Raises:
        ReportError: there is no report, or it is incomplete and that is not allowed.
    """
    from covlane.delivery.codescene.submission import parts, submission  # noqa: PLC0415 - only here
    from covlane.delivery.codescene.upload import Clients, upload  # noqa: PLC0415

    report = read_merged(configured)
    if report.incomplete and not allow_incomplete:
        raise ReportError(
            f"the report is incomplete: {report.incomplete[0]}",
            "run what is missing, or pass --allow-incomplete",
        )
    # What is sent is this report, whatever an earlier `report` or none at all left in the folder.
    write_reports(configured, report)
    git = Git(configured.root, environ)
    commits = {leg.commit for leg in report.legs}
    commit = commits.pop() if len(commits) == 1 else None
    return upload(
        codescene=configured.settings.codescene,
        token=environ.get("CS_ACCESS_TOKEN"),
        environ=environ,
        root=configured.root,
        reports=configured.reports,
        submission=submission(commit=commit, remote=git.remote_url(), root=configured.root),
        parts=parts(configured.reports, branches=report.branches.total > 0),
        clients=Clients(http, process.run, files.read_bytes),
        say=say,
    )


@contextmanager
def lock(configured: Configured) -> Iterator[None]:
    """Let legs that end side by side merge one after another.

    Raises:
        ReportError: the folder of reports cannot be written to.
    """
    mutex = FileLock(configured.reports / ".lock")
    try:
        configured.reports.mkdir(parents=True, exist_ok=True)
        mutex.acquire()
    except OSError as error:
        raise ReportError(
            f"{configured.reports} cannot be written to: {error.strerror}", "check the folder's permissions"
        ) from None
    try:
        yield
    finally:
        mutex.release()


def tools() -> dict[str, str]:
    """Return the versions of the host's side of the lane."""
    return {"covlane": covlane.__version__, "nox": metadata.version("nox")}


def _leg(path: Path) -> Measured:
    return slipcover.read_leg(files.read_bytes(path), str(path))


def _digests(root: Path) -> Callable[[str], str | None]:
    @cache
    def digest(name: str) -> str | None:
        path = root / name
        return blake2b(path.read_bytes(), digest_size=16).hexdigest() if path.is_file() else None

    return digest
