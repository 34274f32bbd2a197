"""Other programs' reports read a second time, with regular expressions, lxml and json alone: nothing of the lane's.

Slow and plain on purpose: the figures of its readers are held against these. What is odd is treated as
`docs/merge.md` has it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import NamedTuple

from lxml import etree

LAST = 1_000_000


class Figures(NamedTuple):
    """What a report comes to."""

    files: int = 0
    lines: int = 0
    covered: int = 0
    branches: int = 0
    taken: int = 0


class File:
    """Lines by number, and of each line's branches whether each was taken."""

    def __init__(self) -> None:
        self.lines: dict[int, bool] = {}
        self.branches: dict[int, dict[str, bool]] = defaultdict(dict)

    def line(self, number: str | None, hits: str | None) -> bool:
        """Add a line; say whether it is one."""
        line, count = _number(number), _number("0" if re.fullmatch("=+|#+", (hits or "").strip()) else hits)
        if line is None or line != int(line) or not 1 <= line <= LAST or count is None:
            return False
        self.lines[int(line)] = self.lines.get(int(line), False) or count > 0
        return True

    def branch(self, line: int, name: str, *, taken: bool) -> None:
        """Add a branch."""
        self.branches[line][name] = self.branches[line].get(name, False) or taken


def figures(content: bytes) -> Figures:
    """Return the figures of a report in LCOV, Cobertura XML or JSON; ValueError for anything else."""
    text = _decoded(content)
    if text.startswith("{"):
        files = _json(text)
    elif text.startswith("<"):
        files = _cobertura(text)
    else:
        files = _lcov(text)
    return Figures(
        len(files),
        sum(len(file.lines) for file in files.values()),
        sum(sum(file.lines.values()) for file in files.values()),
        sum(len(found) for file in files.values() for found in file.branches.values()),
        sum(sum(found.values()) for file in files.values() for found in file.branches.values()),
    )


def _decoded(content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16").lstrip("\ufeff \r\n\t")
    try:
        return content.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        return content.decode("latin-1").lstrip()


def _number(text: str | None) -> float | None:
    text = (text or "").strip().replace(",", "")
    return float(text) if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", text) else None


def _lcov(text: str) -> dict[str, File]:
    files: dict[str, File] = defaultdict(File)
    for record in re.split(r"^[ \t]*end_of_record.*$", text, flags=re.MULTILINE)[:-1]:
        for part in re.split(r"(?=^[ \t]*SF:)", record, flags=re.MULTILINE)[1:]:
            lines = [line.partition(":") for line in part.splitlines()]
            name = lines[0][2].strip()
            if name:
                _record([(kind.strip(), value) for kind, _, value in lines], files[name], name)
    if "SF:" not in text:
        raise ValueError("neither LCOV, XML nor JSON")
    return dict(files)


def _record(lines: list[tuple[str, str]], file: File, name: str) -> None:
    counted: dict[int, list[bool]] = defaultdict(list)
    for kind, value in lines:
        if kind == "DA":
            number, *rest = value.split(",")
            file.line(number, rest[0] if rest else None)
        elif kind == "BRDA" and value.count(",") >= 3:
            number, rest_, count = (
                value.partition(",")[0],
                value.partition(",")[2].rpartition(",")[0],
                value.rpartition(",")[2],
            )
            line = _number(number)
            taken = 0.0 if count.strip() == "-" else _number(count)
            lead_out = line == 0 and name.endswith(".py")
            if line is not None and taken is not None and (lead_out or 1 <= line <= LAST):
                file.branch(int(line), rest_, taken=taken > 0)
        elif kind == "BA":
            counted[int(value.split(",")[0])].append(int(value.split(",")[1]) > 1)
    for line, found in counted.items():
        if line not in file.branches:
            file.branches[line] = {str(number): taken for number, taken in enumerate(found)}


def _cobertura(text: str) -> dict[str, File]:
    text = re.sub(r"^<\?xml[^>]*\?>", "", text)
    root = etree.fromstring(
        text.encode(), etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    )
    if etree.QName(root).localname != "coverage" or root.find("project") is not None:
        raise ValueError("no Cobertura report")
    files: dict[str, File] = defaultdict(File)
    for one in root.iterfind(".//{*}class"):
        name = one.get("filename") or ""
        if not name.strip():
            continue
        file, lines = files[name], list(one.iterfind(".//{*}line"))
        own = [
            line
            for line in lines
            if not any(etree.QName(up).localname == "method" for up in line.iterancestors())
        ]
        used = [line for line in own if file.line(line.get("number"), line.get("hits"))]
        for line in used or [line for line in lines if file.line(line.get("number"), line.get("hits"))]:
            _conditions(int(_number(line.get("number")) or 0), line.get("condition-coverage") or "", file)
    return dict(files)


def _conditions(line: int, text: str, file: File) -> None:
    match = re.search(r"(?<![\d.,-])([0-9]+) ?/ ?([0-9]+)(?![\d.,])", text)
    if match and int(match[1]) <= int(match[2]):
        before = file.branches.get(line, {})
        taken, count = max(int(match[1]), sum(before.values())), max(int(match[2]), len(before))
        file.branches[line] = {str(number): number < taken for number in range(count)}


def _json(text: str) -> dict[str, File]:
    files: dict[str, File] = {}
    for name, entry in json.loads(text)["files"].items():
        file = files[name] = File()
        excluded = {*entry.get("excluded_lines", ())}
        for number in entry["missing_lines"]:
            file.line(str(number), "0")
        for number in entry["executed_lines"]:
            if number not in excluded:
                file.line(str(number), "1")
        for key, taken in (("missing_branches", False), ("executed_branches", True)):
            for line, target in entry.get(key, ()):
                if 1 <= line <= LAST:
                    file.branch(line, str(max(target, 0)), taken=taken)
    return files
