"""What the comment's job finds where the run's artifact should be: one plain file, or it is refused unread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from covlane.commands import comment
from covlane.commands.comment import RELAYED
from covlane.config import settings
from covlane.connections import online
from covlane.errors import CovlaneError
from covlane.formats.evidence import write_verdict
from sample_site import agreeing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that the artifact is put into, with a good archive beside it."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "event.json").write_text(json.dumps({"workflow_run": {"id": 1}}))
    with zipfile.ZipFile(tmp_path / "good.zip", "w") as packed:
        packed.writestr("verdict.json", write_verdict(agreeing()))
    relayed = tmp_path / "reports" / RELAYED
    relayed.mkdir(parents=True)
    return relayed


def relay(folder: Path) -> tuple[str, list[str]]:
    """Return why it was refused, and what was said."""
    root, said = folder.parents[1], list[str]()
    environ = {"GITHUB_EVENT_PATH": str(root / "event.json")}
    try:
        configured = settings.load(root, environ)
        with online.connect(configured, environ, said.append) as clients:
            comment.relay(configured, clients)
    except CovlaneError as error:
        return error.cause, said
    return "", said


def link(folder: Path) -> None:
    (folder / "verdict.zip").symlink_to(folder.parents[1] / "good.zip")


def link_in_a_folder(folder: Path) -> None:
    (folder / "a").mkdir()
    link(folder / "a" / "..")
    (folder / "verdict.zip").rename(folder / "a" / "verdict.zip")


def dangling_link(folder: Path) -> None:
    (folder / "verdict.zip").symlink_to("nowhere")


def linked_folder(folder: Path) -> None:
    (folder / "a").symlink_to(folder.parents[1])


def link_beside_a_file(folder: Path) -> None:
    (folder / "verdict.zip").write_bytes((folder.parents[1] / "good.zip").read_bytes())
    linked_folder(folder)


def folder_that_is_a_link(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to(folder.parents[1])


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "verdict.zip")


@pytest.mark.parametrize(
    "put",
    [link, link_in_a_folder, dangling_link, linked_folder, link_beside_a_file, folder_that_is_a_link, pipe],
)
def test_what_is_not_one_plain_file_is_refused(folder: Path, put: Callable[[Path], None]) -> None:
    put(folder)
    assert relay(folder) == ("the run's artifact is refused: it is not one file", [])


def test_one_plain_file_is_read(folder: Path) -> None:
    (folder / "verdict.zip").write_bytes((folder.parents[1] / "good.zip").read_bytes())
    assert relay(folder)[0] == "GITHUB_TOKEN is not set, so nothing was sent"


def test_without_an_artifact_there_is_nothing_to_comment(folder: Path) -> None:
    assert relay(folder) == ("", ["the run left no verdict, so there is nothing to comment"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_memory_beyond_the_limit_is_a_memory_error_and_the_limit_ends() -> None:
    program = (
        "import resource\n"
        "from covlane.adapters import memory\n"
        "before = resource.getrlimit(resource.RLIMIT_AS)\n"
        "with memory.limited(1 << 30):\n"
        "    try: bytearray(1 << 30)\n"
        "    except MemoryError: print('refused')\n"
        "    with memory.limited(1 << 40): print(resource.getrlimit(resource.RLIMIT_AS)[0] == 1 << 30)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS) == before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["refused", "True", "True"]
