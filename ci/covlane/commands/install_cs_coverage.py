"""`install-cs-coverage`: the locked build, downloaded, verified, tried and installed for this user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters import files, process, store
from covlane.clients.codescene import cli, install
from covlane.clients.codescene.install import Build
from covlane.clients.wording import HIDDEN, shown
from covlane.errors import ReportError, ToolError
from covlane.result import Result, say
from covlane.workspace import cs_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from covlane.adapters.http import Http
    from covlane.config.settings import Configured
    from covlane.connections.online import Online


@dataclass(frozen=True, slots=True)
class Installed(Result):
    """What was installed, or why nothing was.

    Attributes:
        lines: for a person.
        note: for a person, beside the output.
    """

    lines: tuple[str, ...] = ()
    note: str = ""

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the lines."""
        for line in self.lines:
            say(line, out)

    def notes(self, *, json: bool) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """Return the note."""
        return (f"note: {self.note}",) if self.note else ()


def run(
    configured: Configured,
    clients: Online,
    *,
    lock: str | None = None,
    installer_script: bool = False,
    if_used: bool = False,
) -> Installed:
    """Install the locked build, the one that `lock` names, or run CodeScene's own installer.

    Raises:
        ToolError, UsageError: as of `Installation`.
    """
    chosen = configured.settings.codescene
    if if_used and not (chosen.upload and chosen.via != "rest"):
        return Installed(("uploads do not use cs-coverage, so nothing is installed",))
    if chosen.via == "auto" and not (lock or installer_script or cs_coverage.pinned(configured)):
        missing = f"no build of cs-coverage is pinned for {cs_coverage.machine()}, so uploads go by REST"
        return Installed(note=f"{missing}; `covlane install-cs-coverage --lock BUILD` pins one")
    with clients.progress("cs-coverage", pieces=False) as progress:
        installation = Installation(configured, clients.environ, clients.http, progress)
        if installer_script:
            clients.say("CodeScene's own installer is used: its build is not pinned, and no hash is checked")
            return Installed((installation.script(),))
        build, path = installation.build(lock)
    lines = [f"cs-coverage {build.version} ({build.build}) for {build.platform}: {path}"]
    if lock:
        lines.append(
            f"{cs_coverage.LOCK}: the SHA-256 is {build.sha256}; if no lock knew it, it is trusted on first use"
        )
    return Installed(tuple(lines))


@dataclass(frozen=True, slots=True)
class Installation:
    """What installs for a repository; `progress` is called with the bytes so far and, where known, in all."""

    configured: Configured
    environ: Mapping[str, str]
    http: Http
    progress: Callable[[int, int | None], None]

    def build(self, name: str | None = None) -> tuple[Build, Path]:
        """Install the locked build, or the one that is named and then written into the repository's lock.

        A named build that no lock knows is trusted as it comes, once it has the right form.

        Raises:
            ToolError: none is locked for this machine, or it did not come as it should; nothing has changed then.
            UsageError: that is not the name of a build, or the address cannot be downloaded from.
        """
        known = cs_coverage.known(self.configured)
        if not name and not known:
            cause = f"no build of {cli.PROGRAM} is pinned for {cs_coverage.machine()}"
            digits = f"the 40 hex digits that `{cli.PROGRAM} version` prints"
            raise ToolError(cause, f"run `invoke install-cs-coverage --lock BUILD` with {digits}")
        build, entry = install.wanted(name or known[0].build, known)
        path = entry and store.place(entry.sha256, install.program(cs_coverage.machine()))
        if not entry or not path or not store.intact(path):
            entry, path = self._download(build, entry)
        if name:
            try:
                files.write_whole(
                    self.configured.root / cs_coverage.LOCK,
                    install.write_lock(cs_coverage.repository_lock(self.configured), entry),
                )
            except ReportError as error:
                raise ToolError(error.cause, error.remedy) from None
        return entry, path

    def script(self) -> str:
        """Run the vendor's installer as its manual says, without the token, and return what it printed.

        Raises:
            ToolError: it did not come whole, cannot run, or failed.
            UsageError: the address cannot be downloaded from.
        """
        with store.incoming() as folder:
            path = folder / install.SCRIPT
            store.receive(path, self._pieces(install.SCRIPT, install.MOST_SCRIPT), b"#!")
            argv = ["bash", str(path), "-y"]
            done = process.run(
                argv, cwd=self.configured.root, environ=cs_coverage.without_token(self.environ), timeout=600
            )
        if done.code != 0:
            words = shown(f"{done.stdout} {done.stderr}", token=HIDDEN)
            raise ToolError(f"{path.name} ended with exit code {done.code}: {words}", "fix what it reports")
        return done.stdout

    def _download(self, build: str, pinned: Build | None) -> tuple[Build, Path]:
        """Download a build, compare it with its entry, look into it, try it and keep it."""
        name, members = f"{cli.PROGRAM}-{cs_coverage.machine()}-{build}.zip", list[str]()
        with store.incoming() as folder:
            program = folder / install.program(cs_coverage.machine())
            digest = store.receive(folder / store.ARCHIVE, self._pieces(name, install.MOST_ARCHIVE), b"PK")
            if pinned and digest != pinned.sha256:
                cause = f"{name} has the SHA-256 {digest}, but the lock has {pinned.sha256}"
                raise ToolError(cause, "try again; if it persists, find out why another file is served")
            store.unpack(program, lambda all_: members.extend(install.members(all_, program.name, pinned)))
            version, found = cs_coverage.version(program, self.environ)
            if found != build or (pinned and version != pinned.version):
                cause = f"{name} contains {cli.PROGRAM} {version} ({found})"
                raise ToolError(cause, "pass the 40 hex digits of the build that you want to --lock")
            entry = Build(
                version=version,
                build=build,
                platform=cs_coverage.machine(),
                sha256=digest,
                members=tuple(members),
            )
            return entry, store.keep(program, digest)

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        so_far = 0
        base = self.configured.settings.codescene.downloads.rstrip("/")
        for piece, total in self.http.download(f"{base}/{name}", most=most):
            so_far += len(piece)
            self.progress(so_far, total)
            yield piece
