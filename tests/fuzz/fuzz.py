"""What strangers may send, made up for as many minutes as are given: `nox -s fuzz -- 10`.

An artifact of a fork's run ends in a verdict, whose comment can be written, or in a refusal; nothing else gets out.
"""

from __future__ import annotations

import copy
import io
import json
import sys
import time
import warnings
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from covlane.adapters import memory
from covlane.clients.github import artifact
from covlane.commands.comment import MOST_MEMORY
from covlane.errors import ReportError
from covlane.formats.evidence import write_verdict
from covlane.render import markdown
from sample_site import agreeing

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = write_verdict(agreeing())
TREE = json.loads(GOOD)
#: Examples of one round of hypothesis; the time is looked at between rounds.
ROUND = 200

KINDS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
NAMES = st.sampled_from(["verdict.json", "../verdict.json", "/x", "verdict.json/", ""]) | st.text(max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["1e999999999", "x" * 5_000, "\ud800", "../x", "::error::", -1, 10**30, 0, 1, "pass", "fail"]
    )
)
TREES = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4)
)


@st.composite
def verdicts(draw: st.DrawFn) -> bytes:
    """Draw a verdict's text: some places of a good one hold something else, are gone, or stand twice."""
    tree = copy.deepcopy(TREE)
    for _ in range(draw(st.integers(0, 4))):
        _change(draw, tree)
    try:
        if draw(st.booleans()):
            return msgspec.json.format(msgspec.json.encode(tree), indent=1) + b"\n"
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
        pass
    return json.dumps(tree, indent=draw(st.none() | st.just(1))).encode("utf-8", "surrogatepass")


def _change(draw: st.DrawFn, tree: Any) -> None:
    """Walk down to some place, and change it."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if not isinstance(tree[key], dict | list) or not tree[key] or draw(st.integers(0, 3)) == 0:
            break
        tree = tree[key]
    match draw(st.sampled_from(["alike", "alike", "alike", "other", "gone", "twice", "deep"])):
        case "alike" if isinstance(tree[key], str):
            tree[key] = draw(
                st.text() | st.sampled_from(["../x", "</a>", "::error::x", "a.py", "1/0", "1e99999"])
            )
        case "alike" if isinstance(tree[key], int):
            tree[key] = draw(st.integers(0, 30_000))
        case "other":
            tree[key] = draw(TREES)
        case "gone":
            del tree[key]
        case "twice" if isinstance(tree, list):
            tree.append(tree[key])
        case _:
            for _ in range(draw(st.integers(1, 100))):
                tree[key] = [tree[key]]


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Draw an archive: of members of any kind, and with some of its bytes changed, cut off or added."""
    stream = io.BytesIO()
    contents = verdicts() | st.just(GOOD) | st.binary(max_size=200) | st.just(b" " * 100_000)
    count = draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as packed:
        warnings.simplefilter("ignore")
        for _ in range(count):
            info = zipfile.ZipInfo(draw(st.just("verdict.json") | NAMES))
            info.external_attr = draw(st.just(0) | st.integers(0, 2**32 - 1))
            packed.writestr(info, draw(contents), draw(KINDS))
    content = bytearray(stream.getvalue())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["set", "cut", "add"])):
            case "set":
                content[at : at + 1] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del content[at:]
            case _:
                content[at:at] = draw(st.binary(max_size=40))
    return bytes(content)


@st.composite
def packed_verdicts(draw: st.DrawFn) -> bytes:
    """Draw a sound archive of a verdict that may be none."""
    stream = io.BytesIO()
    with zipfile.ZipFile(
        stream, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    ) as packed:
        packed.writestr("verdict.json", draw(verdicts()))
    return stream.getvalue()


def read(content: bytes) -> str:
    """Return `verdict` or `refusal`; whatever else comes of it gets out."""
    try:
        with memory.limited(MOST_MEMORY):
            found = artifact.verdict(content)
    except ReportError as error:
        return _refusal(error)
    text = markdown.comment(markdown.Context(found))
    assert all(char.isprintable() for char in text.replace("\n", ""))
    return "verdict"


def _refusal(error: ReportError) -> str:
    assert str(error).isascii()
    assert "refused: " in error.cause
    return "refusal"


def fuzz(minutes: float) -> Counter[str]:
    """Read made-up artifacts for so many minutes, and return how they ended."""
    ends: Counter[str] = Counter()
    deadline = time.monotonic() + 60 * minutes
    rounds = [_round(strategy, ends) for strategy in (archives(), packed_verdicts(), st.binary(max_size=500))]
    while True:
        for one in rounds:
            one()
            if time.monotonic() > deadline:
                return ends


def _round(strategy: st.SearchStrategy[bytes], ends: Counter[str]) -> Callable[[], None]:
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(content: bytes) -> None:
        ends[read(content)] += 1

    return one


def main() -> None:
    """Fuzz for as many minutes as the first argument says, 10 without it, and print the figures."""
    ends = fuzz(float(sys.argv[1]) if sys.argv[1:] else 10)
    sys.stdout.write(", ".join(f"{end}: {count:,}" for end, count in sorted(ends.items())) + "\n")


if __name__ == "__main__":
    main()
