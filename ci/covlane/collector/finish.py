"""Fragments and sources to the leg's report, in an interpreter that pytest never ran in, after it has gone."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import sys
import warnings
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from . import attribution, selfcheck
from .engines import engine
from .instrument.sources import Sources
from .leg import cache, fragments
from .leg.plan import SCHEMA
from .leg.processes import REMEDY, by, cannot
from .pytest_plugins import shard as shard_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engines.worker_pool import WorkerPool
    from .leg.plan import Plan

#: How many of the processes that were killed are named.
NAMED = 100
#: pytest's exit codes after which not every test has run (pytest.ExitCode).
UNFINISHED = {
    2: "pytest was interrupted before every test had run",
    3: "pytest stopped at an internal error",
    4: "pytest did not start",
    5: "pytest found no tests",
}
#: Why branches are unknown that leave from some lines.
PART = "a program compiled parts of it again: its lines are measured, its branches from {} are not"


def stand_by(plan: Plan) -> bool:
    """Work ahead until standard input says how pytest ended, as JSON, then `finish`.

    Return False, with nothing done, where nobody says it: who would have has been killed.
    """
    warnings.simplefilter("ignore")
    pool = engine.ahead(plan)
    try:
        if plan.cache:
            cache.prune(os.path.dirname(plan.cache))
        told = sys.stdin.readline()
        pool.dismiss()
        if told:
            finish(plan, pool, **json.loads(told))
    finally:
        pool.wait(kill=True)
    return bool(told)


def finish(plan: Plan, before: WorkerPool, *, status: int, arguments: list[str], heard: list[str]) -> None:
    """Write the leg's report.

    Args:
        plan: the leg.
        before: what has been done by now.
        status: how pytest's process ended: its exit code, or minus the signal that killed it.
        arguments: pytest's.
        heard: a sentence for each process that could not write what became of it.
    """
    everything, reasons = fragments.read_ended(plan.folder)
    found = [process for process in everything if process.test != selfcheck.NAME]
    reasons += [*fragments.failures(plan.folder), *dict.fromkeys(heard), *_ends(plan, found, status)]
    try:
        executed_items = fragments.ran(plan.folder, everything)
    except ValueError as error:
        reasons.append(f"the record of what ran is broken: {error}")
        executed_items = {}
    unmarked = {path: why for process in found for path, why in process.unmarked.items()}
    parts = [(path, rows) for process in found for path, those in process.parts.items() for rows in those]
    names = dict(Sources(plan.root, plan.source, plan.omit).walk())
    reader = engine.reader(plan, list(names), executed_items, before)
    files, notes, counts = _files(plan, names, reader, unmarked, parts)
    report = _document(files, branch=plan.branch, reader=reader)
    if plan.shard:
        report["durations"] = next((item.pytest["durations"] for item in found if item.pytest), {})
    fate, lost = (
        selfcheck.judge(plan, everything, executed_items) if status in (0, 1) else (selfcheck.OFF, [])
    )
    reasons += [*lost, *dict.fromkeys(reader.lost)]
    if plan.contexts:
        reasons += attribution.write(plan, counts)
    stamp = _stamp(plan, found, status, arguments)
    killed = [process for process in found if _was_killed(process)]
    stamp["processes"]["killed"] = len(killed)
    stamp["notes"] = [*dict.fromkeys(_printable(note) for note in _otherwise_optimised(found))][:NAMED]
    stamp["killed"] = [*dict.fromkeys(_printable(_named(process)) for process in killed)][:NAMED]
    stamp["tools"][plan.engine] = reader.version
    stamp.update(model=reader.model, recorder=reader.recorder)
    stamp.update(
        canary=fate, complete=not reasons, reasons=[_printable(reason) for reason in reasons], **notes
    )
    report["covlane"] = stamp
    temporary = plan.output + ".part"
    with open(temporary, "w", encoding="utf-8") as file:
        # json.dump encodes in Python, ten times slower.
        file.write(json.dumps(report, separators=(",", ":")))
    os.replace(temporary, plan.output)


def _files(
    plan: Plan,
    names: dict[str, str],
    reader: engine.Reader,
    unmarked: dict[str, str],
    parts: list[tuple[str, list[int]]],
) -> tuple[dict[str, dict[str, Any]], dict[str, Any], dict[str, tuple[str, engine.Counted]]]:
    """Return SlipCover's entry for each source, the notes on files that could not be measured whole, and all counts.

    The counts are by real path, each with the file's name.
    """
    counts: dict[str, tuple[str, engine.Counted]] = {}
    files: dict[str, dict[str, Any]] = {}
    notes: dict[str, dict[str, str]] = {"unbranched": {}, "unparsable": {}}
    remade: dict[str, set[int]] = {}
    for path, (first, last) in parts:
        remade.setdefault(path, set()).update(range(first, last + 1))
    for path, name in names.items():
        if _printable(name) != name:
            notes["unparsable"][_printable(name)] = "its name is not UTF-8"
            continue
        try:
            found = reader.count(path)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notes["unparsable"][name] = f"{type(error).__name__}: {error}"
            continue
        if why := _forget_unknown(found, unmarked.get(path, ""), remade.get(path, set())):
            notes["unbranched"][name] = why
        entry: dict[str, Any] = {
            "executed_lines": sorted(found.executed),
            "missing_lines": sorted(found.executable - found.executed),
        }
        if plan.branch:
            entry["executed_branches"] = sorted(found.taken & found.branches)
            entry["missing_branches"] = sorted(found.branches - found.taken)
        entry["summary"] = _summary([entry], branch=plan.branch)
        entry["digest"] = found.digest
        files[name] = entry
        counts[path] = name, found
    return dict(sorted(files.items())), notes, counts


def _forget_unknown(found: engine.Counted, unmarked: str, remade: set[int]) -> str:
    """Take out the branches of a file that no process could have recorded, which are not missed, and return why.

    Args:
        found: the file's counts.
        unmarked: why a process could not see them, where one could not.
        remade: lines whose code ran without marks.
    """
    why = found.unmarked or ("" if found.taken or not found.branches else unmarked)
    unknown = {line for line, _ in found.branches - found.taken} & remade
    if why:
        found.branches.clear()
    elif unknown:
        found.branches.difference_update([pair for pair in found.branches if pair[0] in unknown])
        why = PART.format(", ".join(map(str, sorted(unknown))))
    return why


def _document(files: dict[str, dict[str, Any]], *, branch: bool, reader: engine.Reader) -> dict[str, Any]:
    """Return the report in the shape of SlipCover's own JSON (its `schemas.py`), whatever measured it."""
    total = _summary(list(files.values()), branch=branch)
    return {
        "meta": {
            "software": reader.name,
            "version": reader.version,
            "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "branch_coverage": branch,
            "show_contexts": False,
        },
        "files": files,
        "summary": {**total, "percent_covered_display": str(round(total["percent_covered"]))},
    }


def _summary(entries: list[dict[str, Any]], *, branch: bool) -> dict[str, float]:
    """Return SlipCover's summary, whose percentage mixes lines and branches."""
    summary: dict[str, float] = {}
    for kind in ("lines", "branches") if branch else ("lines",):
        summary["covered_" + kind] = sum(len(entry["executed_" + kind]) for entry in entries)
        summary["missing_" + kind] = sum(len(entry["missing_" + kind]) for entry in entries)
    total = sum(summary.values())
    covered = sum(count for name, count in summary.items() if name.startswith("covered"))
    summary["percent_covered"] = 100 * covered / total if total else 100.0
    return summary


def _was_killed(process: fragments.Process) -> bool:
    """Say whether a signal or a crash ended a process: it did not come to say its end, and runs no more."""
    return not process.ended and not process.runs()


def _named(process: fragments.Process) -> str:
    """Return a process without its number, as many that a suite starts are the same."""
    return f"{shlex.join(process.argv)}{by(process.test)}"


def _ends(plan: Plan, found: list[fragments.Process], status: int) -> list[str]:
    """Return a sentence for each thing that was started and is not in the report."""
    reasons = []
    if status < 0:
        reasons.append(f"pytest was killed by {_signal(-status)}")
    elif status in UNFINISHED:
        reasons.append(UNFINISHED[status])
    elif not any(process.pytest for process in found):
        reasons.append("pytest ended without finishing its session")
    if not found:
        reasons.append("no process of this leg reported: pytest ended before it began")
    for process in found:
        if process.unsaid:
            reasons.append(cannot(str(process), process.unsaid, process.argv))
        elif not process.ended and process.runs():
            reasons.append(
                f"{process} still ran when the leg ended: {shlex.join(process.argv)}; end it in the test"
            )
        elif not process.ended and process.keeps:
            reasons.append(
                f"{process} was ended by a signal or a crash, and what it ran may be lost: "
                f"{shlex.join(process.argv)}; {_remedy(plan)}"
            )
        reasons += process.lost
        stopped = (process.pytest or {}).get("stopped")
        if stopped and status not in UNFINISHED:
            reasons.append(f"pytest ended early: {stopped}")
    return list(dict.fromkeys(reasons))


def _otherwise_optimised(found: list[fragments.Process]) -> Iterator[str]:
    """Yield a sentence for each process in which other lines have code than the leg counts."""
    for process in found:
        if process.optimize != sys.flags.optimize:
            yield (
                f"the leg counts the lines that Python has with -O {sys.flags.optimize} times, "
                f"and this ran with it {process.optimize} times: {_named(process)}"
            )


def _remedy(plan: Plan) -> str:
    """Return what helps where a process keeps what it ran to itself until its end."""
    if plan.engine == "slipcover":  # it had no room in the record
        return REMEDY
    if plan.engine == "slipcover-cli":
        return 'measure with engine = "slipcover"'
    return 'end it by SIGTERM, or measure with engine = "slipcover"'


def _printable(text: str) -> str:
    """Return text that UTF-8 can carry: what the system gave as other bytes is shown escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _stamp(plan: Plan, found: list[fragments.Process], status: int, arguments: list[str]) -> dict[str, Any]:
    witness: dict[str, Any] | None = next((item.pytest for item in found if item.pytest), None)
    tools = dict(plan.tools)
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
        "engine": plan.engine,
        "optimize": sys.flags.optimize,
        "isolation": plan.isolation,
        "workers": plan.workers,
        "shard": "/".join(map(str, plan.shard)) if plan.shard else None,
        "split": shard_plugin.split(plan.folder) if plan.shard else "",
        "exit_code": status,
        "counts": witness["counts"] if witness else {},
        "processes": {"started": len(found), "reported": sum(item.ended for item in found)},
        "argv": ["pytest", *map(_printable, arguments)],
    }
