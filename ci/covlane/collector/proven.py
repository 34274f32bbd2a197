"""Canaries that came back: one more that nothing distinguishes from such a one would tell nothing new.

How a canary fares is decided by the collector and the engine, which have a cache of their own, by the interpreter and
the system, by the leg's plan and the run's flags, by the variables that Python, the loader, pytest and
coverage.py heed, by what is installed, and by the content of all that any process of the canary loads.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import platform
import sys
import sysconfig
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from .cache import Cache
from .sources import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .plan import Plan

HEEDED = ("PYTHON", "PYTEST", "COVERAGE_", "COV_", "LD_", "DYLD_")
#: In the canary's folder: the files of the modules of each process that ran pytest, as its conftest listed them.
LOADED = "*.loaded"
CONFTEST = """\
import json, os, sys


def pytest_unconfigure():
    found = {getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values())}
    with open(os.path.join(os.path.dirname(__file__), f"{os.getpid()}.loaded"), "w") as file:
        json.dump([path for path in found if isinstance(path, str)], file)
"""


class Proven:
    """The flags with which a canary of this leg came back."""

    def __init__(self, plan: Plan) -> None:
        self._cache = Cache(plan.cache)
        self._key = self._cache.key(b"", "canary", *_conditions(plan))
        kept: dict[str, dict[str, bytes]] = self._cache.get(self._key) or {}
        #: What was loaded with each.
        self._kept = {flags: files for flags, files in kept.items() if _are_as_they_were(files)}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def __contains__(self, flags: list[str]) -> bool:
        return json.dumps(flags) in self._kept

    def add(self, flags: list[str], folder: str) -> None:
        """Keep that the canary in a folder came back, unless it cannot be told what it loaded."""
        with contextlib.suppress(OSError, ValueError):
            if files := _digests(_loaded(folder)):
                self._cache.put(self._key, {**self._kept, json.dumps(flags): files})


def _conditions(plan: Plan) -> Iterator[Any]:
    yield sys.version, sys.prefix, platform.platform()
    yield plan.branch, plan.subprocess, plan.isolation
    yield sorted(item for item in os.environ.items() if item[0].startswith(HEEDED))  # noqa: TID251
    for folder in sys.path:
        with contextlib.suppress(OSError):  # what cannot be read cannot be loaded
            names = [name for name in os.listdir(folder) if not name.startswith("_covlane_")]
            # Versions aside, of which a project's own may change with each commit: content tells what matters.
            yield sorted({name.partition("-")[0] for name in names})
            yield sorted(read(os.path.join(folder, name)) for name in names if name.endswith(".pth"))
            points = [
                os.path.join(folder, name, "entry_points.txt") for name in names if name.endswith("-info")
            ]
            yield sorted(read(path) for path in points if os.path.exists(path))


def _loaded(folder: str) -> list[str]:
    """Return the files that the canary in a folder loaded modules from, its own and Python's aside."""
    found: set[str] = set()
    for path in glob.glob(os.path.join(glob.escape(folder), LOADED)):
        found.update(json.loads(read(path)))
    own, python = os.path.realpath(folder) + os.sep, sysconfig.get_path("stdlib") + os.sep
    others = [path for path in sorted(found) if not path.startswith(python) or "-packages" in path]
    return [path for path in others if not os.path.realpath(path).startswith(own)]


def _digests(paths: list[str]) -> dict[str, bytes]:
    return {path: blake2b(read(path), digest_size=16).digest() for path in paths}


def _are_as_they_were(files: dict[str, bytes]) -> bool:
    try:
        return files == _digests(list(files))
    except OSError:
        return False
