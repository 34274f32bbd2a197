"""`install-cs-coverage`: the locked build, downloaded, compared, tried and kept for this user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters import files, process, store
from covlane.clients.codescene import cli, install
from covlane.clients.codescene.install import Build
from covlane.clients.wording import HIDDEN, shown
from covlane.errors import ReportError, ToolError
from covlane.workspace import cs_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from covlane.adapters.http import Http
    from covlane.config.settings import Configured


@dataclass(frozen=True, slots=True)
class Installation:
    """What installs for a repository; `seen` is told the bytes so far, and in all where that is known."""

    configured: Configured
    environ: Mapping[str, str]
    http: Http
    seen: Callable[[int, int | None], None]

    def build(self, name: str | None = None) -> tuple[Build, Path]:
        """Install the locked build, or the one that is named and then written into the repository's lock.

        A named build that no lock knows is trusted as it comes, once it has the right form.

        Raises:
            ToolError: none is locked for this machine, or it did not come as it should; nothing has changed then.
            UsageError: the name is none of a build, or the address none to download from.
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
                    install.write_lock(cs_coverage.own_lock(self.configured), entry),
                )
            except ReportError as error:
                raise ToolError(error.cause, error.remedy) from None
        return entry, path

    def script(self) -> str:
        """Run the vendor's installer as its manual says, without the token, and return what it printed.

        Raises:
            ToolError: it did not come whole, cannot run, or failed.
            UsageError: the address is none to download from.
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
            raise ToolError(f"{path.name} ended with exit code {done.code}: {words}", "mend what it names")
        return done.stdout

    def _download(self, build: str, pinned: Build | None) -> tuple[Build, Path]:
        """Download a build, compare it with its entry, look into it, try it and keep it."""
        name, held = f"{cli.PROGRAM}-{cs_coverage.machine()}-{build}.zip", list[str]()
        with store.incoming() as folder:
            program = folder / install.program(cs_coverage.machine())
            digest = store.receive(folder / store.ARCHIVE, self._pieces(name, install.MOST_ARCHIVE), b"PK")
            if pinned and digest != pinned.sha256:
                cause = f"{name} has the SHA-256 {digest}, and {pinned.sha256} is locked"
                raise ToolError(cause, "try again; if it stays so, find out why another file is served")
            store.unpack(program, lambda all_: held.extend(install.members(all_, program.name, pinned)))
            version, said = cs_coverage.says(program, self.environ)
            if said != build or (pinned and version != pinned.version):
                cause = f"{name} holds {cli.PROGRAM} {version} ({said})"
                raise ToolError(cause, "lock the build that you want by its 40 hex digits")
            entry = Build(
                version=version,
                build=build,
                platform=cs_coverage.machine(),
                sha256=digest,
                members=tuple(held),
            )
            return entry, store.keep(program, digest)

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        so_far = 0
        base = self.configured.settings.codescene.downloads.rstrip("/")
        for piece, total in self.http.download(f"{base}/{name}", most=most):
            so_far += len(piece)
            self.seen(so_far, total)
            yield piece
