"""The Jinja templates, read once, with autoescaping."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

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


@cache
def text(name: str) -> str:
    """Return a static file."""
    return (FOLDER / name).read_text("utf-8")
