"""The checkout as CodeScene will see it: what upload, check and doctor look at before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.clients.codescene import preflight
from covlane.clients.codescene.preflight import Checkout
from covlane.config.settings import CodeScene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from covlane.adapters.git import Git
    from covlane.clients.codescene.preflight import Finding
    from covlane.config.settings import Configured

#: Said in the place of an upload, so that one text of a workflow does for every repository.
NOT_WANTED = "codescene.upload is false, so nothing is sent to CodeScene"

#: Said by doctor where nothing shows that a project uses CodeScene.
NOT_ASKED = "nothing here uploads to it; `covlane init --codescene` has the workflow do so"


def is_wanted(chosen: CodeScene, environ: Mapping[str, str]) -> bool:
    """Return whether a project or this environment shows that reports go to CodeScene."""
    if chosen.upload is None:
        return bool(environ.get("CS_ACCESS_TOKEN")) or chosen.url != CodeScene().url
    return chosen.upload


def remote(git: Git) -> str | None:
    """Return the name of the remote that CodeScene analyses, None where no remote can be it."""
    remotes = (git.ask("remote") or "").splitlines()
    return preflight.pick_remote(remotes, git.ask("config", f"branch.{git.branch()}.remote"))


def checkout(configured: Configured, git: Git, environ: Mapping[str, str]) -> Checkout:
    """Return the commit, branch, remote and tracked files that an upload refers to."""
    name, chosen = remote(git), configured.settings
    head, ask = git.commit(), git.ask
    listed = ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD") if head else None
    place = f"refs/remotes/{name}"
    default = ask("symbolic-ref", "--quiet", f"{place}/HEAD") or chosen.github.default_branch
    holding = ask("for-each-ref", "--contains=HEAD", "--format=%(refname)", place) if name else None
    return Checkout(
        head=head,
        branch=git.branch() or preflight.branch_in_ci(environ, head),
        holding=tuple(ref.removeprefix(f"{place}/") for ref in (holding or "").split()),
        analysed=chosen.codescene.branches or (default.removeprefix(f"{place}/"),),
        remotes=tuple((ask("remote") or "").splitlines()),
        remote=git.remote_url(name) if name else None,
        tracked=None if listed is None else frozenset(listed.split("\0")),
    )


def judge(findings: Sequence[Finding], what: str, say: Callable[[str], None], *, strict: bool = True) -> None:
    """Print what preflight found; refuse where one of the findings is an error, unless not `strict`.

    Raises:
        CovlaneError: `what`, for the first finding that is an error.
    """
    for finding in findings:
        if not (finding.error and strict):
            say(f"note: {finding.cause}; {finding.remedy}")
    if strict:
        preflight.refuse(findings, what)
