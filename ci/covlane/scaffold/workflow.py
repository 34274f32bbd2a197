"""The workflows: the sessions as jobs, each step a command that a person types, and the comment apart from them."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import jinja2
import msgspec

import covlane
from covlane.config import checkout
from covlane.errors import UsageError
from covlane.scaffold.change import LEAVE, Edit

if TYPE_CHECKING:
    from covlane.config.settings import Settings

PATH = ".github/workflows/coverage.yml"
COMMENT = ".github/workflows/coverage-comment.yml"
#: Folders that no action takes for a pattern, a comment or an expression.
_FOLDER = re.compile(r"(?![!#~ ])[\w @+,=()&'%~!#./-]*(?<! )")
#: Runners whose default shell is bash.
_HAS_BASH = re.compile("ubuntu|macos")
#: How a workflow that covlane wrote starts.
MARKER = "# Written by covlane init"
#: The Python that runs covlane and nox, whichever Python a leg measures.
HOST_PYTHON = "3.12"
#: Events that the settings or a team may add to a workflow: a merge queue, a button, a schedule.
EVENTS = ("merge_group", "workflow_dispatch", "schedule")
_ON = re.compile(r"^on:\n(?:(?: .*)?\n)+", re.MULTILINE)
_ADDED = re.compile(rf"^  (?:{'|'.join(EVENTS)}):.*\n(?:   .*\n)*", re.MULTILINE)
_CACHE = "55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0"
#: Actions by the name that the template gives them, each pinned to a commit.
ACTIONS = {
    "alls_green": "re-actors/alls-green@05ac9388f0aebcb5727afa17fcccfecd6f8ec5fe # v1.2.2",
    "cache_restore": f"actions/cache/restore@{_CACHE}",
    "cache_save": f"actions/cache/save@{_CACHE}",
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "setup_python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "setup_uv": "astral-sh/setup-uv@c771a70e6277c0a99b617c7a806ffedaca235ff9 # v9.0.0",
    "upload_artifact": "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "download_artifact": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}
#: What later steps and jobs can read.
OUTPUTS = {
    "line": "line coverage in percent",
    "branch": "branch coverage in percent, empty where branches are not measured",
    "patch": "coverage of the changed statements in percent, empty where none changed",
    "verdict": "pass, fail or incomplete",
    "complete": "whether all that was expected is in the report, true or false",
}


def install_command(project: str, requirement: str = "") -> str:
    """Return how a job of the project installs covlane; covlane's own jobs install the checkout.

    Args:
        project: the project's name.
        requirement: the setting `covlane-requirement`; by default the version that writes the workflow, since
            another version would write another workflow.
    """
    if not requirement and project == "covlane":
        return "python -m pip install -e ."
    return f"python -m pip install {shlex.quote(requirement or f'covlane=={covlane.__version__}')}"


def unreleased(text: str) -> str:
    """Return a note where a command or a workflow installs a version that the package index does not have yet."""
    if f"covlane=={covlane.__version__}" not in text or ".dev" not in covlane.__version__:
        return ""
    return (
        f"covlane {covlane.__version__} is not on the package index yet: set `covlane-requirement` in [tool.covlane] "
        "to a git reference or a wheel's path"
    )


def check_requirements(path: str, content: bytes | None) -> None:
    """Check that a requirements file pins this version of covlane with hashes.

    Raises:
        UsageError: the file is missing, or pins something else; the remedy is the command that writes it.
    """
    pin = f"covlane=={covlane.__version__}"
    text = (content or b"").decode("utf-8", "replace").replace("\r\n", "\n").replace("\\\n", " ")
    if re.search(rf"(?m)^{re.escape(pin)} .*--hash=sha256:[0-9a-f]{{64}}", text):
        return
    what = "is missing" if content is None else f"does not pin {pin} with its hashes"
    raise UsageError(
        f"github.requirements: {path} {what}",
        f"run `echo {pin} | uv pip compile - --universal --python-version {HOST_PYTHON} --generate-hashes"
        f" --no-header -o {path}`",
    )


def paths(folder: str) -> tuple[str, str]:
    """Return where the workflows of the project in a folder are, from the top: the lane, and its comment.

    Each project of a repository has its own.
    """
    ending = f".{checkout.slug(folder)}.yml" if folder else ".yml"
    return PATH.removesuffix(".yml") + ending, COMMENT.removesuffix(".yml") + ending


def render(
    settings: Settings,
    install: str,
    template: str = "coverage.yml",
    *,
    folder: str = "",
    reusable: bool = False,
) -> str:
    """Return a workflow's text.

    Args:
        settings: the project's.
        install: the command that installs covlane.
        template: which workflow.
        folder: where the project is in its checkout; "" at the top.
        reusable: whether other workflows call it, and pass the project's folder.
    """
    inside = "${{ inputs.working-directory }}" if reusable else folder
    place, key = f"{inside}/", f"{inside if reusable else checkout.slug(folder)}/"
    artifacts = "${{ needs.plan.outputs.artifacts }}" if reusable else checkout.artifacts(folder)
    github, pinned = settings.github, settings.github.requirements
    install = (
        _quoted(install) if re.search(r": | #", install) else install
    )  # YAML would read these as its own
    github_ref = f"'refs/heads/{settings.github.default_branch.replace(chr(39), 2 * chr(39))}'"
    if reusable:
        github_ref = "format('refs/heads/{0}', github.event.repository.default_branch)"
    templates = jinja2.Environment(
        # GitHub's own expressions are written ${{ }}.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        loader=jinja2.PackageLoader("covlane.scaffold"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - YAML; values of the settings are quoted by `quoted`
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["quoted"] = _quoted
    return templates.get_template(f"{template}.j2").render(
        actions=ACTIONS,
        artifacts=artifacts,
        baselines=place.lstrip("/") + (settings.baseline.path or f"{settings.reports}/baselines"),
        default_requirement=f"covlane=={covlane.__version__}",
        cache=settings.cache and place.lstrip("/") + settings.cache,
        # The branch of the push filter; a workflow that is called has the caller's filter instead of one of its own.
        default_ref=github_ref,
        # The job's environment, as an expression.
        environment=(
            "inputs.environment"
            if reusable
            else settings.github.environment and f"'{settings.github.environment}'"
        ),
        folder=inside,
        host_python=HOST_PYTHON,
        install=install,
        # Nothing but wheels: the requirements of a build would come without hashes.
        install_pinned=(
            _quoted(f"python -m pip install --require-hashes --only-binary :all: -r {pinned}")
            if pinned
            else install
        ),
        keys=key.lstrip("/") + "covlane",
        marker=MARKER,
        outputs=OUTPUTS,
        reports=place.lstrip("/") + settings.reports,
        reusable=reusable,
        settings=settings,
        # Elsewhere the default shell is another one, which reads no "$SESSION".
        shell=reusable or not all(map(_HAS_BASH.match, (github.runner, *github.systems.values()))),
        unreleased=unreleased(install),
        title=checkout.title("" if reusable else folder),
    )


def reusable(settings: Settings) -> str:
    """Return the reusable workflow, which takes as inputs what only a project's settings know."""
    # The runner of each leg comes with the matrix, and durations do no harm where nothing is split by them. An upload
    # that the project's settings do not want sends nothing.
    github = msgspec.structs.replace(
        settings.github, runner="${{ inputs.runner }}", comment="always", cache=True
    )
    codescene = msgspec.structs.replace(settings.codescene, upload=True)
    adapted = msgspec.structs.replace(
        settings, reports="${{ inputs.reports }}", shards=2, github=github, codescene=codescene
    )
    return render(adapted, 'python -m pip install "$REQUIREMENT"', reusable=True)


def _quoted(text: str) -> str:
    """Return a YAML string: JSON's are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def same(old: bytes, new: str) -> bool:
    """Say whether a workflow is what init writes, but for what a team may change.

    Other commits of the same actions are their updates by a bot; other events of `EVENTS` start the same jobs.
    """
    texts = (_text(old), _with_events(new, _text(old)))
    one, other = (re.sub(r"@[0-9a-f]{40}( # v[\w.]+)?\n", "@\n", text) for text in texts)
    return one == other


def _text(content: bytes) -> str:
    return content.replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape")


def _with_events(new: str, old: str) -> str:
    """Return a workflow with the events that a team added to the existing one, in their places if possible."""
    here, there = _ON.search(new), _ON.search(old)
    if not here or not there:
        return new
    events, wanted = there[0], _ADDED.findall(here[0])
    if _ADDED.sub("", events) != _ADDED.sub("", here[0]) or any(event not in events for event in wanted):
        names = {_name(event) for event in wanted}
        kept = [event for event in _ADDED.findall(events) if _name(event) not in names]
        events = here[0].rstrip("\n") + "\n" + "".join(kept) + "\n"
    return new.replace(here[0], events, 1)


def _name(event: str) -> str:
    return event.partition(":")[0].strip()


def workflow(old: bytes | None, new: str, *, why: str, force: bool) -> Edit:
    """Return the edit of a workflow: an existing one that differs is replaced only by force."""
    if old is None:
        return Edit(new.encode(), why)
    content = _with_events(new, _text(old)).encode("utf-8", "surrogateescape")
    if old.replace(b"\r\n", b"\n") == content or (same(old, new) and not force):
        return LEAVE
    if force:
        return Edit(content, "replaces the existing workflow (--force)")
    ours = old.startswith(MARKER.encode())
    what = "differs from what init writes now" if ours else "was not written by covlane init"
    return Edit(None, f"left as it is: it {what}; `covlane init --force` replaces it")


def workflows(settings: Settings, install: str, folder: str = "") -> dict[str, tuple[str, str]]:
    """Return the text of each workflow by its path from the top of the checkout, and why it is there.

    Raises:
        UsageError: the project's folder has a name that actions read as something else.
    """
    if not _FOLDER.fullmatch(folder):
        raise UsageError(
            f"GitHub's actions would read the folder's name {folder!r} as a pattern or an expression",
            "rename the folder: use letters, digits, spaces and _.-",
        )
    lane, comment = paths(folder)
    found = {lane: (render(settings, install, folder=folder), "the same sessions as jobs")}
    if settings.github.comment != "never":
        text = render(settings, install, "coverage-comment.yml", folder=folder)
        found[comment] = (text, "comments on pull requests, those of forks too, and runs nothing of theirs")
    return found
