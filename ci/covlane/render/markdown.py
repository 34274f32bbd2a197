"""The report for a job summary or a pull request: the verdict first, then as much as fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from covlane.model.report import Ratio
from covlane.render import words
from covlane.render.escaping import escape, link
from covlane.render.verdict import title

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from covlane.model.baseline import Baseline
    from covlane.model.report import Report
    from covlane.model.verdict import PatchFile, Verdict

#: GitHub's limits in bytes: of a comment (65,536 characters), and of a job summary.
COMMENT = 65_536
SUMMARY = 1024 * 1024
#: Rows of a table in the long and the short form, and the most rows of an unfolded table.
MOST_ROWS, FEW_ROWS, OPEN_ROWS = 100, 12, 12
#: Row limits of a comment, tried until it fits.
COMMENT_ROWS = (MOST_ROWS, 50, 25, FEW_ROWS, 6, 3, 1)
#: The most linked places of one file, and characters of these.
MOST_PLACES, LONGEST_PLACES = 20, 4_000
#: The most characters of a linked name; longer ones are shortened to their end.
LONGEST_NAME = 300
#: The most characters on a gate in the first line.
LONGEST_REASON = 500
CIRCLES = {"low": "🔴 ", "middling": "🟡 ", "high": "🟢 ", "": ""}


@dataclass(frozen=True, slots=True)
class Context:
    """What is shown beside the report: its verdict, the baseline, and where its files can be linked.

    Attributes:
        blob: the prefix of links to files, from `escaping.blob`; empty for no links.
        thresholds: the percentages at which colours change.
        session: the nox session that measures.
        run: the URL of the run with the full summary, from `escaping.run`.
        project: the project's folder in the checkout; empty at the top. Files are named from the top.
    """

    verdict: Verdict | None = None
    before: Baseline | None = None
    blob: str = ""
    thresholds: tuple[float, float] = (60, 80)
    session: str = "coverage"
    run: str = ""
    project: str = ""


class _Table(NamedTuple):
    """A table: its name, its columns (a leading `-` aligns right), and its escaped rows."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self, most: int) -> Iterator[str]:
        """Yield it as Markdown, folded if it is long; omitted rows are counted."""
        folded = len(self.rows) > OPEN_ROWS
        if folded:
            yield from (f"<details><summary>{self.name}: {len(self.rows):,}</summary>", "")
        yield f"| {' | '.join(column.lstrip('-') for column in self.columns)} |"
        yield f"| {' | '.join('---:' if column[0] == '-' else ':---' for column in self.columns)} |"
        yield from (f"| {' | '.join(row)} |" for row in self.rows[:most])
        yield ""
        if more := len(self.rows) - most:
            yield from (f"{more:,} more are not shown.", "") if more > 0 else ()
        if folded:
            yield from ("</details>", "")


def summary(report: Report, context: Context | None = None, budget: int = SUMMARY) -> str:
    """Return the report as Markdown of at most `budget` bytes of UTF-8, which must be 2,000 or more.

    The first of these that fits: everything; short tables; one paragraph. Each names what it leaves out.
    """
    context = context or Context()
    for most in (MOST_ROWS, FEW_ROWS):
        text = "\n".join(_lines(report, context, most)).rstrip("\n") + "\n"
        if len(text.encode("utf-8", "surrogateescape")) <= budget:
            return text
    figures = f" {words.headline(report)}." if context.verdict else ""
    return f"**{_headline(words.headline(report), context)}**{figures} Files, components and legs do not fit here.\n"


def _lines(report: Report, context: Context, most: int) -> Iterator[str]:
    verdict = context.verdict
    yield from (f"**{_headline(words.headline(report), context)}**", "")
    if verdict:
        yield from _judged(verdict, context, most)
        yield from _totals(verdict, context).lines(most)
    yield from (f"Legs: {escape(words.legs(report))}", "")
    reasons = [f"incomplete: {reason}" for reason in (verdict or report).incomplete]
    reasons += [f"note: {note}" for note in report.notes]
    parts = words.components(report)
    gates = list(_gates(verdict, {"fail", "incomplete"})) if verdict else []
    gates = gates if len(gates) > 1 else []  # the headline has the first
    items = [*gates[:most], *parts[:most], *words.by_leg(report), *reasons[:most]]
    if more := len(gates[most:]) + len(parts[most:]) + len(reasons[most:]):
        items.append(f"{more:,} more of these are not shown")
    if items:
        yield from (*(f"- {escape(item)}" for item in items), "")
    for table in (_changed(report, context), _files(report, context)):
        if table.rows:
            yield from table.lines(most)
    if verdict:
        yield _reproduce(verdict, context)


def comment(context: Context, budget: int = COMMENT) -> str:
    """Return the verdict as Markdown of at most `budget` bytes of UTF-8, which must be 2,000 or more.

    It uses the verdict alone, as nothing else is read from a fork's run, so that all comments look alike.
    """
    verdict = context.verdict
    if verdict is None:
        raise ValueError("a comment needs a verdict")
    line, branch = verdict.total.line, verdict.total.branch
    figures = f"{line.text} of lines" + (f", {branch.text} of branches" if branch else "")
    headline = f"**{_headline(figures, context)}**"
    for most in COMMENT_ROWS:
        text = "\n".join((headline, "", *_verdict_lines(verdict, context, most))) + "\n"
        if len(text.encode("utf-8", "surrogateescape")) <= budget:
            return text
    return f"{headline} Files, gates and legs do not fit here: see {_elsewhere(context)}\n"


def _verdict_lines(verdict: Verdict, context: Context, most: int) -> Iterator[str]:
    yield from _judged(verdict, context, most)
    yield from _totals(verdict, context).lines(most)
    gates = list(_gates(verdict))
    items = [*gates[:most], *(f"incomplete: {reason}" for reason in verdict.incomplete[:most])]
    if more := len(gates[most:]) + len(verdict.incomplete[most:]):
        items.append(f"{more:,} more of these are not shown")
    yield from (*(f"- {escape(_cut(item))}" for item in items), "")
    yield f"Legs: {escape(_cut(', '.join(sorted(verdict.legs)), 2_000, ','))}"
    details = f"All files, components and what only one leg runs: {_elsewhere(context)}"
    yield from ("", details, "", _reproduce(verdict, context))


def _elsewhere(context: Context) -> str:
    return f"[the run's summary]({context.run})" if context.run else "the job summary"


def _reproduce(verdict: Verdict, context: Context) -> str:
    """Return the commands that reproduce the verdict; an untrusted one may name anything as its base."""
    known = re.fullmatch("[0-9a-f]{40}", verdict.base or "")
    base = f" --base {known[0][:12]}" if known else ""
    where = f"in {escape(context.project)}" if context.project else "locally"
    return f"Reproduce {where}: `nox -s {context.session}` and `invoke gate{base}`"


def _gates(verdict: Verdict, outcomes: Collection[str] | None = None) -> Iterator[str]:
    for gate in verdict.gates:
        if outcomes is None or gate.outcome in outcomes:
            yield _cut(f"{gate.outcome}: {title(gate)}: {gate.reason}")


def _headline(figures: str, context: Context) -> str:
    """Return the headline, escaped and of limited length."""
    verdict, prefix = context.verdict, f"{escape(context.project)}: " if context.project else ""
    if verdict is None:
        return f"{prefix}Coverage: {figures}"
    wanted = [gate for gate in verdict.gates if gate.outcome == verdict.outcome]
    start = f"{prefix}{words.OUTCOMES[verdict.outcome]}: "
    if verdict.outcome == "pass" or not wanted:
        patch = verdict.patch.statements
        changed = (
            f"{patch.text} of changed statements ({patch.covered:,}/{patch.total:,}), " if patch.total else ""
        )
        lacking = escape(_cut(verdict.incomplete[0])) if verdict.incomplete else ""
        return start + (lacking or changed + figures)
    first, *others = wanted
    more = f"; and {len(others)} more gate{'s' * (len(others) > 1)}" if others else ""
    return f"{start}{escape(_cut(title(first)))}: {escape(_cut(first.reason))}{more}"


def _judged(verdict: Verdict, context: Context, most: int) -> Iterator[str]:
    """Yield the uncovered changed code."""
    patch = verdict.patch
    if patch.note:
        yield from (escape(_cut(patch.note)), "")
    files = [file for file in patch.files if file.missing or file.missing_branches]
    files.sort(key=lambda file: (-file.statements.missing, file.path))
    rows = [(_link(file.path, context), file.statements.text, _places(file, context.blob)) for file in files]
    if rows:
        yield from _Table(
            "Changed, not covered", ("Changed, not covered", "-Statements", "Lines"), rows
        ).lines(most)


def _places(file: PatchFile, blob: str) -> str:
    places = [link(words.span(*one), blob, file.path, *one) for one in file.missing]
    places += [link(words.jump(*one), blob, file.path, one[0]) for one in file.missing_branches]
    shown, length = list[str](), 0
    for place in places[:MOST_PLACES]:
        length += len(place)
        if length > LONGEST_PLACES:
            break
        shown.append(place)
    more = len(places) - len(shown)
    return ", ".join(shown) + (f"{', and ' if shown else ''}{more:,} more" if more else "")


def _totals(verdict: Verdict, context: Context) -> _Table:
    total, patch = verdict.total, verdict.patch.statements
    rows = [("Lines", total.line, total.line_before)]
    rows += [("Branches", total.branch, total.branch_before)] if total.branch else []
    rows += [("Changed statements", patch, None)] if patch.total else []
    cells = [
        (
            f"{CIRCLES[words.level(now, context.thresholds)]}{name}",
            now.text,
            f"{now.covered:,}/{now.total:,}",
            before.text if before else "-",
            words.change(now, before) or "-",
        )
        for name, now, before in rows
    ]
    return _Table("Totals", ("Total", "-Now", "-", "-Before", "-Change"), cells)


def _changed(report: Report, context: Context) -> _Table:
    """Return the files whose counts changed, those with most newly missed lines first."""
    found = []
    for path, file in report.files.items():
        counts = context.before.files.get(path) if context.before else None
        then = Ratio(counts.ran, counts.lines) if counts else file.lines
        if then.missing != file.lines.missing or words.change(file.lines, then):
            found.append((then.missing - file.lines.missing, path, then, file.lines))
    rows = [
        (_link(path, context), now.text, then.text, words.change(now, then) or "-", f"{-gained:+,}")
        for gained, path, then, now in sorted(found, key=lambda item: item[:2])
    ]
    return _Table(
        "Files that changed", ("Changed since the baseline", "-Lines", "-Before", "-Change", "-Missed"), rows
    )


def _files(report: Report, context: Context) -> _Table:
    columns = ["File", "-Lines", "-Missed", *(("-Branches", "-Missed") if report.branch else ()), "Missing"]
    rows = []
    for path, file in words.by_missing(report):
        branches = (file.branch.text, f"{file.branch.missing}") if report.branch else ()
        missing = escape(_cut(words.missing(file), 120, ","))
        rows.append((_link(path, context), file.lines.text, f"{file.lines.missing}", *branches, missing))
    return _Table("Files with missing coverage", columns, rows)


def _link(path: str, context: Context) -> str:
    return (
        link(path, context.blob, path) if len(path) <= LONGEST_NAME else escape(f"...{path[-LONGEST_NAME:]}")
    )


def _cut(text: str, most: int = LONGEST_REASON, at: str = " ") -> str:
    """Shorten a text at a separator."""
    return text if len(text) <= most else (text[:most].rpartition(at)[0] or text[:most]) + at.strip() + " ..."
