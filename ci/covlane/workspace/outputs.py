"""What the lane writes into the folder of reports, and its removal where it would pass for a new report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.workspace import reports, site

if TYPE_CHECKING:
    from covlane.config.settings import Configured

#: The merged report, what is made of it, and the verdict on it.
FILES = (
    "coverage.json",
    "coverage.xml",
    "lcov.info",
    "summary.md",
    "coveragepy.json",
    "badge.svg",
    "badge.json",
    "trend.svg",
    ".coverage",
    "verdict.json",
    "evidence.json",
)


def discard(configured: Configured) -> None:
    """Remove the merged report and what was made of it; legs, baselines and uploads that wait are kept.

    Raises:
        ReportError: the folder cannot be written to.
    """
    with reports.lock(configured.reports):
        for name in FILES:
            (configured.reports / name).unlink(missing_ok=True)
        site.discard(configured.reports / "html")
