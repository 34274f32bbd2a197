"""The errors shown to users: each with a cause, a remedy and an exit code."""

from __future__ import annotations

from typing import ClassVar


class CovlaneError(Exception):
    """An error that the user can fix.

    Args:
        cause: one sentence: what happened, to which file, key or leg.
        remedy: one sentence: what to do now.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}\n  -> {self.remedy}"


class UsageError(CovlaneError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class ReportError(CovlaneError):
    """A report is unreadable, missing or incomplete."""

    exit_code = 3


class GateError(CovlaneError):
    """The report does not pass a gate."""

    exit_code = 4


class DeliveryError(CovlaneError):
    """A destination did not accept the report; the report is kept."""

    exit_code = 5


class ToolError(CovlaneError):
    """A program is missing or is not the pinned build."""

    exit_code = 6
