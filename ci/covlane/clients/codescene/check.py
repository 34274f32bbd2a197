"""`cs-coverage check`: CodeScene's coverage gates for a pull request: their preconditions, and the meaning of their output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlane.clients.codescene import cli
from covlane.clients.codescene.preflight import Finding
from covlane.clients.wording import shown
from covlane.errors import GateError, ReportError, ToolError, UsageError
from covlane.model.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The exit code of cs-coverage when it can say neither pass nor fail.
_NOT_EVALUABLE = 2
#: Here users' reports contradict the manual.
_BASELESS = (
    "fix what it names; if it names nothing, upload coverage of the base branch and let CodeScene analyse it: users see "
    "this exit code where the base has none, for example when one pull request targets another's branch, although "
    "CodeScene's manual says that no upload is needed"
)
#: Messages of cs-coverage (from public logs) when the gates cannot be evaluated, each with cause and remedy.
_REASONS = (
    (r"Lacks the gates configuration", "the project has no coverage gates", "enable them in CodeScene"),
    (r"ambiguous argument|unknown revision", "a commit is missing in this clone", "fetch the whole history"),
    (
        r"(?i)\b(base|target)\b.*\b(no|without|lacks?|missing|not)\b.*\bcoverage|\bno\b.*\bcoverage\b.*\b(base|target)\b",
        "CodeScene has no coverage of the pull request's target branch",
        _BASELESS,
    ),
    (
        cli.UNPARSED.pattern,
        "this cs-coverage cannot read the report",
        "install another version of cs-coverage",
    ),
    (
        r"[Nn]o valid coverage report",
        "cs-coverage does not accept the file as a report",
        "run `invoke report` to check it",
    ),
    (
        r"(?i)\b40[13]\b|unauthori[sz]ed|forbidden|access token",
        "CodeScene does not accept the token",
        "renew it",
    ),
)


def command(report: str) -> list[str]:
    """Return the documented command; `report` is LCOV with paths from the top of the checkout, and its name ends in `.info`."""
    return [cli.PROGRAM, "check", "--coverage-files", report]


def base(environ: Mapping[str, str], default: str) -> str:
    """Return the branch that the checkout will be merged into: CI's target branch, else the default branch."""
    targets = (environ.get(service.target, "") for service in SERVICES)
    return next(filter(None, targets), default).removeprefix("refs/heads/")


def project(environ: Mapping[str, str], configured: str, url: str) -> str:
    """Return the project's number, from CS_PROJECT_URL or codescene.project; `url` is the API's address.

    Raises:
        UsageError: no project is set, or CS_PROJECT_URL belongs to another CodeScene than the token.
    """
    address = environ.get("CS_PROJECT_URL", "").strip()
    match = re.fullmatch(re.escape(url.rstrip("/")) + r"/projects/(\d+)/?", address)
    if match or (not address and configured.isdecimal()):
        return match[1] if match else configured
    cause = (
        "CS_PROJECT_URL is not a project below codescene.url" if address else "no CodeScene project is set"
    )
    raise UsageError(
        cause, f"set CS_PROJECT_URL to {url}/projects/NUMBER, or codescene.project to the number"
    )


def preconditions(environ: Mapping[str, str], *, base: str, shallow: bool, related: bool) -> list[Finding]:
    """Return the missing preconditions: the program, the whole history, and a common ancestor with `base`."""
    found = []
    if not cli.available(environ):
        cause = f"{cli.PROGRAM}, which alone evaluates the gates, is not on PATH"
        found.append(Finding(cause, "run `invoke install-cs-coverage`", ToolError))
    if shallow:
        remedy = (
            "fetch the whole history: `fetch-depth: 0` for actions/checkout, `git fetch --unshallow` by hand"
        )
        found.append(Finding("this clone is shallow", remedy, ReportError))
    elif not related:
        cause = f"the branch {base}, which the changes are compared with, is not in this clone"
        found.append(Finding(cause, f"run `git fetch origin {base}`", ReportError))
    return found


def variables(environ: Mapping[str, str], *, url: str, token: str, project: str) -> dict[str, str]:
    """Return the program's environment, with the project."""
    return cli.variables(environ, url=url, token=token) | {
        "CS_PROJECT_URL": f"{url.rstrip('/')}/projects/{project}"
    }


def verdict(code: int, output: str, *, token: str) -> str:
    """Return a sentence if the gates pass.

    Raises:
        GateError: a gate failed.
        ReportError: the gates were not evaluated.
    """
    gates = re.findall(r"Code coverage gates: *(\w+)", output)
    if gates and not cli.UNPARSED.search(output):
        if gates[-1].upper() != "PASS":
            raise GateError(f"CodeScene's coverage gates: {gates[-1]}", "cover the lines listed above")
        if code == 0:
            return "CodeScene's coverage gates: passed"
    printed = shown(output[-600:], token=token) or "nothing"
    otherwise = f"{cli.PROGRAM} ended with exit code {code} and printed: {printed}", "fix what it names above"
    if code == _NOT_EVALUABLE:
        otherwise = f"{cli.PROGRAM} cannot evaluate them (exit code 2) and printed: {printed}", _BASELESS
    found = ((cause, remedy) for pattern, cause, remedy in _REASONS if re.search(pattern, output))
    cause, remedy = next(found, otherwise)
    raise ReportError(f"the gates were not evaluated: {cause}", remedy)
