"""Fragments and sources to the leg's report, in a fresh interpreter, after pytest has gone."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import sys
import time
import warnings
from datetime import datetime, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Optional

from . import fragments, slip
from .plan import SCHEMA
from .sources import Sources

if TYPE_CHECKING:
    from .plan import Plan

#: Seconds that processes which outlive pytest have to end.
GRACE = 5.0
#: pytest's exit codes after which not every test has run (pytest.ExitCode).
UNFINISHED = {
    2: "pytest was interrupted before every test had run",
    3: "pytest stopped at an internal error",
    4: "pytest refused its command line",
    5: "pytest found no tests",
}


def finish(plan: Plan, status: int, arguments: list[str]) -> None:
    """Write the leg's report.

    Args:
        plan: the leg.
        status: how pytest's process ended: its exit code, or minus the signal that killed it.
        arguments: pytest's.
    """
    warnings.simplefilter("ignore")
    found, reasons = _await_stragglers(plan.folder)
    reasons += fragments.failures(plan.folder) + _ends(found, status)
    seen: dict[str, tuple[set[int], set[slip.Branch]]] = {}
    for fragment in found:
        for path, (lines, branches) in fragment.files.items():
            into = seen.setdefault(path, (set(), set()))
            into[0].update(lines)
            into[1].update((pair[0], pair[1]) for pair in branches)
    unmarked = {path: why for fragment in found for path, why in fragment.unmarked.items()}
    files, notes = _files(plan, seen, unmarked)
    stamp = _stamp(plan, found, status, arguments)
    stamp.update(complete=not reasons, reasons=[_printable(reason) for reason in reasons], **notes)
    timestamp = datetime.now(timezone.utc).isoformat(timespec="seconds")
    report = slip.document(files, branch=plan.branch, timestamp=timestamp)
    report["covlane"] = stamp
    temporary = plan.output + ".part"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(report, file, separators=(",", ":"))
    os.replace(temporary, plan.output)


def _await_stragglers(folder: str) -> tuple[list[fragments.Fragment], list[str]]:
    """Read the fragments, once the processes that still run have ended or had their time to."""
    deadline = time.monotonic() + GRACE
    while True:
        found, broken = fragments.read_all(folder)
        alive = any(not item.ended and _is_alive(item.pid) for item in found)
        if not alive or time.monotonic() > deadline:
            return found, broken
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _files(
    plan: Plan, seen: dict[str, Any], unmarked: dict[str, str]
) -> tuple[dict[str, dict[str, object]], dict[str, Any]]:
    """Return SlipCover's entry for each source, and the notes on files that could not be measured whole."""
    sources = Sources(plan.root, plan.source, plan.omit)
    reader = slip.Reader(branch=plan.branch, exclude=plan.exclude)
    files: dict[str, dict[str, object]] = {}
    notes: dict[str, dict[str, str]] = {"unbranched": {}, "unparsable": {}}
    for path in sources.walk():
        name = sources.name(path) or path
        if _printable(name) != name:
            notes["unparsable"][_printable(name)] = "its name is not UTF-8"
            continue
        try:
            with open(path, "rb") as file:
                content = file.read()
            able = reader.executable(content, path)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notes["unparsable"][name] = f"{type(error).__name__}: {error}"
            continue
        ran, taken = seen.get(path, (set(), set()))
        # Branches that no process could have seen are unknown, not missed.
        why = able.unmarked or ("" if taken else unmarked.get(path))
        if why:
            notes["unbranched"][name] = why
            able.branches.clear()
        entry: dict[str, object] = {
            "executed_lines": sorted(ran & able.lines),
            "missing_lines": sorted(able.lines - ran),
        }
        if plan.branch:
            entry["executed_branches"] = sorted(taken & able.branches)
            entry["missing_branches"] = sorted(able.branches - taken)
        entry["digest"] = blake2b(content, digest_size=16).hexdigest()
        files[name] = entry
    return dict(sorted(files.items())), notes


def _ends(found: list[fragments.Fragment], status: int) -> list[str]:
    """Return a sentence for each thing that was started and is not in the report."""
    reasons = []
    if status < 0:
        reasons.append(f"pytest was killed by {_signal(-status)}")
    elif status in UNFINISHED:
        reasons.append(UNFINISHED[status])
    elif not any(fragment.pytest for fragment in found):
        reasons.append("pytest ended without finishing its session")
    if not found:
        reasons.append("no process of this leg reported: pytest ended before it began")
    for fragment in found:
        if not fragment.ended:
            by = f", started by {fragment.test}" if fragment.test else ""
            reasons.append(f"process {fragment.pid} never reported its end{by}: {shlex.join(fragment.argv)}")
        stopped = (fragment.pytest or {}).get("stopped")
        if stopped and status not in UNFINISHED:
            reasons.append(f"pytest ended early: {stopped}")
    return reasons


def _printable(text: str) -> str:
    """Return text that UTF-8 can carry: what the system gave as other bytes is shown escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _stamp(plan: Plan, found: list[fragments.Fragment], status: int, arguments: list[str]) -> dict[str, Any]:
    witness: Optional[dict[str, Any]] = next((item.pytest for item in found if item.pytest), None)
    tools = dict(plan.tools, slipcover=slip.VERSION)
    if witness:
        tools["pytest"] = witness["version"]
    return {
        "schema": SCHEMA,
        "leg": plan.leg,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": sys.platform,
        "commit": plan.commit,
        "dirty": plan.dirty,
        "tools": tools,
        "isolation": plan.isolation,
        "workers": plan.workers,
        "shard": None,
        "exit_code": status,
        "counts": witness["counts"] if witness else {},
        "processes": {"started": len(found), "reported": sum(item.ended for item in found)},
        "argv": ["pytest", *map(_printable, arguments)],
    }
