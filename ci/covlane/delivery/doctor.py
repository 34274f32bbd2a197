"""What can stand between a repository and its figures in CodeScene, each as a question with ✓ or ✗."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.delivery.codescene.upload import usable
from covlane.delivery.wording import HIDDEN, shown
from covlane.errors import CovlaneError, DeliveryError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covlane.adapters.http import Answer, Http
    from covlane.model.report import Stamp


@dataclass(frozen=True, slots=True)
class Check:
    """A question and what was found; ✗ where the exit code is not 0, and then there is a remedy."""

    name: str
    found: str
    remedy: str = ""
    exit_code: int = 0

    def __str__(self) -> str:
        lines = [f"{'✗' if self.exit_code else '✓'} {self.name}: {self.found}"]
        return "\n  -> ".join([*lines, self.remedy] if self.remedy else lines)


def check(name: str, ask: Callable[[], str]) -> Check:
    """Ask a question: its answer, or the error that it raises."""
    try:
        return Check(name, shown(ask(), token=HIDDEN))
    except CovlaneError as error:
        cause, remedy = (shown(text, token=HIDDEN) for text in (error.cause, error.remedy))
        return Check(name, cause, remedy, error.exit_code)


def codescene(http: Http, url: str, token: str | None) -> tuple[Check, Check]:
    """Ask CodeScene for its projects, which changes nothing: is it there, and does it accept the token?"""
    answers: list[Answer] = []

    def reached() -> str:
        sent = "" if valid.exit_code else usable(token)
        where = f"{url.rstrip('/')}/projects"
        answers.append(http.send("GET", where, token=sent, headers={"Accept": "application/json"}))
        return f"{url} answers (HTTP {answers[0].status})"

    def accepted() -> str:
        usable(token)
        if not answers:
            raise DeliveryError("CS_ACCESS_TOKEN is set, and CodeScene could not be asked", "see CodeScene")
        if answers[0].status in {401, 403}:
            cause = f"CodeScene does not accept CS_ACCESS_TOKEN (HTTP {answers[0].status})"
            raise DeliveryError(cause, "set it to a token of this CodeScene that has not expired")
        return f"CS_ACCESS_TOKEN is set{' and accepted' if answers[0].accepted else ', and was not judged'}"

    valid = check("token", lambda: usable(token))
    return check("CodeScene", reached), check("token", accepted)


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
