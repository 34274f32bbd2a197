"""A squarified treemap: rectangles whose areas are in proportion to sizes, each as near to a square as it goes.

After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


#: What is left of a side at least, as sums of fractions are not exact.
TINY = 1e-9


class Rectangle(NamedTuple):
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def squarified(sizes: Sequence[float], room: Rectangle) -> list[Rectangle]:
    """Return a rectangle for each size; sizes are positive, the largest first, and share the room."""
    found: list[Rectangle] = []
    scale = room.width * room.height / sum(sizes) if sizes else 0
    areas = [size * scale for size in sizes]
    start = 0
    while start < len(areas):
        side = min(room.width, room.height)
        end, row = start + 1, areas[start]
        while end < len(areas) and _worst(areas, start, end, row + areas[end], side) <= _worst(
            areas, start, end - 1, row, side
        ):
            row += areas[end]
            end += 1
        room = _place(areas[start:end], row, room, found)
        start = end
    return found


def _worst(areas: Sequence[float], first: int, last: int, row: float, side: float) -> float:
    """Return the worst ratio of sides in a row along a side; its largest area is the first, its smallest the last."""
    return max(side * side * areas[first] / (row * row), row * row / (side * side * areas[last]))


def _place(areas: Sequence[float], row: float, room: Rectangle, found: list[Rectangle]) -> Rectangle:
    """Add the rectangles of a row along the shorter side of the room, and return what is left of the room."""
    x, y, width, height = room
    if width >= height:
        depth = row / height
        for area in areas:
            found.append(Rectangle(x, y, depth, area / depth))
            y += area / depth
        return Rectangle(x + depth, room.y, max(width - depth, TINY), height)
    depth = row / width
    for area in areas:
        found.append(Rectangle(x, y, area / depth, depth))
        x += area / depth
    return Rectangle(room.x, y + depth, width, max(height - depth, TINY))
