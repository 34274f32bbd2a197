"""`report`: the merged report in each format that people and other programs read."""

from __future__ import annotations

import posixpath
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING

import covlane
from covlane.adapters import files
from covlane.analysis.priority import ranks
from covlane.errors import CovlaneError
from covlane.formats import cobertura, coveragepy, evidence, lcov
from covlane.model.testmap import OUTSIDE
from covlane.render import markdown, sarif, svg, terminal
from covlane.render.escaping import blob
from covlane.render.html.page import LineTests
from covlane.render.html.treemap import Hotspots
from covlane.result import Result, say
from covlane.workspace import priorities, reports, runner, site, testmaps
from covlane.workspace.baselines import Baselines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import TextIO

    from covlane.adapters.git import Git
    from covlane.analysis.priority import Uncovered
    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.model.baseline import Baseline
    from covlane.model.report import Report
    from covlane.model.verdict import Verdict

    Progress = Callable[[int, int | None], None]

#: Commits that the trend shows.
MOST_POINTS = 30


@dataclass(frozen=True, slots=True)
class Reported(Result):
    """The merged report and the files that were written.

    Attributes:
        remarks: what to do where no browser could show the pages, and what has no room in coverage.sarif.
    """

    report: Report
    written: tuple[Path, ...]
    thresholds: tuple[float, float]
    remarks: tuple[str, ...] = ()

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write the table."""
        terminal.show(self.report, out, plain=plain, thresholds=self.thresholds)
        for remark in self.remarks:
            say(remark, out)


def run(
    configured: Configured,
    clients: Local,
    *,
    summary: bool = False,
    open_pages: bool = False,
    with_sarif: bool = False,
) -> Reported:
    """Write every output of the merged report.

    `summary` also appends the Markdown to the file that GITHUB_STEP_SUMMARY names; `open_pages` shows the HTML; `with_sarif`
    also writes coverage.sarif.

    Raises:
        ReportError: there is no report, or an output cannot be written.
        UsageError: GITHUB_STEP_SUMMARY is not set.
    """
    merged = reports.read_merged(configured)
    contexts, notes = testmaps.of_report(configured, merged)
    writer = Writer(configured, clients.git, clients.environ, merged, contexts)
    with clients.progress("pages") as progress:
        written = writer.write(progress)
        page = writer.site(progress) if open_pages else None
    if summary:
        runner.append(clients.environ, "GITHUB_STEP_SUMMARY", writer.summary())
    remarks = [f"no browser here; open {page}"] if page and not webbrowser.open(page.as_uri()) else []
    remarks += notes
    if with_sarif:
        path, left_out = writer.sarif()
        written = (*written, path)
        if left_out:
            remarks.append(
                f"{path.name} leaves out {left_out:,} uncovered places: GitHub accepts no larger file"
            )
    return Reported(merged, written, configured.settings.thresholds, tuple(remarks))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the outputs of a merged report."""

    configured: Configured
    git: Git
    environ: Mapping[str, str]
    report: Report
    contexts: coveragepy.Contexts | None = None

    def context(self) -> markdown.Context:
        """Return what the texts show beside the report; with links where a runner names the repository."""
        verdict, before = self._judged()
        folder = self.configured.folder
        server, name = (self.environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY"))
        commit = next((stamp.commit for stamp in self.report.legs if stamp.commit), None)
        links = blob(f"{server}/{name}", commit)
        settings = self.configured.settings
        return markdown.Context(
            verdict and verdict.below(folder),
            before and before.below(folder),
            links,
            settings.thresholds,
            self.configured.session,
            project=folder,
        )

    def summary(self) -> str:
        """Return the report as Markdown."""
        return markdown.summary(self._outward, self.context())

    @property
    def _outward(self) -> Report:
        """The report as those outside of the project read it: its files are named from the top of the checkout."""
        return self.report.below(self.configured.folder)

    def write(self, progress: Progress = lambda *_: None) -> tuple[Path, ...]:
        """Write every output, and return the files; `progress` is called with the site's pages, done and in all."""
        folder, settings = self.configured.reports, self.configured.settings
        report = self._outward if settings.names == "checkout" else self.report
        version = f"covlane {covlane.__version__}{' INCOMPLETE' if report.incomplete else ''}"
        points = self._points()
        contexts = self.contexts if report is self.report else _below(self.contexts, self.configured.folder)
        outputs: dict[str, bytes | str | Iterable[str]] = {
            "coverage.xml": cobertura.write(report, version),
            "lcov.info": lcov.write(report),
            "summary.md": self.summary(),
            "coveragepy.json": coveragepy.write_json(report, version, contexts),
            "badge.svg": svg.badge(report, settings.thresholds),
            "badge.json": svg.endpoint(report, settings.thresholds),
        }
        if trend := svg.trend(points, style=True):
            outputs["trend.svg"] = trend
        for name, content in outputs.items():
            files.write_whole(folder / name, content)
        data = folder / ".coverage"
        coveragepy.write_data(self.report, data, self.configured.root, self.contexts)
        written = [*(folder / name for name in outputs), data]
        if settings.html:
            written.append(self.site(progress))
        return tuple(written)

    def site(self, progress: Progress = lambda *_: None) -> Path:
        """Write reports/html, and return its first page; `progress` as in `site.write`."""
        context = self.context()
        history = priorities.history(self.git)
        hotspots = Hotspots(ranks(self._ranked(history)), *history).below(self.configured.folder)
        trend = svg.trend(self._points(), style=False)
        tests = None if self.contexts is None else _tests(_below(self.contexts, self.configured.folder) or {})
        look = site.Look(context.thresholds, context.verdict, trend, hotspots, tests)
        return site.write(
            self.configured.reports / "html", self.configured.top, self._outward, look, progress
        )

    def sarif(self) -> tuple[Path, int]:
        """Write coverage.sarif, and return it with the number of uncovered places that it leaves out."""
        history = priorities.history(self.git)
        explorer = priorities.Explorer(self.configured.root, self.report, history)
        found = sarif.write(
            explorer.targets(self._ranked(history)),
            explorer.fingerprints,
            self.report.incomplete,
            version=covlane.__version__,
            commit=next((stamp.commit for stamp in self.report.legs if stamp.commit), None),
            folder=self.configured.folder,
        )
        path = self.configured.reports / "coverage.sarif"
        files.write_whole(path, found.text)
        return path, found.left_out

    def _ranked(self, history: priorities.History) -> list[Uncovered]:
        """Return what is uncovered, that which pays most first; changed code where there is a verdict."""
        verdict, _ = self._judged()
        return priorities.ranked(self.report, verdict.patch if verdict else None, history)

    def _judged(self) -> tuple[Verdict | None, Baseline | None]:
        """Return the verdict on this very report, if there is one, and the baseline that it was compared with."""
        folder = self.configured.reports
        if not (folder / "verdict.json").is_file():
            return None, None
        try:
            verdict = evidence.read_verdict(files.read_bytes(folder / "verdict.json"), "verdict.json")
            if evidence.identity(files.read_bytes(folder / "coverage.json")) != verdict.artifacts.report:
                return None, None
            beside = files.read_bytes(folder / "evidence.json")
            return verdict, evidence.read_evidence(beside, "evidence.json").baseline
        except CovlaneError:
            return None, None  # `invoke gate` reports what is wrong with its files

    def _points(self) -> list[svg.Point]:
        """Return the last baselines, oldest first, and then this report."""
        try:
            baselines = list(Baselines(self.configured, self.git).log("HEAD", MOST_POINTS))
        except CovlaneError:
            return []
        commit = self.git.commit()
        points = [
            svg.Point(one.commit[:7], one.lines, one.branches if one.branch else None)
            for one in reversed(baselines)
            if one.commit != commit
        ]
        branches = self.report.branches if self.report.branch else None
        return [*points, svg.Point(commit[:7] if commit else "now", self.report.lines, branches)]


def _below(contexts: coveragepy.Contexts | None, folder: str) -> coveragepy.Contexts | None:
    """Return contexts with their files named from the top of the checkout."""
    return contexts and {posixpath.join(folder, name): lines for name, lines in contexts.items()}


def _tests(contexts: coveragepy.Contexts) -> dict[str, LineTests]:
    """Return the tests of each file, without what runs in no test."""
    found = {}
    for path, by_name in contexts.items():
        names = tuple(sorted(by_name.keys() - {"", *OUTSIDE}))
        lines: dict[int, int] = {}
        for place, name in enumerate(names):
            for line in by_name[name]:
                lines[line] = lines.get(line, 0) | 1 << place
        found[path] = LineTests(names, dict(sorted(lines.items())))
    return found
