"""What can stand between a repository and its figures in CodeScene, each a question with ✓, ✗ or, where nobody answers, ?."""

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


#: A page of CodeScene's projects is this large at most.
MOST_BYTES = 8 * 1024 * 1024
_REFUSED = {401, 403}


class _Projects(msgspec.Struct):
    """A page of the projects (CodeScene's REST documentation, "List the projects")."""

    projects: list[Any]


class OpenError(CovlaneError):
    """What was seen proves nothing, so neither ✓ nor ✗ would be true."""

    exit_code = 0


@dataclass(frozen=True, slots=True)
class Check:
    """A question and what was found.

    Attributes:
        name: what is asked about.
        found: the answer, or what is wrong.
        remedy: what to do where it is not ✓.
        exit_code: 0 where nothing is wrong.
        asked: False where there was no answer: the question stays open.
    """

    name: str
    found: str
    remedy: str = ""
    exit_code: int = 0
    asked: bool = True

    @property
    def ok(self) -> bool | None:
        """Say whether it was seen to be right; None where it was not seen."""
        return not self.exit_code if self.asked else None

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "?"}[self.ok]
        lines = [f"{mark} {self.name}: {self.found}"]
        return "\n  -> ".join([*lines, self.remedy] if self.remedy else lines)


def check(name: str, ask: Callable[[], str]) -> Check:
    """Ask a question: its answer, or the error that it raises."""
    try:
        return Check(name, shown(ask(), token=HIDDEN))
    except CovlaneError as error:
        cause, remedy = (shown(text, token=HIDDEN) for text in (error.cause, error.remedy))
        return Check(name, cause, remedy, error.exit_code, asked=not isinstance(error, OpenError))


def codescene(http: Http, url: str, token: str | None) -> tuple[Check, Check]:
    """Ask CodeScene for its projects, which changes nothing: is it there, and does it accept the token?"""
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
            raise DeliveryError(cause, "set it to a token of this CodeScene that has not expired")
        return "CS_ACCESS_TOKEN is set and accepted"

    valid = check("token", lambda: usable(token))
    there = check("CodeScene", reached)
    if answers or valid.exit_code:
        return there, check("token", accepted)
    cause, remedy = (
        "CS_ACCESS_TOKEN is set, and CodeScene could not be asked about it",
        "fix CodeScene's line first",
    )
    return there, Check("token", cause, remedy, there.exit_code, asked=False)


def _lists(answer: Answer) -> bool:
    try:
        return answer.status == 200 and bool(msgspec.json.decode(answer.body, type=_Projects))  # noqa: PLR2004
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _refuses(answer: Answer) -> bool:
    """Say whether an API does not know the token; a proxy or a login page says so in HTML."""
    try:
        return answer.status in _REFUSED and bool(msgspec.json.decode(answer.body, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _another(answer: Answer, url: str) -> DeliveryError:
    """Return the error for an answer that CodeScene does not give, with its likeliest cause."""
    page = answer.body.lstrip()[:1] == b"<" or "html" in answer.content_type
    what = f"{url} answers with HTTP {answer.status}"
    ends = "codescene.url ends with /v2 on cloud (https://api.codescene.io/v2) and with /api/v2 elsewhere"
    if answer.status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        return DeliveryError(f"{what}: it, or a proxy before it, is in trouble", "try again later")
    if answer.status == 429:  # noqa: PLR2004 - RFC 6585, section 4
        return DeliveryError(f"{what}: it takes no more requests for now", "wait some minutes")
    if answer.status == 407:  # noqa: PLR2004 - RFC 9110, section 15.5.8
        return DeliveryError(f"{what}: a proxy wants a user and a password", "set HTTPS_PROXY with both")
    if answer.status == 404:  # noqa: PLR2004 - RFC 9110, section 15.5.5
        return DeliveryError(f"{what}: there is no API of CodeScene at this address", f"check that {ends}")
    if page:
        return DeliveryError(
            f"{what} and a web page, as a login page or a proxy sends it, instead of CodeScene's projects",
            f"check that {ends}, and that HTTPS_PROXY and NO_PROXY are right",
        )
    return DeliveryError(
        f"{what} and something else than CodeScene's projects",
        f"check that {ends}, and that no proxy answers in its place",
    )


def pairing(legs: Iterable[Stamp], pin: str) -> str:
    """Say which SlipCover measured which pytest; `pin` is the SlipCover that covlane knows.

    Raises:
        ToolError: a leg had another one, or its canary did not sing.
    """
    said = []
    for leg in legs:
        tools = ", ".join(f"{name} {leg.tools[name]}" for name in (leg.engine, "pytest") if name in leg.tools)
        said.append(f"{leg.leg}: {tools}, canary {leg.canary}")
        if leg.engine == "slipcover" and leg.tools.get("slipcover") != pin:
            raise ToolError(f"{said[-1]}; covlane knows SlipCover {pin}", "measure again")
        if not leg.sang:
            raise ToolError(said[-1], "install a pytest and plugins that the canary passes with")
    return "; ".join(said) or "no leg of covlane's is in the report"
