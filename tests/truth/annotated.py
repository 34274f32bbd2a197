"""What a source says of itself: the lines and branches that run, by the comment at the end of each line.

`#+` the line runs; `#-` it could and does not; no mark: Python has no code for it, or it is excluded. `#~` it may
run, or runs in a process that nobody can hear out. A mark may be followed by branches, `>5+` one to line 5 that is
taken, `>0-` one out of the function that is not, and by the Pythons and the engine for which it holds:
`#+ <3.11 #- >=3.11 slipcover`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlane.model.lines import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import FileCoverage

Version = tuple[int, int]
#: A file's lines (`5`) and branches (`5>7`), each with its mark.
Truth = dict[str, str]

_MARKS = re.compile(r"#(?=[+~-](?: |$)).*")
_WORD = re.compile(
    r"(?P<mark>[+~-])|(?P<branch>>\d+)(?P<taken>[+~-])|(?P<test><|>=)3\.(?P<minor>\d+)|(?P<engine>slipcover|coverage)"
)
#: What was expected and what was found, in words; a mark that is absent means "not executable".
_DEVIATIONS = {
    ("+", "-"): "not seen to run",
    ("-", "+"): "said to have run",
    ("+", ""): "not seen to run, nor executable",
    ("-", ""): "not executable",
    ("~", ""): "not executable",
    ("", "+"): "said to have run, where nothing is executable",
    ("", "-"): "said to be missed, where nothing is executable",
}


def read(text: str, python: Version, engine: str = "slipcover") -> Truth:
    """Read a source's marks as they hold for one Python and engine.

    Raises:
        ValueError: a mark is none, or two hold for one Python.
    """
    truth: Truth = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _MARKS.search(line)
        for clause in match[0].split("#")[1:] if match else ():
            marks = _marks(number, clause.split(), python, engine)
            if marks.keys() & truth.keys():
                raise ValueError(f"line {number} has two marks: {line.strip()}")
            truth.update(marks)
    return truth


def _marks(number: int, clause: list[str], python: Version, engine: str) -> Truth:
    """Return one clause's marks, none where it speaks of other Pythons or of the other engine."""
    found: Truth = {}
    holds = True
    for word in clause:
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"line {number}: {word!r} is no word of a mark")
        if match["mark"]:
            found[f"{number}"] = word
        elif match["branch"]:
            found[f"{number}{match['branch']}"] = match["taken"]
        elif match["engine"]:
            holds &= word == engine
        else:
            holds &= (python < (3, int(match["minor"]))) is (match["test"] == "<")
    return found if holds else {}


def found_in(file: FileCoverage) -> Truth:
    """Return a file's measured lines and branches in the same words."""
    ran = set(unpack(file.executed))
    lines = {f"{line}": "+" if line in ran else "-" for line in unpack(file.executable)}
    return lines | {f"{a}>{b}": "+" if (a, b) in file.taken else "-" for a, b in sorted(file.branches)}


def deviations(truths: Mapping[str, Truth], measured: Mapping[str, FileCoverage]) -> Iterator[str]:
    """Yield a sentence for all that is not as the sources say, file by file."""
    for name in sorted(truths.keys() | measured.keys()):
        if name not in truths:
            yield f"{name} is no source, and reported"
        elif name not in measured:
            yield f"{name} is not reported"
        else:
            truth, found = truths[name], found_in(measured[name])
            for pair, words in _DEVIATIONS.items():
                either = sorted(truth.keys() | found.keys(), key=lambda key: [*map(int, key.split(">"))])
                keys = [key for key in either if (truth.get(key, ""), found.get(key, "")) == pair]
                if keys:
                    yield f"{name}: {words}: {', '.join(keys)}"
