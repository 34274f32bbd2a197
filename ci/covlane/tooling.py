"""The repository's cs-coverage with the real clients: which one is locked, where it is, and its installation."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files, process, store
from covlane.delivery.codescene import cli, install
from covlane.delivery.codescene.install import Build
from covlane.delivery.codescene.submission import CLOUD
from covlane.delivery.wording import HIDDEN, shown
from covlane.errors import ReportError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from covlane.adapters.http import Http
    from covlane.settings import Configured

#: The repository's own lock, to be committed; what it says of a platform comes before what covlane ships.
LOCK = "cs-coverage.lock"
#: Where CodeScene's own installer puts the program, below the home folder.
VENDORS = ".local/bin"


def machine() -> str:
    """Return this machine as cs-coverage's archives name it."""
    return install.platform(platform.system(), platform.machine())


def pinned(configured: Configured) -> Build | None:
    """Return the locked build for this machine; UsageError where a lock cannot be read."""
    return next(iter(_known(configured)), None)


def located(configured: Configured) -> Path | None:
    """Return where the locked cs-coverage is, if it is installed.

    Raises:
        ToolError: something else is in its place.
    """
    build = pinned(configured)
    path = build and store.place(build.sha256, install.program(machine()))
    if not path or not path.exists():
        return None
    if not store.intact(path):
        raise ToolError(f"{path} is not what its archive holds", "run `invoke install-cs-coverage`")
    return path


def on_path(configured: Configured, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return an environment in which cs-coverage is found.

    First comes the locked one, where it is installed, then what PATH has, and last what CodeScene's own installer put
    into a folder that few shells have on PATH.
    """
    if configured.settings.codescene.via == "rest":
        return environ
    path = environ.get("PATH", "")
    if locked := located(configured):
        return {**environ, "PATH": f"{locked.parent}{os.pathsep}{path}"}
    vendors = str(Path(environ.get("HOME") or Path.home(), VENDORS))
    if not shutil.which(cli.PROGRAM, path=path) and shutil.which(cli.PROGRAM, path=vendors):
        return {**environ, "PATH": f"{path}{os.pathsep}{vendors}" if path else vendors}
    return environ


def says(program: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Ask a cs-coverage, without a token, for its release number and its build; errors as of `install.says`."""
    return install.says(process.run([str(program), "version"], cwd=program.parent, environ=_told(environ)))


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
        known = _known(self.configured)
        if not name and not known:
            cause = f"no build of {cli.PROGRAM} is pinned for {machine()}"
            digits = f"the 40 hex digits that `{cli.PROGRAM} version` prints"
            raise ToolError(cause, f"run `invoke install-cs-coverage --lock BUILD` with {digits}")
        build, entry = install.wanted(name or known[0].build, known)
        path = entry and store.place(entry.sha256, install.program(machine()))
        if not entry or not path or not store.intact(path):
            entry, path = self._download(build, entry)
        if name:
            try:
                files.write_whole(
                    self.configured.root / LOCK, install.write_lock(_own(self.configured), entry)
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
            done = process.run(argv, cwd=self.configured.root, environ=_told(self.environ), timeout=600)
        if done.code != 0:
            words = shown(f"{done.stdout} {done.stderr}", token=HIDDEN)
            raise ToolError(f"{path.name} ended with exit code {done.code}: {words}", "mend what it names")
        return done.stdout

    def _download(self, build: str, pinned: Build | None) -> tuple[Build, Path]:
        """Download a build, compare it with its entry, look into it, try it and keep it."""
        name, held = f"{cli.PROGRAM}-{machine()}-{build}.zip", list[str]()
        with store.incoming() as folder:
            program = folder / install.program(machine())
            digest = store.receive(folder / store.ARCHIVE, self._pieces(name, install.MOST_ARCHIVE), b"PK")
            if pinned and digest != pinned.sha256:
                cause = f"{name} has the SHA-256 {digest}, and {pinned.sha256} is locked"
                raise ToolError(cause, "try again; if it stays so, find out why another file is served")
            store.unpack(program, lambda all_: held.extend(install.members(all_, program.name, pinned)))
            version, said = says(program, self.environ)
            if said != build or (pinned and version != pinned.version):
                cause = f"{name} holds {cli.PROGRAM} {version} ({said})"
                raise ToolError(cause, "lock the build that you want by its 40 hex digits")
            entry = Build(
                version=version, build=build, platform=machine(), sha256=digest, members=tuple(held)
            )
            return entry, store.keep(program, digest)

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        so_far = 0
        base = self.configured.settings.codescene.downloads.rstrip("/")
        for piece, total in self.http.download(f"{base}/{name}", most=most):
            so_far += len(piece)
            self.seen(so_far, total)
            yield piece


def _told(environ: Mapping[str, str]) -> dict[str, str]:
    told = cli.variables(environ, url=CLOUD, token="")
    return {name: value for name, value in told.items() if name != "CS_ACCESS_TOKEN"}


def _own(configured: Configured) -> tuple[Build, ...]:
    path = configured.root / LOCK
    return install.read_lock(files.read_bytes(path), LOCK) if path.exists() else ()


def _known(configured: Configured) -> list[Build]:
    """Return the builds for this machine that a lock knows, the repository's own first."""
    shipped = install.read_lock(files.read_bytes(install.SHIPPED), str(install.SHIPPED))
    return [build for build in (*_own(configured), *shipped) if build.platform == machine()]
