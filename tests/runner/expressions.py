"""GitHub's expressions, as far as the generated workflows use them.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<sign>&&|\|\||==|!=|[!().,\[\]]))"
)
_STATUS = re.compile(r"\b(always|cancelled|failure|success)\s*\(")
_LITERALS = {"true": True, "false": False, "null": None}


class Expressions:
    """What expressions see: contexts by their names, and the status of what ran before."""

    def __init__(self, contexts: dict[str, Any], *, failed: bool = False) -> None:
        self.contexts = contexts
        self.failed = failed

    def text(self, template: str) -> str:
        """Return a text with its expressions replaced by their values."""
        return re.sub(
            r"\$\{\{(.*?)\}\}", lambda match: _string(self.value(match[1])), template, flags=re.DOTALL
        )

    def whole(self, template: Any) -> Any:
        """Return the value of a text that is one expression, else the text with its expressions replaced."""
        if not isinstance(template, str):
            return template
        match = re.fullmatch(r"\$\{\{(.*?)\}\}", template.strip(), flags=re.DOTALL)
        return self.value(match[1]) if match and "${{" not in match[1] else self.text(template)

    def holds(self, condition: Any) -> bool:
        """Say whether an `if` is true; one that asks for no status means success as well."""
        if condition is None:
            return not self.failed
        told = str(condition).strip()
        match = re.fullmatch(r"\$\{\{(.*)\}\}", told, flags=re.DOTALL)
        inner = match[1] if match else told
        return (bool(_STATUS.search(inner)) or not self.failed) and _true(self.value(inner))

    def value(self, expression: str) -> Any:
        """Return the value of an expression without its braces."""
        return _Parser(expression, self).whole()


class _Parser:
    def __init__(self, expression: str, within: Expressions) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.within = within
        at, expression = 0, expression.strip()
        while at < len(expression):
            match = _TOKEN.match(expression, at)
            assert match, f"{expression!r} has no meaning at {at}"
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    def whole(self) -> Any:
        found = self.either()
        assert not self.tokens, f"nobody reads {self.tokens}"
        return found

    def either(self) -> Any:
        left = self.both()
        while self.take("||"):
            right = self.both()
            left = left if _true(left) else right
        return left

    def both(self) -> Any:
        left = self.compared()
        while self.take("&&"):
            right = self.compared()
            left = right if _true(left) else left
        return left

    def compared(self) -> Any:
        left = self.turned()
        while self.tokens and self.tokens[0][1] in {"==", "!="}:
            same = self.tokens.pop(0)[1] == "=="
            left = _equal(left, self.turned()) is same
        return left

    def turned(self) -> Any:
        return not _true(self.turned()) if self.take("!") else self.reached()

    def reached(self) -> Any:
        found = self.one()
        while self.tokens and self.tokens[0][1] in {".", "["}:
            sign = self.tokens.pop(0)[1]
            key = self.tokens.pop(0)[1] if sign == "." else self.either()
            assert sign == "." or self.take("]")
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def one(self) -> Any:
        kind, text = self.tokens.pop(0)
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if text == "(":
            found = self.either()
            assert self.take(")")
            return found
        assert kind == "name", text
        if self.take("("):
            return self.call(text, self.arguments())
        if text in _LITERALS:
            return _LITERALS[text]
        # A context that is not there is a mistake in the workflow; a key of one is null.
        return self.within.contexts[text]

    def arguments(self) -> list[Any]:
        found = []
        while not self.take(")"):
            found.append(self.either())
            self.take(",")
        return found

    def take(self, sign: str) -> bool:
        there = bool(self.tokens) and self.tokens[0] == ("sign", sign)
        if there:
            self.tokens.pop(0)
        return there

    def call(self, name: str, arguments: list[Any]) -> Any:
        status = {
            "always": True,
            "cancelled": False,
            "failure": self.within.failed,
            "success": not self.within.failed,
        }
        if name in status:
            return status[name]
        if name == "fromJSON":
            return json.loads(arguments[0])
        if name == "toJSON":
            return json.dumps(arguments[0])
        assert name == "format", f"nobody knows {name}"
        return re.sub(r"\{(\d+)\}", lambda match: _string(arguments[int(match[1]) + 1]), arguments[0])


def _true(value: Any) -> bool:
    return value not in (None, False, 0, "")


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if type(left) is type(right) or isinstance(left, dict | list) or isinstance(right, dict | list):
        return bool(left == right) if type(left) is type(right) else False
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value or 0)
        except ValueError:
            return float("nan")
    return float(value or 0)


def _string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    assert not isinstance(value, dict | list), "GitHub would write Object or Array"
    return str(value)
