"""The pytest plugins that a leg loads by name: copies of modules of ours, beside the leg's `.pth` file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..leg.plan import Plan

HERE = os.path.dirname(os.path.abspath(__file__))
#: The names of `process.py` and `shard.py`.
PROCESS, SHARD = "_covlane_process", "_covlane_shard"


def place(plan: Plan, folder: str) -> None:
    """Put what a leg needs into a folder that every interpreter of its environment imports from."""
    for name, module in _needed(plan).items():
        import shutil  # few legs need any, and all would wait for it

        temporary = os.path.join(folder, f"{name}.{os.getpid()}")
        shutil.copyfile(os.path.join(HERE, module), temporary)
        os.replace(temporary, os.path.join(folder, f"{name}.py"))  # another leg may be reading it


def options(plan: Plan, path: str) -> list[str]:
    """Return pytest's options for a leg whose plan is at `path`."""
    names = [*_installed(plan), *_needed(plan)]
    if plan.engine == "slipcover-cli":
        names.append(f"{__package__}.slipcover_cli")
    if plan.contexts:
        names.append(f"{__package__}.contexts")
    loaded = [word for name in names for word in ("-p", name)]
    if plan.shard:
        from .shard import options as of_shard

        loaded += of_shard(path)
    return loaded


def _installed(plan: Plan) -> list[str]:
    """Return the plugins that the leg's mode needs: a suite may keep pytest from loading what it does not name."""
    return ["pytest_forked"] * (plan.isolation == "forked") + ["xdist"] * bool(plan.workers)


def _needed(plan: Plan) -> dict[str, str]:
    found = {}
    if plan.isolation == "process":
        found[PROCESS] = "process.py"
    if plan.shard:
        found[SHARD] = "shard.py"
    return found
