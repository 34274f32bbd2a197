"""A file's bytes as lines of highlighted code, for any content."""

from __future__ import annotations

import builtins
import io
import keyword
import re
import tokenize
from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape
from pygments import token
from pygments.lexer import inherit
from pygments.lexers import PythonLexer, get_lexer_for_filename
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pygments.lexer import Lexer

#: Larger files are shown as plain text, because highlighting them takes too long.
MOST_CHARACTERS = 2_000_000
LONGEST_LINE = 2_000
#: The style sheet's classes; the first match counts, all else is plain.
CLASSES = (
    (token.Comment, "c"),
    (token.String, "s"),
    (token.Keyword, "k"),
    (token.Operator.Word, "k"),
    (token.Number, "n"),
    (token.Name.Builtin, "b"),
    (token.Name.Function, "f"),
    (token.Name.Class, "f"),
    (token.Name.Decorator, "d"),
)
#: Replacements for control and bidirectional characters.
SHOWN = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"} | {
    code: f"[U+{code:04X}]"
    for code in (*range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
PYTHON = (".py", ".pyi", ".pyw")
SPECIAL = re.compile("[&<>\"']")
_OWN = "|".join(sorted({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "cls"}))


class _Python(PythonLexer):  # type: ignore[misc] # types-Pygments names no lexer
    """Pygments' lexer with its most frequent tokens first, which makes it two to four times quicker."""

    tokens = {  # noqa: RUF012 - as Pygments requires
        "root": [
            (r"[^\S\n]+", token.Whitespace),
            (rf"(?!(?:{_OWN})\b|__)[^\W\d]\w*(?![\w\"'])", token.Name),
            (r"[=.,:()\[\]]+(?<!:=)", token.Punctuation),
            inherit,
        ]
    }


class Text(NamedTuple):
    """A file's lines as markup, and a note if they differ from its content."""

    lines: list[Markup]
    note: str = ""


def highlight(content: bytes, name: str) -> Text:
    """Return a file's lines as markup, split like Python does; any bytes are accepted."""
    text, note = _decoded(content, name)
    text = re.sub("\r\n?", "\n", text).removesuffix("\n").translate(SHOWN)
    lexer = _lexer(PurePosixPath(name).suffix)
    if not text:
        return Text([], note)
    if lexer is None or len(text) > MOST_CHARACTERS or re.search(rf".{{{LONGEST_LINE}}}", text):
        return Text([escape(line) for line in text.split("\n")], note)
    return Text(list(_lines(lexer.get_tokens_unprocessed(text))), note)


def _decoded(content: bytes, name: str) -> tuple[str, str]:
    encoding = "utf-8-sig"
    if PurePosixPath(name).suffix in PYTHON:
        with suppress(SyntaxError):  # not UTF-8, or an unknown encoding
            encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    try:
        return content.decode(encoding), ""
    except (UnicodeDecodeError, LookupError):
        return content.decode(
            "utf-8", "replace"
        ), "The file is not UTF-8: undecodable bytes are shown as \ufffd."


@cache
def _lexer(suffix: str) -> Lexer | None:
    if suffix in PYTHON:
        return _Python()
    try:
        return get_lexer_for_filename(f"file{suffix}")
    except ClassNotFound:
        return None


@cache
def _class(kind: token._TokenType) -> str:
    return next((name for parent, name in CLASSES if kind[: len(parent)] == parent), "")


def _lines(tokens: Iterable[tuple[int, token._TokenType, str]]) -> Iterator[Markup]:
    """Yield the markup of each line; neighbouring tokens of a class share an element, which never spans lines."""
    line: list[str] = []
    name, run = "", ""
    for _, kind, value in tokens:
        if (new := _class(kind)) == name or value == " ":
            run += value
        else:
            line.append(_span(name, run))
            name, run = new, value
        if "\n" in value:
            first, *middle, run = run.split("\n")
            yield Markup("".join([*line, _span(name, first)]))  # noqa: S704 - each part is escaped
            yield from (Markup(_span(name, part)) for part in middle)  # noqa: S704
            line.clear()
    yield Markup("".join([*line, _span(name, run)]))  # noqa: S704


def _span(name: str, value: str) -> str:
    text = str(escape(value)) if SPECIAL.search(value) else value
    return f'<span class="{name}">{text}</span>' if name and text else text
