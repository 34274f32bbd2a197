"""`comment`: the verdict as a comment on a pull request, on one of a fork too."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters import files, memory
from covlane.clients.github import artifact, comment
from covlane.clients.github.api import api
from covlane.errors import ReportError, UsageError
from covlane.formats.evidence import read_verdict
from covlane.render import markdown
from covlane.render.escaping import blob
from covlane.render.escaping import run as run_link
from covlane.result import Result
from covlane.workspace import runner

if TYPE_CHECKING:
    from covlane.config.settings import Configured
    from covlane.connections.online import Online
    from covlane.model.verdict import Verdict

#: Where the comment's workflow puts what the run of a pull request left.
RELAYED = "relayed"
#: Bytes of address space for reading that: many times what a verdict at all its bounds takes.
MOST_MEMORY = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Commented(Result):
    """The outcome of each comment, or why there is none; it was printed."""

    answers: tuple[str, ...]


def run(configured: Configured, clients: Online, number: str | None = None) -> Commented:
    """Comment the verdict in the reports folder on a pull request, by default the event's.

    Raises:
        UsageError: that is no number, or the event has no pull request.
        ReportError: there is no verdict.
        DeliveryError: GitHub refused the comment.
    """
    if number is not None and not (number.isascii() and number.isdecimal()):
        raise UsageError(f"{number!r} is not a pull request number", "pass digits only")
    path = configured.reports / "verdict.json"
    verdict = read_verdict(files.read_bytes(path, remedy="run `invoke gate` first"), str(path))
    if number is None:
        pull = runner.event(clients.environ).pull_request
        if pull is None:
            raise UsageError(
                "not running for a pull request", "name one: `invoke comment --pull-request NUMBER`"
            )
        number = str(pull.number)
    run_id = clients.environ.get("GITHUB_RUN_ID", "")
    return Commented((_publish(configured, clients, int(number), verdict, run_id),))


def relay(configured: Configured, clients: Online) -> Commented:
    """Comment the verdict of the run that the event is about, which may have run a stranger's code.

    Raises:
        UsageError: the event is not a workflow_run.
        ReportError: the run's artifact is refused.
        DeliveryError: GitHub refused the comment.
    """
    event = runner.event(clients.environ).workflow_run
    if event is None:
        raise UsageError("not running in a workflow_run event", "leave --relayed out")
    folder = configured.reports / RELAYED
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if not found and not folder.is_symlink():
        return _nothing(clients, "the run left no verdict, so there is nothing to comment")
    if len(found) != 1 or folder.is_symlink() or not stat.S_ISREG(found[0].lstat().st_mode):
        raise ReportError("the run's artifact is refused: it is not one file", "nothing of it was used")
    with memory.limited(MOST_MEMORY):
        verdict = artifact.verdict(files.read_bytes(found[0], most=artifact.MOST_PACKED))
    numbers = comment.pulls_of_run(api(clients.http, clients.environ), event.id)
    if not numbers:
        return _nothing(
            clients, "no open pull request is at the measured commit, so there is nothing to comment on"
        )
    return Commented(
        tuple(_publish(configured, clients, number, verdict, str(event.id)) for number in numbers)
    )


def _nothing(clients: Online, why: str) -> Commented:
    clients.say(why)
    return Commented((why,))


def _publish(configured: Configured, clients: Online, number: int, verdict: Verdict, run_id: str) -> str:
    """Make or update the comment of one pull request, and return what became of it."""
    chosen = configured.settings.github
    if chosen.comment == "never":
        answer = 'github.comment is "never", so no comment is written'
        clients.say(answer)
        return answer
    begin = chosen.comment == "always" or comment.changed(verdict)
    server, name = (clients.environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY"))
    folder = configured.folder
    context = markdown.Context(
        verdict.below(folder),
        None,
        blob(f"{server}/{name}", verdict.commit),
        configured.settings.thresholds,
        configured.session,
        run_link(f"{server}/{name}", run_id),
        folder,
    )
    text = markdown.comment(context, markdown.COMMENT - comment.RESERVED)
    answer = comment.publish(api(clients.http, clients.environ), number, chosen.lane, text, begin=begin)
    clients.say(answer)
    return answer
