"""CodeScene with the real clients: what the repository says, what is sent, what is asked."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import covlane
from covlane.adapters import files, process
from covlane.adapters.git import Git
from covlane.adapters.http import Answer, Http
from covlane.clients.codescene import check, preflight, rest
from covlane.clients.codescene.cli import SECONDS
from covlane.clients.codescene.delivery import Lane, usable
from covlane.clients.codescene.outbox import Entry, Outbox
from covlane.clients.codescene.preflight import Checkout
from covlane.clients.codescene.submission import Submission, clean_remote, parts, same_repository
from covlane.clients.wording import HIDDEN, shown
from covlane.errors import ReportError, UsageError
from covlane.formats import lcov
from covlane.render import words
from covlane.workspace import cs_coverage, reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from covlane.adapters.http import Method
    from covlane.clients.codescene.cli import Stream
    from covlane.clients.codescene.outbox import Waiting
    from covlane.clients.codescene.preflight import Finding
    from covlane.clients.codescene.submission import Delivered
    from covlane.config.settings import Configured
    from covlane.model.report import Report

#: Said in the place of an upload, so that one text of a workflow does for every repository.
UNWANTED = "codescene.upload is false, so nothing is sent to CodeScene"
#: What stands for a commit and a remote where a rehearsal has none.
_COMMIT, _REMOTE = "0" * 40, "https://example.com/rehearsal.git"


@dataclass(frozen=True, slots=True)
class Row:
    """An upload that waits, and why it would be kept back where it would."""

    id: str
    metric: str
    commit: str
    repository: str
    url: str
    files: int
    kept_back: str

    @classmethod
    def of(cls, waiting: Waiting, kept_back: str) -> Row:
        """Return the row of an entry."""
        entry, told = waiting.entry, waiting.entry.submission
        return cls(waiting.id, told.metric, told.commit_sha, told.repo_url, entry.url, entry.files, kept_back)

    def __str__(self) -> str:
        what = f"{self.id} {self.metric} of {self.commit[:10]}, {words.files(self.files)}, {self.repository}"
        return f"{what} to {self.url}" + (f"\n  kept back: {self.kept_back}" if self.kept_back else "")


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """One repository's lane to CodeScene; without a repr, as it holds the token.

    Attributes:
        environ: the environment, with CS_ACCESS_TOKEN.
        say: is told as it goes.
        http, stream: what sends and starts programs.
        outbox: its folder.
        strict: whether what preflight finds ends an upload; it is said in any case.
    """

    configured: Configured
    environ: Mapping[str, str]
    say: Callable[[str], None]
    http: Http
    outbox: Path
    stream: Stream = process.stream
    strict: bool = True

    def upload(self, *, allow_incomplete: bool) -> tuple[Delivered, ...] | None:
        """Deliver the merged report; None where CodeScene would not count it, and the reason is said.

        Raises:
            CovlaneError: what speaks against sending it; then as `Lane.deliver`.
        """
        checkout, report = self._checkout(), self._report(allow_incomplete=allow_incomplete)
        if self.strict and checkout.head and (reason := preflight.elsewhere(checkout)):
            self.say(reason)
            return None
        pieces = parts(
            report, f"covlane {covlane.__version__}", self.configured.settings.codescene.line_coverage
        )
        self._judge(preflight.findings(report, checkout, pieces), "the upload would not count")
        self.say(f"{words.headline(report)}, {words.files(len(report.files))}")
        with self._alone() as outbox:
            uploads = []
            for part in pieces:
                told = Submission(
                    commit_sha=checkout.head or _COMMIT,
                    repo_url=clean_remote(checkout.remote or _REMOTE),
                    repo_path=str(self.configured.top),
                    format=part.format,
                    metric=part.metric,
                )
                entry = Entry(url=self._url, submission=told, files=len(report.files), digest="")
                waiting = outbox.put(entry, part.content)
                if waiting:
                    uploads.append(waiting)
                else:
                    self.say(f"{part.metric}: this very report was delivered already")
            done = self._lane(outbox, checkout.head).deliver(uploads)
            if others := len(outbox.waiting()):
                self.say(f"uploads that wait from before: {others}; `invoke upload --resume` sends them")
        return done

    def resume(self, *, anyway: bool = False) -> tuple[Delivered, ...]:
        """Deliver what waits in the outbox, in the order in which it came; errors as of `Lane.deliver`.

        `anyway` sends what is of another repository, or of a commit that this clone does not have, too.
        """
        with self._alone() as outbox:
            waiting = outbox.waiting()
            if not waiting:
                self.say(self._nothing)
            lane = self._lane(outbox, self._git.commit())
            return (lane if anyway else replace(lane, foreign=self._foreign())).deliver(waiting)

    def listed(self, drop: str | None = None) -> list[Row]:
        """Give up the upload of the id `drop`, if any, and return what waits in the outbox, in its order, and say it.

        Raises:
            UsageError: no upload has that id.
        """
        if drop is not None:
            self._drop(drop)
        with self._alone() as outbox:
            lane = replace(self._lane(outbox, None), foreign=self._foreign())
            rows = [Row.of(one, lane.why_kept(one)) for one in outbox.waiting()]
        for row in rows:
            self.say(str(row))
        if not rows:
            self.say(self._nothing)
        return rows

    def _drop(self, name: str) -> None:
        with self._alone() as outbox:
            dropped = outbox.drop(name)
        if not dropped:
            raise UsageError(f"no upload {name!r} waits", "run `invoke upload --outbox` for those that do")
        for path in dropped:
            self.say(f"removed {path.name}")

    @property
    def _nothing(self) -> str:
        return f"nothing waits in {self.configured.settings.reports}/outbox/"

    def _foreign(self) -> Callable[[Entry], str]:
        """Return what says why an entry of the outbox is not of this clone; one without a remote takes all."""
        git, remote = self._git, self._remote()
        here = clean_remote((git.remote_url(remote) if remote else None) or "")

        def foreign(entry: Entry) -> str:
            told = entry.submission
            if not here:
                return ""
            if not same_repository(told.repo_url, here):
                return f"it is of {told.repo_url}, and this is {here}"
            if git.ask("cat-file", "-e", f"{told.commit_sha}^{{commit}}") is None:
                return f"its commit {told.commit_sha[:10]} is not in this clone"
            return ""

        return foreign if self.strict else lambda _: ""

    def analyse(self) -> None:
        """Have CodeScene analyse the project; errors as of `check.project` and `rest.analyse`."""
        project = check.project(self.environ, self.configured.settings.codescene.project, self._url)
        token = usable(self.environ.get("CS_ACCESS_TOKEN"))
        self.say(rest.analyse(self.http, url=self._url, token=token, project=project))

    def check(self) -> None:
        """Have cs-coverage evaluate the project's gates on the merged report.

        Raises:
            GateError: a gate failed.
            CovlaneError: they were not evaluated.
        """
        report, checkout = self._report(allow_incomplete=False), self._checkout()
        token = usable(self.environ.get("CS_ACCESS_TOKEN"))
        project = check.project(self.environ, self.configured.settings.codescene.project, self._url)
        base = check.base(self.environ, self.configured.settings.github.default_branch)
        ask = self._git.ask
        found = check.preconditions(
            self.environ,
            base=base,
            shallow=ask("rev-parse", "--is-shallow-repository") != "false",
            related=bool(ask("merge-base", "HEAD", f"refs/remotes/{self._remote() or 'origin'}/{base}")),
        )
        self._judge([*preflight.findings(report, checkout, ()), *found], "the gates cannot be evaluated")
        path = self.configured.reports / "codescene.info"
        files.write_whole(path, lcov.write(report))
        top = self.configured.top
        done = self.stream(
            check.command(Path(os.path.relpath(path, top)).as_posix()),
            cwd=top,
            environ=check.variables(self.environ, url=self._url, token=token, project=project),
            timeout=SECONDS,
            line=lambda line: self.say(shown(line, token=token)),
        )
        self.say(check.verdict(done.code, done.stdout, token=token))

    @property
    def _url(self) -> str:
        return self.configured.settings.codescene.url

    @property
    def _git(self) -> Git:
        return Git(self.configured.root, self.environ)

    def _lane(self, outbox: Outbox, head: str | None) -> Lane:
        return Lane(
            url=self._url,
            via=self.configured.settings.codescene.via,
            token=self.environ.get("CS_ACCESS_TOKEN"),
            environ=self.environ,
            root=self.configured.top,
            head=head,
            outbox=outbox,
            http=self.http,
            stream=self.stream,
            say=self.say,
        )

    def _judge(self, found: Sequence[Finding], what: str) -> None:
        for finding in found:
            if not (finding.error and self.strict):
                self.say(f"note: {finding.cause}; {finding.remedy}")
        if self.strict:
            preflight.refuse(found, what)

    def _report(self, *, allow_incomplete: bool) -> Report:
        """Return the merged report, its files named from the top of the checkout."""
        report = reports.read_merged(self.configured)
        if report.incomplete and not allow_incomplete:
            raise ReportError(
                f"the report is incomplete: {report.incomplete[0]}",
                "run what is missing, or pass --allow-incomplete",
            )
        return report.below(self.configured.folder)

    def _remote(self) -> str | None:
        remotes = (self._git.ask("remote") or "").splitlines()
        return preflight.pick_remote(remotes, self._git.ask("config", f"branch.{self._git.branch()}.remote"))

    def _checkout(self) -> Checkout:
        git, remote, chosen = self._git, self._remote(), self.configured.settings
        head, ask = git.commit(), git.ask
        named = ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD") if head else None
        place = f"refs/remotes/{remote}"
        default = ask("symbolic-ref", "--quiet", f"{place}/HEAD") or chosen.github.default_branch
        holding = ask("for-each-ref", "--contains=HEAD", "--format=%(refname)", place) if remote else None
        return Checkout(
            head=head,
            branch=git.branch() or preflight.branch_in_ci(self.environ, head),
            holding=tuple(name.removeprefix(f"{place}/") for name in (holding or "").split()),
            analysed=chosen.codescene.branches or (default.removeprefix(f"{place}/"),),
            remotes=tuple((ask("remote") or "").splitlines()),
            remote=git.remote_url(remote) if remote else None,
            tracked=None if named is None else frozenset(named.split("\0")),
        )

    @contextmanager
    def _alone(self) -> Iterator[Outbox]:
        """Have the outbox to oneself, so that no two uploads send the same."""

        def wait() -> None:
            self.say("another upload is under way: waiting for it")

        with reports.lock(self.outbox, wait):
            yield Outbox(self.outbox, files.read_bytes, files.write_whole)


@contextmanager
def real(
    configured: Configured, environ: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[Delivery]:
    """Give the lane to the CodeScene that is configured."""
    with closing(Http()) as http:
        found = cs_coverage.on_path(configured, environ)
        yield Delivery(configured, found, say, http, configured.reports / "outbox")


@contextmanager
def dry(configured: Configured, environ: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Delivery]:
    """Give a lane that shows what it would send, from a copy of the outbox, and knows no token."""
    real = configured.reports / "outbox"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "outbox"
        if real.is_dir():
            shutil.copytree(real, copy)

        def show(line: str) -> None:
            say(line.replace(str(copy), str(real)))

        shows = _Shows(show)
        found = {**cs_coverage.on_path(configured, environ), "CS_ACCESS_TOKEN": HIDDEN}
        yield Delivery(configured, found, show, shows, copy, shows.stream)


class _Shows(Http):
    """Clients that send and start nothing, and are answered as if all went well."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def send(
        self,
        method: Method,
        url: str,
        *,
        token: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        repeatable: bool = False,  # noqa: ARG002 - the base class's
        most: int = 0,  # noqa: ARG002 - as above
    ) -> Answer:
        """Show a request."""
        whole = {"Authorization": f"Bearer {token}", **headers}
        url = re.sub("/upload/0$", "/upload/{id}", url)
        self._say("\n  ".join([f"{method} {url}", *(f"{name}: {value}" for name, value in whole.items())]))
        if body and method == "PUT":
            self._say(f"  ({len(body):,} bytes, the gzip of {len(gzip.decompress(body)):,})")
        elif body:
            self._say(f"  {body.decode()}")
        return Answer(200, "application/json", b'{"ok": "not sent", "id": 0}')

    def stream(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float | None,  # noqa: ARG002 - process.stream's
        line: Callable[[str], None],  # noqa: ARG002 - as above
    ) -> process.Finished:
        """Show a command with the variables that are for it alone, and where it would run."""
        own = [f"{name}={value}" for name, value in sorted(environ.items()) if name.startswith("CS_")]
        self._say(f"in {cwd}:\n  {' '.join(own)} {shlex.join(argv)}")
        return process.Finished(0, "not sent", "")
