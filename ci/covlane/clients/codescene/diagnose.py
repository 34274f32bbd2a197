"""Check everything an upload needs: each check ends with ✓, ✗, or ? if it could not be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from covlane.clients.codescene.delivery import usable
from covlane.clients.wording import HIDDEN, shown
from covlane.errors import CovlaneError, DeliveryError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covlane.adapters.http import Answer, Http
    from covlane.model.report import Stamp


#: The most bytes of one page of projects.
MOST_BYTES = 8 * 1024 * 1024
_REFUSED = {401, 403}


class _Projects(msgspec.Struct):
    """A page of the projects (CodeScene's REST documentation, "List the projects")."""

    projects: list[Any]


class OpenError(CovlaneError):
    """The check could not be made, so its result is neither ✓ nor ✗."""

    exit_code = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result.

    Attributes:
        name: what is checked.
        found: what was found.
        remedy: what to do unless it is ✓.
        exit_code: 0 unless something is wrong.
        asked: False if the check could not be made.
    """

    name: str
    found: str
    remedy: str = ""
    exit_code: int = 0
    asked: bool = True

    @property
    def ok(self) -> bool | None:
        """Whether the check passed; None if it could not be made."""
        return not self.exit_code if self.asked else None

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "?"}[self.ok]
        lines = [f"{mark} {self.name}: {self.found}"]
        return "\n  -> ".join([*lines, self.remedy] if self.remedy else lines)


def check(name: str, ask: Callable[[], str]) -> Check:
    """Run a check: its result is the answer, or the error raised."""
    try:
        return Check(name, shown(ask(), token=HIDDEN))
    except CovlaneError as error:
        cause, remedy = (shown(text, token=HIDDEN) for text in (error.cause, error.remedy))
        return Check(name, cause, remedy, error.exit_code, asked=not isinstance(error, OpenError))


def codescene(http: Http, url: str, token: str | None) -> tuple[Check, Check]:
    """Check that CodeScene answers and accepts the token, by listing its projects, which changes nothing."""
    answers: list[Answer] = []

    def reached() -> str:
        sent = "" if valid.exit_code else usable(token)
        where = f"{url.rstrip('/')}/projects"
        accept = {"Accept": "application/json"}
        answer = http.send("GET", where, token=sent, headers=accept, most=MOST_BYTES)
        if not (_lists(answer) or _refuses(answer)):
            raise _another(answer, url)
        answers.append(answer)
        return (
            f"{url} {'lists its projects' if _lists(answer) else 'asks for a token'} (HTTP {answer.status})"
        )

    def accepted() -> str:
        usable(token)
        if _refuses(answers[0]):
            cause = f"CodeScene does not accept CS_ACCESS_TOKEN (HTTP {answers[0].status})"
            raise DeliveryError(cause, "set it to an unexpired token of this CodeScene")
        return "CS_ACCESS_TOKEN is set and accepted"

    valid = check("token", lambda: usable(token))
    there = check("CodeScene", reached)
    if answers or valid.exit_code:
        return there, check("token", accepted)
    cause, remedy = (
        "CS_ACCESS_TOKEN is set, but CodeScene could not be asked about it",
        "fix the CodeScene check first",
    )
    return there, Check("token", cause, remedy, there.exit_code, asked=False)


def _lists(answer: Answer) -> bool:
    try:
        return answer.status == 200 and bool(msgspec.json.decode(answer.body, type=_Projects))  # noqa: PLR2004
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _refuses(answer: Answer) -> bool:
    """Whether the API rejects the token; a proxy or a login page would answer in HTML."""
    try:
        return answer.status in _REFUSED and bool(msgspec.json.decode(answer.body, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _another(answer: Answer, url: str) -> DeliveryError:
    """Return the error for an answer that is not CodeScene's, with its likeliest cause."""
    page = answer.body.lstrip()[:1] == b"<" or "html" in answer.content_type
    what = f"{url} answers with HTTP {answer.status}"
    ends = "codescene.url ends with /v2 on cloud (https://api.codescene.io/v2) and with /api/v2 elsewhere"
    if answer.status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        return DeliveryError(f"{what}: the server, or a proxy before it, has an error", "try again later")
    if answer.status == 429:  # noqa: PLR2004 - RFC 6585, section 4
        return DeliveryError(f"{what}: too many requests", "wait some minutes")
    if answer.status == 407:  # noqa: PLR2004 - RFC 9110, section 15.5.8
        return DeliveryError(f"{what}: a proxy requires a user and a password", "set HTTPS_PROXY with both")
    if answer.status == 404:  # noqa: PLR2004 - RFC 9110, section 15.5.5
        return DeliveryError(f"{what}: this is not the address of CodeScene's API", f"check that {ends}")
    if page:
        return DeliveryError(
            f"{what} and a web page, such as a login page, instead of CodeScene's projects",
            f"check that {ends}, and that HTTPS_PROXY and NO_PROXY are right",
        )
    return DeliveryError(
        f"{what}, but not with CodeScene's projects",
        f"check that {ends}, and that no proxy answers in its place",
    )


def pairing(legs: Iterable[Stamp], pin: str) -> str:
    """Return each leg's SlipCover and pytest; `pin` is the SlipCover release that covlane supports.

    Raises:
        ToolError: a leg used another release, or its self-check failed.
    """
    lines = []
    for leg in legs:
        tools = ", ".join(f"{name} {leg.tools[name]}" for name in (leg.engine, "pytest") if name in leg.tools)
        lines.append(f"{leg.leg}: {tools}, self-check {leg.self_check}")
        if leg.engine == "slipcover" and leg.tools.get("slipcover") != pin:
            raise ToolError(f"{lines[-1]}; covlane supports SlipCover {pin}", "measure again")
        if not leg.self_check_passed:
            raise ToolError(lines[-1], "install versions of pytest and its plugins that pass the self-check")
    return "; ".join(lines) or "the report has no legs of covlane"
