"""The map of the code: files as rectangles, by lines, coverage and how often they changed."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from math import log1p
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from covlane.model.report import Ratio, total
from covlane.render import words
from covlane.render.html import templates
from covlane.render.html.page import address
from covlane.render.html.squarified import Rectangle, squarified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import FileCoverage

#: The most rectangles, and the least number of them that a folder is worth opening for.
MOST = 300
LEAST = 20
#: The room in which rectangles are laid out, and the least of it that has room for a name.
ROOM = Rectangle(0, 0, 1000, 400)
NAMED = (40, 16)
#: The widest border, of which a rectangle shows the inner half.
WIDEST = 8
NONE = Ratio(0, 0)


class Hotspots(NamedTuple):
    """Where one more test pays.

    Attributes:
        ranks: of files with uncovered code, 1 for the first.
        commits: how many commits of the last year changed each file; None without a history.
        note: what is wrong with the history, if anything is.
    """

    ranks: Mapping[str, int] = {}
    commits: Mapping[str, int] | None = None
    note: str = ""

    def below(self, folder: str) -> Hotspots:
        """Return it with files named from the top of the checkout; `folder` is the project's."""
        ranks, commits = (
            {posixpath.join(folder, path): value for path, value in (one or {}).items()}
            for one in (self.ranks, self.commits)
        )
        return Hotspots(ranks, None if self.commits is None else commits, self.note)


@dataclass(slots=True)
class _Node:
    """A file, a folder, or the small files of a folder.

    Attributes:
        path: the file's name, or the folder's, with `/` after it for the small files of a folder.
        name: what a rectangle shows.
        lines: its line coverage.
        commits: how many commits changed the file; of a folder the most that changed one of its files.
        files: how many files it has; 0 for a file.
        children: of a folder.
    """

    path: str
    name: str
    lines: Ratio = NONE
    commits: int = 0
    files: int = 0
    children: dict[str, _Node] = field(default_factory=dict)

    def largest_first(self) -> list[_Node]:
        """Return the children in the order of the map."""
        return sorted(self.children.values(), key=_size)


class Cell(NamedTuple):
    """A rectangle as the template has it: where it is in percent of the map, its border, colour, link and texts."""

    at: Rectangle
    border: int
    level: str
    link: str
    name: str
    text: str


def draw(
    files: Mapping[str, FileCoverage], hotspots: Hotspots, thresholds: tuple[float, float]
) -> Markup | None:
    """Return the map as SVG, or None where no file has lines."""
    root = _tree(files, hotspots.commits or {})
    if not root.lines.total:
        return None
    most = max((hotspots.commits or {}).get(path, 0) for path in files)
    placed = list(_placed(root, _expanded(root)))
    cells = [_cell(node, at, most, thresholds, known=hotspots.commits is not None) for node, at in placed]
    title = f"{root.lines.text} of {root.lines.total:,} lines are covered in {words.files(root.files)}"
    return Markup(templates.get("treemap.svg.j2").render(cells=cells, title=title))  # noqa: S704 - the template escapes it


def _size(node: _Node) -> tuple[int, str]:
    return -node.lines.total, node.path


def _tree(files: Mapping[str, FileCoverage], commits: Mapping[str, int]) -> _Node:
    """Return the folders and files that have lines, below a folder without a name."""
    root = _Node("", "")
    for path, file in files.items():
        if not file.lines.total:
            continue
        node, parts = root, path.split("/")
        for depth in range(len(parts) + 1):
            if depth:
                node = node.children.setdefault(
                    parts[depth - 1], _Node("/".join(parts[:depth]), parts[depth - 1])
                )
            node.lines += file.lines
            node.commits = max(node.commits, commits.get(path, 0))
            node.files += depth < len(parts)
    return root


def _expanded(root: _Node) -> set[int]:
    """Return the folders (by identity) that are shown by what is in them: the largest first, as far as there is room.

    A folder with too much in it is shown by the largest files and folders and one rectangle for the others.
    """
    expanded, count, pending = set[int](), 1, [root]
    while pending:
        pending.sort(key=_size)
        node = pending.pop(0)
        room = MOST - count + 1
        if len(node.children) > room:
            if room < LEAST:
                continue
            _fold(node, room)
        if node.children:
            expanded.add(id(node))
            count += len(node.children) - 1
            pending += node.children.values()
    return expanded


def _fold(node: _Node, room: int) -> None:
    """Make one of all but the largest children of a folder, so that there are `room`."""
    small = node.largest_first()[room - 1 :]
    for child in small:
        del node.children[child.name]
    files = sum(child.files or 1 for child in small)
    rest = _Node(f"{node.path}/" if node.path else "", f"{files:,} smaller files", files=files)
    rest.lines = total(child.lines for child in small)
    rest.commits = max(child.commits for child in small)
    node.children["/"] = rest


def _placed(root: _Node, expanded: set[int]) -> Iterator[tuple[_Node, Rectangle]]:
    pending = [(root, ROOM)]
    while pending:
        node, room = pending.pop()
        if id(node) not in expanded:
            yield node, room
            continue
        children = node.largest_first()
        places = squarified([child.lines.total for child in children], room)
        pending += reversed(list(zip(children, places, strict=True)))


def _cell(node: _Node, at: Rectangle, most: int, thresholds: tuple[float, float], *, known: bool) -> Cell:
    folder = bool(node.files)
    name = words.printable(node.name)
    if node.path.endswith("/") or not node.path:
        named = f"{words.printable(node.path)}: {name}" if node.path else name
    else:
        named = words.printable(node.path)
        name += "/" * folder
    parts = [f"{named}: {node.lines.text} of {_count(node.lines.total, 'line')}"]
    if folder:
        parts.append(words.files(node.files))
    if known:
        parts.append(f"{'up to ' * folder}{_count(node.commits, 'commit')} in a year")
    return Cell(
        Rectangle(
            100 * at.x / ROOM.width,
            100 * at.y / ROOM.height,
            100 * at.width / ROOM.width,
            100 * at.height / ROOM.height,
        ),
        border=1 + round((WIDEST - 1) * log1p(node.commits) / log1p(most)) if most else 1,
        level=words.level(node.lines, thresholds),
        link="" if folder else address(node.path),
        name=name if at.width >= NAMED[0] and at.height >= NAMED[1] else "",
        text=", ".join(parts),
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
