"""What CI services say of a job in variables: the branch, the commit, and what a change is compared with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, by the names of its variables; empty where it has none.

    Attributes:
        source: the page that documents them.
        branch: the branch that is built, or a reference; a pull request is `refs/pull/7/merge`, say.
        commit: the commit that is meant; a job may check out another one.
        bases: the commit that a pull request is compared with, the better one first.
        target: the branch that a pull request is to be merged into.
        default: the default branch.
        primary: is `true` where the branch that is built is the default one.
        before: the commit that the branch was at before the push.
    """

    source: str
    branch: str
    commit: str
    bases: tuple[str, ...] = ()
    target: str = ""
    default: str = ""
    primary: str = ""
    before: str = ""


#: GitHub tells the commits, and the default branch, in the file that GITHUB_EVENT_PATH names. CircleCI tells no base.
SERVICES = (
    Service(
        source="https://docs.github.com/en/actions/reference/workflows-and-actions/variables",
        branch="GITHUB_REF",
        commit="GITHUB_SHA",
        target="GITHUB_BASE_REF",
    ),
    Service(
        source="https://docs.gitlab.com/ci/variables/predefined_variables/",
        branch="CI_COMMIT_BRANCH",
        commit="CI_COMMIT_SHA",
        # The first is set in pipelines of merged results alone, where HEAD is a merge with it.
        bases=("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"),
        target="CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        default="CI_DEFAULT_BRANCH",
        before="CI_COMMIT_BEFORE_SHA",
    ),
    Service(
        source="https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables",
        branch="BUILD_SOURCEBRANCH",
        commit="BUILD_SOURCEVERSION",
        target="SYSTEM_PULLREQUEST_TARGETBRANCH",
    ),
    Service(
        source="https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/",
        branch="BITBUCKET_BRANCH",
        commit="BITBUCKET_COMMIT",
        bases=("BITBUCKET_PR_DESTINATION_COMMIT",),
        target="BITBUCKET_PR_DESTINATION_BRANCH",
    ),
    Service(
        source="https://circleci.com/docs/reference/variables/",
        branch="CIRCLE_BRANCH",
        commit="CIRCLE_SHA1",
    ),
    Service(
        source="https://www.jenkins.io/doc/book/pipeline/multibranch/",
        branch="BRANCH_NAME",
        commit="GIT_COMMIT",
        target="CHANGE_TARGET",
        primary="BRANCH_IS_PRIMARY",
    ),
)
