"""Many uploads, by commands that are killed at random, to a CodeScene that fails at random: `nox -s storm -- 500`.

Each commit's report has to reach it once: under one id for each metric, whatever was killed, lost or done twice.
The token must be nowhere on the disk.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault
from merged import TOKEN, files_with, merge, outbox
from repository import Repository

#: How many of a hundred commands are killed, at any moment of what one takes; how many are pairs at one time.
KILLED, PAIRED = 35, 10
#: Of a hundred requests so many meet a fault.
FAULTY = 20
_AT_ONCE = (("Retry-After", "0"),)
FAULTS = (
    Fault(503, headers=_AT_ONCE),
    Fault(429, headers=_AT_ONCE),
    Fault(500),
    Fault(401),
    Fault(302, headers=(("Location", "https://other.example.com/"),)),
    Fault(body=b"<html>"),
    Fault(body=b'{"error": "no"}'),
    *(Fault(kind=kind) for kind in ("early", "reset", "lost", "half", "late", "late", "late", "late")),
)


class Weather(StandIn):
    """A CodeScene that fails at random, and counts how it did."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(TOKEN)
        self._chance = chance
        self.met: Counter[str] = Counter()

    def fault(self) -> Fault | None:
        """Return a fault for some requests."""
        if self._chance.randrange(100) >= FAULTY:
            return None
        fault = self._chance.choice(FAULTS)
        self.met[str(fault.status) if fault.kind == "answer" else fault.kind] += 1
        return fault


@dataclass
class Tally:
    """How a storm went.

    Attributes:
        once: uploads under one id, which is all that there should be.
        otherwise: by commit and metric, under how many ids the others are.
        put_again: uploads of which the report was put under their id more than once.
        leaks: files that hold the token.
        unexpected: what commands said that ended otherwise than with 0, 5 or by the kill.
    """

    commands: int = 0
    killed: int = 0
    met: Counter[str] = field(default_factory=Counter)
    once: int = 0
    otherwise: dict[str, int] = field(default_factory=dict)
    put_again: int = 0
    leaks: list[Path] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


def storm(folder: Path, uploads: int, seed: int = 0) -> Tally:
    """Deliver the reports of so many commits of a repository in `folder`."""
    repository = Repository(folder / "repository")
    repository.git("remote", "add", "origin", "https://example.com/team/calc.git")
    (folder / "scratch").mkdir()
    commits = []
    with Weather(random.Random(seed + 1)) as codescene:
        sea = _Sea(repository, folder / "scratch", codescene.url, random.Random(seed))
        for number in range(1, uploads + 1):
            repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
            merge(repository)
            commits.append(repository.git("rev-parse", "HEAD"))
            # One that was killed before it had its reports in the outbox is begun again, as a CI job would be.
            while -9 in sea.upload():
                pass
            if sea.chance.randrange(2):
                sea.upload("--resume")
            if number % 25 == 0:
                sys.stderr.write(f"{number} reports, {sea.tally.commands} commands\n")
        while outbox(repository):
            sea.upload("--resume")
        sea.tally.met = codescene.met
    _count(codescene, commits, sea.tally)
    sea.tally.leaks = files_with(folder, TOKEN)
    return sea.tally


@dataclass
class _Sea:
    """Where commands are killed; `usual` is how many seconds the last one took that was not."""

    repository: Repository
    scratch: Path
    url: str
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    usual: float = 1.5

    def upload(self, *arguments: str) -> set[int]:
        """Run a command, or two at one time, and return their exit codes."""
        codes, begin = set(), time.monotonic()
        count = 2 if self.chance.randrange(100) < PAIRED else 1
        for child in [_start(self.repository, self.scratch, self.url, *arguments) for _ in range(count)]:
            timer = threading.Timer(self.chance.uniform(0, self.usual), child.kill)
            if self.chance.randrange(100) < KILLED:
                timer.start()
            output, _ = child.communicate()
            timer.cancel()
            self.tally.commands += 1
            self.tally.killed += child.returncode == -9
            if child.returncode not in (0, 5, -9):
                self.tally.unexpected.append(output)
            if child.returncode == 0:
                self.usual = time.monotonic() - begin
            codes.add(child.returncode)
        return codes


def _start(repository: Repository, scratch: Path, url: str, *arguments: str) -> subprocess.Popen[str]:
    told = {"COVLANE_CODESCENE_URL": url, "COVLANE_CODESCENE_VIA": "rest", "CS_ACCESS_TOKEN": TOKEN}
    return subprocess.Popen(
        [sys.executable, "-m", "covlane", "upload", *arguments],
        cwd=repository.root,
        env=repository.environ | told | {"TMPDIR": str(scratch), "HOME": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _count(codescene: StandIn, commits: list[str], tally: Tally) -> None:
    taken = [upload for upload in codescene.uploads.values() if upload.report is not None]
    ids = Counter((upload.fields["commit-sha"], upload.fields["metric"]) for upload in taken)
    for commit in commits:
        for metric in ("line-coverage", "branch-coverage"):
            if ids[commit, metric] == 1:
                tally.once += 1
            else:
                tally.otherwise[f"{commit[:10]} {metric}"] = ids[commit, metric]
    tally.put_again = sum(upload.puts > 1 for upload in taken)


def main() -> None:
    """Run a storm of so many uploads as the first argument says, print the figures, fail where one is wrong."""
    uploads = int(sys.argv[1]) if sys.argv[1:] else 500
    with tempfile.TemporaryDirectory() as folder:
        tally = storm(Path(folder), uploads)
    sys.stdout.write(
        f"{uploads} reports of two metrics, {tally.commands} commands, {tally.killed} of them killed\n"
        f"faults met: {', '.join(f'{name} {count}' for name, count in sorted(tally.met.items()))}\n"
        f"delivered once: {tally.once} of {2 * uploads}; otherwise: {tally.otherwise or 'none'}\n"
        f"put again under the same id: {tally.put_again}\n"
        f"files with the token: {len(tally.leaks)}; unexpected ends: {tally.unexpected or 'none'}\n"
    )
    sys.exit(bool(tally.otherwise or tally.leaks or tally.unexpected))


if __name__ == "__main__":
    main()
