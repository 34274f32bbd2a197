"""`install-cs-coverage`: real downloads and real programs; whatever goes wrong, what was installed still is."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from covlane.adapters.http import Http
from covlane.clients.codescene import install
from covlane.commands import install_cs_coverage
from covlane.config import settings
from covlane.errors import ToolError, UsageError
from covlane.workspace import cs_coverage
from downloads import BUILD, MEMBERS, Downloads, answer, archive, entry, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from covlane.clients.codescene.install import Build

TOKEN = "t0k3n-of-the-test"
OTHER = "f" * 40


@dataclass
class Machine:
    """A repository and a user's cache; `seen` is what a download told of itself."""

    root: Path
    cache: Path
    downloads: Downloads
    seen: list[tuple[int, int | None]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.root / "calls"

    @property
    def lock(self) -> Path:
        return self.root / "cs-coverage.lock"

    @property
    def configured(self) -> settings.Configured:
        return settings.load(self.root, {"COVLANE_CODESCENE_DOWNLOADS": self.downloads.url})

    @property
    def calls(self) -> list[tuple[list[str], dict[str, str]]]:
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]

    def locks(self, *builds: Build) -> None:
        self.lock.write_bytes(install.write_lock(builds[1:], builds[0]))

    def serves(self, packed: bytes, build: str = BUILD) -> None:
        """Serve an archive, and lock it."""
        self.downloads.holds(packed, build)
        self.locks(entry(packed, build))

    def has_an_older_one(self) -> Path:
        """Install another build, then lock and serve the usual one."""
        self.serves(archive(program(self.log, says=f"cs-coverage version 1.2.3 ({OTHER})")), OTHER)
        _, path = self.install()
        self.serves(archive(program(self.log)))
        return path

    @contextmanager
    def installation(self) -> Iterator[install_cs_coverage.Installation]:
        environ = {"PATH": os.environ["PATH"], "CS_ACCESS_TOKEN": TOKEN, "GITHUB_TOKEN": "another-secret"}
        with closing(Http(timeouts=(5, 5), backoff=0)) as http:
            yield install_cs_coverage.Installation(
                self.configured, environ, http, lambda *counts: self.seen.append(counts)
            )

    def install(self, name: str | None = None) -> tuple[Build, Path]:
        with self.installation() as acting:
            return acting.build(name)

    def run_script(self) -> str:
        with self.installation() as acting:
            return acting.script()

    def leftovers(self) -> list[str]:
        return [path.name for path in (self.cache / "covlane").glob("incoming*")]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    cache = tmp_path / "a cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    root = tmp_path / "repository"
    root.mkdir()
    (root / "one.py").touch()
    with Downloads() as downloads:
        yield Machine(root, cache, downloads)


# What is installed


def test_the_pinned_build_is_checked_tried_and_placed_by_its_hash(machine: Machine) -> None:
    packed = archive(program(machine.log))
    machine.serves(packed)
    build, path = machine.install()
    assert build == entry(packed)
    assert path == machine.cache / "covlane" / build.sha256 / "cs-coverage"
    assert path.read_bytes() == program(machine.log)
    assert os.access(path, os.X_OK)
    assert [arguments for arguments, _ in machine.calls] == [["version"]]
    assert machine.seen[-1] == (len(packed), len(packed))
    assert machine.leftovers() == []


def test_a_second_time_nothing_is_asked_and_nothing_runs(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    first = machine.install()
    machine.downloads.requests.clear()
    machine.downloads.files.clear()
    assert machine.install() == first
    assert machine.downloads.requests == []
    assert len(machine.calls) == 1


def test_neither_the_server_nor_the_program_is_told_a_secret(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = machine.root / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    machine.serves(archive(program(machine.log)))
    machine.install()
    assert "authorization" not in machine.downloads.requests[0][1]
    told = machine.calls[0][1]
    assert told["CS_DISABLE_VERSION_CHECK"] == "1"
    assert "CS_ACCESS_TOKEN" not in told
    assert {TOKEN, "another-secret"}.isdisjoint(told.values())


def test_a_damaged_program_is_not_used_and_is_replaced(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    _, path = machine.install()
    path.write_bytes(program(machine.log, says="something else"))
    with pytest.raises(ToolError, match="differs from its archive"):
        cs_coverage.located(machine.configured)
    machine.install()
    assert path.read_bytes() == program(machine.log)
    assert cs_coverage.located(machine.configured) == path


def test_a_program_that_came_with_another_archive_is_not_used(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    _, path = machine.install()
    other = program(machine.log, says="something else")
    path.write_bytes(other)
    (path.parent / "archive.zip").write_bytes(archive(other))
    with pytest.raises(ToolError, match="differs from its archive"):
        cs_coverage.located(machine.configured)


def test_many_may_install_at_once(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    gate = threading.Barrier(3)

    def together(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        gate.wait()
        answer(handler, content)

    def install_one(_number: int) -> int:
        return covlane_command(machine, "install-cs-coverage").returncode

    machine.downloads.fault = together
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(install_one, range(3))) == [0, 0, 0]
    assert cs_coverage.located(machine.configured) is not None


# What is refused


def html(handler: BaseHTTPRequestHandler, _content: bytes) -> None:
    answer(handler, b"<!DOCTYPE html>\n<title>Log in</title>", headers={"Content-Type": "text/html"})


def cut(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content[:-9], length=len(content))


def cut_unannounced(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content[:-9], length=None)


def cut_chunk(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.protocol_version = "HTTP/1.1"
    answer(handler, b"ff\r\n" + content[:9], length=None, headers={"Transfer-Encoding": "chunked"})
    handler.close_connection = True


def empty(handler: BaseHTTPRequestHandler, _content: bytes) -> None:
    answer(handler, b"")


def altered(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content[:60] + bytes([content[60] ^ 1]) + content[61:])


def reset(handler: BaseHTTPRequestHandler, _content: bytes) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(handler.connection.detach())


def missing(handler: BaseHTTPRequestHandler, _content: bytes) -> None:
    answer(handler, b"", 404)


def elsewhere(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content, 302, headers={"Location": "https://evil.example.com/cs-coverage.zip?secret"})


def another_port(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content, 302, headers={"Location": "http://127.0.0.1:9/cs-coverage.zip"})


def in_circles(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content, 301, headers={"Location": handler.path})


def no_address(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content, 301, headers={"Location": "http://[::1/"})


def endless(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content * 400, length=None)


def huge(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(handler, content, length=1 << 40)


FAULTS = [
    (html, r"the download begins with b'<!DOCTYPE html>\\n<title>Log in</title>', not with b'PK'"),
    (cut, "broke the connection off"),
    (cut_unannounced, "has the SHA-256 [0-9a-f]{64}, but the lock has [0-9a-f]{64}"),
    (cut_chunk, "broke the connection off"),
    (empty, "the download begins with b'', not with b'PK'"),
    (altered, "has the SHA-256 [0-9a-f]{64}, but the lock has [0-9a-f]{64}"),
    (reset, "broke the connection off"),
    (missing, r"answered 404 for /cli/cs-coverage-.*-[0-9a-f]{40}\.zip\n"),
    (elsewhere, r"answered 302 for /cli/cs-coverage.*, a redirect to evil\.example\.com\n"),
    (another_port, "a redirect to 127.0.0.1"),
    (in_circles, r"answered 301 .*, a redirect\n"),
    (no_address, "cannot be asked"),
    (endless, "sends more than 100,000 bytes"),
    (huge, "sends more than 100,000 bytes"),
]


@pytest.mark.parametrize(("fault", "cause"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_download_that_is_not_whole_changes_nothing(
    machine: Machine,
    fault: Callable[[BaseHTTPRequestHandler, bytes], None],
    cause: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = machine.has_an_older_one()
    monkeypatch.setattr(install, "MOST_ARCHIVE", 100_000)
    machine.downloads.fault = fault
    with pytest.raises(ToolError, match=cause) as caught:
        machine.install()
    assert caught.value.exit_code == 6
    assert len(str(caught.value).splitlines()) == 2
    assert older.read_bytes() == program(machine.log, says=f"cs-coverage version 1.2.3 ({OTHER})")
    assert [path.name for path in (machine.cache / "covlane").iterdir()] == [older.parent.name]
    assert len(machine.calls) == 1


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nPK", b"HTTP/1.1 200 "]
)
def test_a_download_that_drips_is_given_up_although_each_byte_is_in_time(
    machine: Machine, beginning: bytes
) -> None:
    ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler, _content: bytes) -> None:
        with suppress(OSError):
            handler.wfile.write(beginning)
            while not ended.wait(0.02):
                handler.wfile.write(b"x")

    machine.serves(archive(program(machine.log)))
    machine.downloads.fault = drip
    with (
        closing(Http(timeouts=(5, 5), retries=0, deadline=0.5)) as http,
        pytest.raises(ToolError, match=r"did not end within 0\.5 seconds"),
    ):
        install_cs_coverage.Installation(machine.configured, {}, http, lambda *_: None).build()
    ended.set()
    assert machine.leftovers() == []


@pytest.mark.parametrize(
    "base", ["http://example.com", "https://me:pw@example.com", "ftp://127.0.0.1", "cli"]
)
def test_nothing_is_downloaded_from_a_doubtful_address(machine: Machine, base: str) -> None:
    machine.serves(archive(program(machine.log)))
    machine.downloads.url = base
    with pytest.raises(UsageError, match="nothing is downloaded from") as caught:
        machine.install()
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("says", "code", "cause"),
    [
        (f"cs-coverage version 1.2.3 ({OTHER})", 0, rf"contains cs-coverage 1\.2\.3 \({OTHER}\)"),
        (f"cs-coverage version 1.2.4 ({BUILD})", 0, rf"contains cs-coverage 1\.2\.4 \({BUILD}\)"),
        (f"cs-coverage version 1.2.3 ({BUILD})", 3, "ended with exit code 3"),
        ("\x1b[2Jcs-coverage 1.2.3", 0, r"printed: \[2Jcs-coverage 1\.2\.3"),
        ("", 0, "printed: nothing"),
    ],
)
def test_a_program_that_says_something_else_of_itself_is_not_installed(
    machine: Machine, says: str, code: int, cause: str
) -> None:
    older = machine.has_an_older_one()
    machine.serves(archive(program(machine.log, says=says, code=code) + b"#"))
    with pytest.raises(ToolError, match=cause):
        machine.install()
    assert [path.name for path in (machine.cache / "covlane").iterdir()] == [older.parent.name]


def test_a_program_for_another_machine_is_one_sentence(machine: Machine) -> None:
    machine.serves(archive(b"\x7fELF of another machine"))
    with pytest.raises(ToolError, match="cs-coverage cannot be run: Exec format error"):
        machine.install()


def test_a_link_in_the_place_of_the_program_is_not_followed(machine: Machine) -> None:
    path = machine.root / "made.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        link = zipfile.ZipInfo("cs-coverage")
        link.external_attr = 0o120777 << 16
        bundle.writestr(link, "/etc/passwd")
        for name in MEMBERS[1:]:
            bundle.writestr(name, "")
    machine.serves(path.read_bytes())
    with pytest.raises(ToolError, match="a link or another non-regular file"):
        machine.install()
    assert not machine.log.exists()


def test_a_member_that_climbs_is_written_nowhere(machine: Machine) -> None:
    machine.downloads.holds(archive(program(machine.log), "cs-coverage", "../../../climbed"))
    with pytest.raises(ToolError, match="contains other files"):
        machine.install(BUILD)
    assert not list(machine.root.parent.rglob("climbed"))
    assert not machine.log.exists()


@pytest.mark.parametrize("at", [10, -30], ids=["member", "directory"])
def test_a_damaged_archive_that_nobody_pinned_is_one_sentence(machine: Machine, at: int) -> None:
    packed = bytearray(archive(program(machine.log)))
    packed[at:] = packed[at:][::-1]
    machine.downloads.holds(bytes(packed))
    with pytest.raises(ToolError, match="the archive cannot be unpacked"):
        machine.install(BUILD)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_disk_that_takes_no_more_leaves_what_was_there(machine: Machine) -> None:
    older = machine.has_an_older_one()
    # Past this size a write fails as on a full disk; the compressed archive fits, the program does not.
    big = program(machine.log) + b"#" * 200_000
    machine.serves(archive(big))
    done = covlane_command(machine, "install-cs-coverage", limit=50_000)
    assert done.returncode == 6, done.stderr
    assert "cannot be written to: File too large" in done.stderr
    assert [path.name for path in (machine.cache / "covlane").iterdir()] == [older.parent.name]
    assert machine.install()[1].read_bytes() == big


def test_a_cache_that_is_no_folder_is_one_sentence(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    machine.cache.write_text("")
    with pytest.raises(ToolError, match="covlane cannot be written to: Not a directory"):
        machine.install()


def test_what_the_vendor_s_script_installed_is_found_without_a_word_in_path(
    machine: Machine, tmp_path: Path
) -> None:
    vendors = tmp_path / "home" / ".local" / "bin"
    environ = {"PATH": "/bin", "HOME": str(tmp_path / "home")}
    assert cs_coverage.on_path(machine.configured, environ) == environ
    vendors.mkdir(parents=True)
    (vendors / "cs-coverage").write_bytes(program(machine.log))
    assert cs_coverage.on_path(machine.configured, environ) == environ
    (vendors / "cs-coverage").chmod(0o755)
    assert cs_coverage.on_path(machine.configured, environ)["PATH"] == f"/bin{os.pathsep}{vendors}"
    assert cs_coverage.on_path(machine.configured, {"HOME": environ["HOME"]})["PATH"] == str(vendors)
    # What a person put on PATH comes before it, and the locked one before both.
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    (chosen / "cs-coverage").write_bytes(program(machine.log))
    (chosen / "cs-coverage").chmod(0o755)
    other = {**environ, "PATH": str(chosen)}
    assert cs_coverage.on_path(machine.configured, other) == other
    machine.serves(archive(program(machine.log)))
    _, locked = machine.install()
    assert cs_coverage.on_path(machine.configured, environ)["PATH"] == f"{locked.parent}{os.pathsep}/bin"


ARM = "import platform; platform.machine, platform.system = lambda: 'aarch64', lambda: 'Linux'\n"


def test_a_machine_without_a_pinned_build_goes_by_rest_and_says_so(machine: Machine) -> None:
    done = covlane_command(machine, "install-cs-coverage", first=ARM)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "no build of cs-coverage is pinned for linux-aarch64, so uploads go by REST" in done.stderr
    assert machine.downloads.requests == []
    done = covlane_command(machine, "install-cs-coverage", first=ARM, COVLANE_CODESCENE_VIA="cli")
    assert done.returncode == 6


def test_a_machine_without_a_pinned_build_is_told_how_to_lock_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(ToolError, match="no build of cs-coverage is pinned for linux-riscv64") as caught:
        machine.install()
    assert "--lock BUILD" in caught.value.remedy
    assert machine.downloads.requests == []


def test_a_lock_that_cannot_be_read_is_not_passed_over(machine: Machine) -> None:
    machine.lock.write_text("<<<<<<< ours\n")
    with pytest.raises(UsageError, match=r"cs-coverage\.lock is not a lock"):
        machine.install()


# Locking


def test_locking_a_build_writes_what_came(machine: Machine) -> None:
    packed = archive(program(machine.log))
    machine.downloads.holds(packed)
    assert machine.install(BUILD)[0] == entry(packed)
    machine.downloads.files.clear()
    assert machine.install()[0] == entry(packed)


def test_locking_keeps_the_entries_of_other_platforms(machine: Machine) -> None:
    other = install.Build(
        version="1.2.2", build=OTHER, platform="windows-amd64", sha256="a" * 64, members=("cs-coverage.exe",)
    )
    machine.locks(other)
    packed = archive(program(machine.log))
    machine.downloads.holds(packed)
    machine.install(BUILD)
    assert set(install.read_lock(machine.lock.read_bytes(), "lock")) == {other, entry(packed)}


def test_a_build_that_is_locked_is_not_trusted_anew(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    former = machine.lock.read_bytes()
    machine.downloads.holds(archive(program(machine.log) + b"#"))
    with pytest.raises(ToolError, match="but the lock has"):
        machine.install(BUILD)
    with pytest.raises(ToolError, match="but the lock has"):
        machine.install("1.2.3")
    assert machine.lock.read_bytes() == former


@pytest.mark.parametrize("fault", [html, cut, missing, cut_unannounced])
def test_a_lock_is_written_whole_or_not_at_all(
    machine: Machine, fault: Callable[[BaseHTTPRequestHandler, bytes], None]
) -> None:
    machine.has_an_older_one()
    former = machine.lock.read_bytes()
    machine.downloads.holds(archive(program(machine.log)), "a" * 40)
    machine.downloads.fault = fault
    with pytest.raises(ToolError):
        machine.install("a" * 40)
    assert machine.lock.read_bytes() == former


def test_the_repository_s_lock_comes_before_the_shipped_one(machine: Machine) -> None:
    machine.locks(entry(b"", OTHER))
    pinned = cs_coverage.pinned(machine.configured)
    assert pinned is not None
    assert pinned.build == OTHER


# Finding it


def test_the_installed_one_is_found_before_what_path_has(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    _, path = machine.install()
    older = machine.root / "bin" / "cs-coverage"
    older.parent.mkdir()
    shutil.copy(path, older)
    told = cs_coverage.on_path(machine.configured, {"PATH": str(older.parent)})
    assert shutil.which("cs-coverage", path=told["PATH"]) == str(path)


def test_without_an_installed_one_path_stays_as_it_is(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    environ = {"PATH": "/bin"}
    assert cs_coverage.on_path(machine.configured, environ) == environ


# The vendor's own installer


SCRIPT = b'#!/bin/bash\nenv | sort; echo "arguments: $*"\n'


def test_the_vendor_s_script_runs_as_its_manual_says_without_the_token(machine: Machine) -> None:
    machine.downloads.files["/cli/install-cs-coverage-tool.sh"] = SCRIPT
    printed = machine.run_script()
    assert "arguments: -y" in printed
    assert TOKEN not in printed
    assert machine.leftovers() == []


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (b"<html>", "the download begins with b'<html>', not with b'#!'"),
        (b"#!/bin/bash\necho no room >&2; exit 4\n", "ended with exit code 4: no room"),
    ],
)
def test_a_script_that_fails_is_one_sentence(machine: Machine, script: bytes, cause: str) -> None:
    machine.downloads.files["/cli/install-cs-coverage-tool.sh"] = script
    with pytest.raises(ToolError, match=cause):
        machine.run_script()


# As a command


def covlane_command(
    machine: Machine, *arguments: str, limit: int | None = None, first: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n" if limit else ""
    )
    ours = {
        "COVLANE_CODESCENE_DOWNLOADS": machine.downloads.url,
        "CS_ACCESS_TOKEN": TOKEN,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", f"{first}{code}from covlane.__main__ import main\nmain()", *arguments],
        cwd=machine.root,
        env=os.environ | ours | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_says_what_is_where(machine: Machine) -> None:
    machine.serves(archive(program(machine.log)))
    (machine.root / "pyproject.toml").touch()
    first = covlane_command(machine, "install-cs-coverage")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(
        f"cs-coverage 1.2.3 ({BUILD}) for {cs_coverage.machine()}: {machine.cache}"
    )
    assert first.stderr == ""
    assert covlane_command(machine, "install-cs-coverage").stdout == first.stdout


def test_locking_says_that_trust_is_on_first_use(machine: Machine) -> None:
    packed = archive(program(machine.log))
    machine.downloads.holds(packed)
    done = covlane_command(machine, "install-cs-coverage", "--lock", BUILD)
    assert done.returncode == 0, done.stderr
    assert f"SHA-256 is {entry(packed).sha256}" in done.stdout
    assert "trusted on first use" in done.stdout
    assert machine.lock.exists()


def test_the_script_s_risk_is_stated_before_it_runs(machine: Machine) -> None:
    machine.downloads.files["/cli/install-cs-coverage-tool.sh"] = SCRIPT
    done = covlane_command(machine, "install-cs-coverage", "--installer-script")
    assert done.returncode == 0, done.stderr
    assert "not pinned, and no hash is checked" in done.stdout.splitlines()[0]
    assert "arguments: -y" in done.stdout


def test_the_wheel_s_package_has_its_lock() -> None:
    lock = files("covlane.clients.codescene") / "cs-coverage.lock"
    assert lock.is_file()
