"""The Jinja templates, read once, with autoescaping."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

FOLDER = Path(__file__).parents[1] / "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the Jinja environment."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def get(name: str) -> jinja2.Template:
    """Return a template."""
    return environment().get_template(name)


def script(document: object) -> Markup:
    """Return JSON that may stand in a script: ASCII, without markup characters."""
    text = json.dumps(document, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


@cache
def text(name: str) -> str:
    """Return a static file."""
    return (FOLDER / name).read_text("utf-8")
