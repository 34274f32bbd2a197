"""A repository with a merged report that no leg had to run for, and a CodeScene for its commands."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from covlane.formats import slipcover
from data_words import report, stamp

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from covlane.testing.codescene import StandIn
    from repository import Repository

TOKEN = "t0k3n-that-shows-nowhere"
REMOTE = "https://user:password@example.com/team/calc.git"


def merge(repository: Repository, words: str = "calc.py: 1+ 2- 1>2+ 1>0-", **changes: object) -> Path:
    """Write reports/coverage.json as if the commit that is checked out had been measured."""
    told: dict[str, object] = {"commit": repository.git("rev-parse", "HEAD"), **changes}
    merged = replace(report(words), legs=(stamp("coverage-3.12", **told),))
    path = repository.root / "reports" / "coverage.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(slipcover.write_report(merged, "1.1.0"))
    return path


def ready(repository: Repository) -> Repository:
    """Give a repository a report and a remote."""
    repository.git("remote", "add", "origin", REMOTE)
    merge(repository)
    return repository


def upload(
    repository: Repository, codescene: StandIn, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run `covlane upload --via rest` against a CodeScene of the tests."""
    told = {"COVLANE_CODESCENE_URL": codescene.url, "CS_ACCESS_TOKEN": TOKEN, **environ}
    return repository.covlane("upload", "--via", "rest", *arguments, **told)


def outbox(repository: Repository) -> list[str]:
    """Return the names of what waits."""
    folder = repository.root / "reports" / "outbox"
    return sorted(path.name for path in folder.glob("[0-9]*"))


def entry(repository: Repository, name: str) -> dict[str, object]:
    """Return an entry of the outbox."""
    loaded: dict[str, object] = json.loads((repository.root / "reports" / "outbox" / name).read_bytes())
    return loaded


def files_with(root: Path, text: str) -> list[Path]:
    """Return the files below a folder that hold a text."""
    return [path for path in root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
