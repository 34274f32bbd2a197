"""`cs-coverage check`: CodeScene's coverage gates of a pull request, what they need, and what their answer means."""

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

#: What cs-coverage ends with where it has an answer to neither pass nor fail.
_NOT_EVALUABLE = 2
#: Users of it and its manual say different things of this.
_BASELESS = (
    "fix what it names; if it names nothing, upload the base branch's coverage and have CodeScene analyse it: users "
    "find this end where the base has none, as under a pull request onto another one's branch, though CodeScene says "
    "that no upload is needed"
)
#: Why the gates cannot be evaluated, by what cs-coverage says of it (messages seen in public logs), and the remedy.
_REASONS = (
    (r"Lacks the gates configuration", "the project has no coverage gates", "enable them in CodeScene"),
    (r"ambiguous argument|unknown revision", "a commit is missing in this clone", "fetch the whole history"),
    (
        r"(?i)\b(base|target)\b.*\b(no|without|lacks?|missing|not)\b.*\bcoverage|\bno\b.*\bcoverage\b.*\b(base|target)\b",
        "CodeScene has no coverage of the branch that the pull request goes into",
        _BASELESS,
    ),
    (cli.UNPARSED.pattern, "this cs-coverage cannot read the report", "install another version of it"),
    (
        r"[Nn]o valid coverage report",
        "cs-coverage takes the file for no report",
        "run `invoke report` to see it",
    ),
    (
        r"(?i)\b40[13]\b|unauthori[sz]ed|forbidden|access token",
        "CodeScene does not accept the token",
        "renew it",
    ),
)


def command(report: str) -> list[str]:
    """Return the documented command; `report` is LCOV from the top of the checkout, and ends in `.info`."""
    return [cli.PROGRAM, "check", "--coverage-files", report]


def base(environ: Mapping[str, str], default: str) -> str:
    """Return the branch that the checkout is to be merged into: as CI says, else the default one."""
    targets = (environ.get(service.target, "") for service in SERVICES)
    return next(filter(None, targets), default).removeprefix("refs/heads/")


def project(environ: Mapping[str, str], configured: str, url: str) -> str:
    """Return the project's number, from CS_PROJECT_URL or codescene.project; `url` is the API's address.

    Raises:
        UsageError: there is none, or CS_PROJECT_URL is of another CodeScene than the token is for.
    """
    address = environ.get("CS_PROJECT_URL", "").strip()
    match = re.fullmatch(re.escape(url.rstrip("/")) + r"/projects/(\d+)/?", address)
    if match or (not address and configured.isdecimal()):
        return match[1] if match else configured
    cause = "CS_PROJECT_URL is not that of a project of codescene.url" if address else "no project is named"
    raise UsageError(
        cause, f"set CS_PROJECT_URL to {url}/projects/NUMBER, or codescene.project to the number"
    )


def preconditions(environ: Mapping[str, str], *, base: str, shallow: bool, related: bool) -> list[Finding]:
    """Return what the gates lack: the program, the history, a commit that `base` and the checkout share."""
    found = []
    if not cli.available(environ):
        cause = f"{cli.PROGRAM}, which alone evaluates the gates, is not on PATH"
        found.append(Finding(cause, "run `invoke install-cs-coverage`", ToolError))
    if shallow:
        remedy = "fetch all of it: `fetch-depth: 0` for actions/checkout, `git fetch --unshallow` by hand"
        found.append(Finding("this clone has not the whole history", remedy, ReportError))
    elif not related:
        cause = f"the branch {base}, which the changes are compared with, is not in this clone"
        found.append(Finding(cause, f"run `git fetch origin {base}`", ReportError))
    return found


def variables(environ: Mapping[str, str], *, url: str, token: str, project: str) -> dict[str, str]:
    """Return the program's environment, with the project."""
    told = cli.variables(environ, url=url, token=token)
    return told | {"CS_PROJECT_URL": f"{url.rstrip('/')}/projects/{project}"}


def verdict(code: int, output: str, *, token: str) -> str:
    """Return the sentence for gates that are passed.

    Raises:
        GateError: a gate failed.
        ReportError: the gates were not evaluated.
    """
    gates = re.findall(r"Code coverage gates: *(\w+)", output)
    if gates and not cli.UNPARSED.search(output):
        if gates[-1].upper() != "PASS":
            raise GateError(f"CodeScene's coverage gates: {gates[-1]}", "test the lines that it names above")
        if code == 0:
            return "CodeScene's coverage gates: passed"
    said = shown(output[-600:], token=token) or "nothing"
    otherwise = f"{cli.PROGRAM} ended with exit code {code} and said {said}", "fix what it names above"
    if code == _NOT_EVALUABLE:
        otherwise = f"{cli.PROGRAM} cannot evaluate them (exit code 2) and said {said}", _BASELESS
    found = ((cause, remedy) for pattern, cause, remedy in _REASONS if re.search(pattern, output))
    cause, remedy = next(found, otherwise)
    raise ReportError(f"the gates were not evaluated: {cause}", remedy)
