"""What each action does, with folders for GitHub's storage.

https://github.com/actions/upload-artifact and its neighbours say what is imitated here.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ActionError(Exception):
    """An action fails, and its step with it."""


@dataclass
class Storage:
    """What outlives a job: the artifacts of each run by its number, and the caches by their keys."""

    folder: Path
    caches: dict[str, Path] = field(default_factory=dict)

    def artifacts(self, run: int) -> Path:
        """Return the folder of a run's artifacts."""
        folder = self.folder / "artifacts" / str(run)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass
class Place:
    """Where a job's step acts."""

    workspace: Path
    origin: Path
    sha: str
    run: int
    storage: Storage
    may: dict[str, str]


def act(uses: str, given: dict[str, str], place: Place) -> None:
    """Do what an action does, by its name without a version; ActionError where it would fail."""
    ACTIONS[uses](given, place)


def _checkout(given: dict[str, str], place: Place) -> None:
    assert place.may.get("contents") == "read"
    assert given["persist-credentials"] == "false"
    shutil.rmtree(place.workspace, ignore_errors=True)
    depth = [] if given.get("fetch-depth") == "0" else ["--depth=1"]
    clone = ["git", "-c", "init.defaultBranch=main", "init", "--quiet", str(place.workspace)]
    subprocess.run(clone, check=True)

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=place.workspace, check=True, capture_output=True)

    git("remote", "add", "origin", place.origin.as_uri())
    branches = ["+refs/heads/*:refs/remotes/origin/*"] if not depth else []
    git("fetch", "--quiet", *depth, "origin", *branches, place.sha)
    git("checkout", "--quiet", "--detach", place.sha)
    git("remote", "set-url", "origin", "https://github.com/team/calc.git")


def _upload(given: dict[str, str], place: Place) -> None:
    paths = [re.sub(r"^(!?)\./", r"\1", path.strip()) for path in given["path"].split("\n")]
    wanted = [path.strip() for path in paths if path.strip() and not path.strip().startswith("!")]
    left_out = [path.strip()[1:].rstrip("/") for path in paths if path.strip().startswith("!")]
    root = Path(os.path.commonpath([_fixed(path) for path in wanted]))
    found = sorted({file for path in wanted for file in _files(place.workspace, path)})
    hidden = given.get("include-hidden-files") == "true"
    found = [
        file
        for file in found
        if not any(str(file).startswith(f"{out}/") for out in left_out)
        and (hidden or not any(part.startswith(".") for part in file.parts))
    ]
    if not found:
        if given.get("if-no-files-found") == "error":
            raise ActionError(f"no files were found with {given['path']}")
        return
    target = place.storage.artifacts(place.run) / given["name"]
    assert not set('":<>|*?\r\n\\/') & set(given["name"]), "no name of an artifact"
    shutil.rmtree(target, ignore_errors=True)
    for file in found:
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.workspace / file, copy)


def _fixed(path: str) -> str:
    """Return the folder that a pattern begins with."""
    parts = path.rstrip("/").split("/")
    wild = next((at for at, part in enumerate(parts) if "*" in part), len(parts))
    return "/".join(parts[:wild] if path.endswith("/") or wild < len(parts) else parts[:-1]) or "."


def _files(workspace: Path, path: str) -> list[Path]:
    pattern = path + "**/*" if path.endswith("/") else path
    return [file.relative_to(workspace) for file in workspace.glob(pattern) if file.is_file()]


def _download(given: dict[str, str], place: Place) -> None:
    run = int(given.get("run-id") or place.run)
    if run != place.run:
        assert place.may.get("actions") == "read", "another run's artifacts need a token that may read them"
        assert given["github-token"]
    folder, target = place.storage.artifacts(run), place.workspace / given["path"]
    names = sorted(path.name for path in folder.iterdir())
    if "name" in given:
        names = [name for name in names if name == given["name"]]
        if not names:
            raise ActionError(f"there is no artifact {given['name']}")
    else:
        names = [name for name in names if fnmatch.fnmatchcase(name, given["pattern"])]
        assert given["merge-multiple"] == "true"
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / f"{name}.zip")
        elif given.get("skip-decompress") == "true":
            with zipfile.ZipFile(target / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
                for file in sorted((folder / name).rglob("*")):
                    packed.write(file, file.relative_to(folder / name))
        else:
            shutil.copytree(folder / name, target, dirs_exist_ok=True)


def _restore(given: dict[str, str], place: Place) -> None:
    caches = place.storage.caches
    # The key, else the newest of the first prefix that any has.
    for prefix in (given["key"], *given["restore-keys"].split()):
        if found := [cache for key, cache in caches.items() if key.startswith(prefix)]:
            path = place.workspace / given["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if found[-1].is_dir() else shutil.copyfile)(found[-1], path)
            return


def _save(given: dict[str, str], place: Place) -> None:
    path, kept = place.workspace / given["path"], place.storage.folder / "caches" / given["key"]
    if path.exists() and given["key"] not in place.storage.caches:
        kept.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, kept)
        place.storage.caches[given["key"]] = kept


def _all_green(given: dict[str, str], place: Place) -> None:
    del place
    jobs: dict[str, Any] = json.loads(given["jobs"])
    if bad := [name for name, job in jobs.items() if job["result"] != "success"]:
        raise ActionError(f"not all green: {', '.join(bad)}")


def _nothing(given: dict[str, str], place: Place) -> None:
    """Provide what this machine has anyway."""


ACTIONS: dict[str, Callable[[dict[str, str], Place], None]] = {
    "actions/cache/restore": _restore,
    "actions/cache/save": _save,
    "actions/checkout": _checkout,
    "actions/download-artifact": _download,
    "actions/setup-python": _nothing,
    "actions/upload-artifact": _upload,
    "astral-sh/setup-uv": _nothing,
    "re-actors/alls-green": _all_green,
}
