""".github/workflows/coverage.yml: the sessions as jobs, each step a command that a person types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jinja2

from covlane.scaffold.change import LEAVE, Part

if TYPE_CHECKING:
    from covlane.settings import Settings

PATH = ".github/workflows/coverage.yml"
#: What the first line of a workflow of ours starts with.
MARKER = "# Written by covlane init"
#: The Python that runs covlane and nox, whichever Python a leg measures.
HOST_PYTHON = "3.12"
#: Actions by the name that the template gives them, each pinned to a commit.
ACTIONS = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "setup_python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "setup_uv": "astral-sh/setup-uv@c771a70e6277c0a99b617c7a806ffedaca235ff9 # v9.0.0",
    "upload_artifact": "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
    "download_artifact": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
}


def install_command(project: str) -> str:
    """Return how a job of the project gets covlane; covlane's own jobs run the checkout."""
    return "python -m pip install " + ("-e ." if project == "covlane" else "covlane")


def render(settings: Settings, install: str) -> str:
    """Return the workflow's text."""
    environment = jinja2.Environment(
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
    environment.filters["quoted"] = _quoted
    return environment.get_template("coverage.yml.j2").render(
        actions=ACTIONS,
        host_python=HOST_PYTHON,
        install=install,
        marker=MARKER,
        settings=settings,
    )


def _quoted(text: str) -> str:
    """Return a YAML string: JSON's are YAML's."""
    return json.dumps(text)


def workflow(old: bytes | None, settings: Settings, *, install: str, force: bool) -> Part:
    """Return what becomes of the workflow: one that stands and differs is replaced only by force."""
    new = render(settings, install).encode()
    if old is None:
        return Part(new, "the same sessions as jobs")
    if old.replace(b"\r\n", b"\n") == new:
        return LEAVE
    if force:
        return Part(new, "replaces the workflow that stands, as --force says")
    ours = old.startswith(MARKER.encode())
    what = "differs from what init writes now" if ours else "was not written by covlane init"
    return Part(None, f"left alone, it {what}; `covlane init --force` replaces it")
