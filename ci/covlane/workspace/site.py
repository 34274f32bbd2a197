"""reports/html: which pages are written anew, by how many processes, and what of the former site is removed.

A manifest in the folder lists the files that Covlane wrote, each with a digest of what it was made from. Pages come first and the overview last,
each whole; what the manifest does not name is never touched.
"""

from __future__ import annotations

import functools
import re
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pygments

from covlane import render
from covlane.adapters import files
from covlane.adapters.pool import spread
from covlane.errors import ReportError
from covlane.render import words
from covlane.render.html import overview, page, templates
from covlane.render.html.treemap import Hotspots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from markupsafe import Markup

    from covlane.model.report import Report
    from covlane.model.verdict import Verdict
    from covlane.render.html.page import LineTests, Page

MANIFEST = ".covlane.json"
#: What a manifest may name: it lies where others may have written.
OURS = re.compile(r"files/[\w.-]+\.html|index\.html|data\.js|" + "|".join(map(re.escape, overview.ASSETS)))
#: A larger source is shown as one that is not there.
MOST_BYTES = 16 * 1024 * 1024
#: With fewer lines to highlight, the start of other processes costs more than it saves.
LINES_ALONE = 30_000


class Look(msgspec.Struct, frozen=True):
    """What the site shows beside the report: where colours begin, what was changed, the trend, where a test pays, and each file's tests."""

    thresholds: tuple[float, float]
    verdict: Verdict | None = None
    trend: Markup | None = None
    hotspots: Hotspots = Hotspots()
    tests: dict[str, LineTests] | None = None


def write(
    folder: Path,
    root: Path,
    report: Report,
    look: Look,
    progress: Callable[[int, int | None], None] = lambda *_: None,
) -> Path:
    """Write the site, and return its first page; `progress` is called with the number of pages done, and of all.

    Raises:
        ReportError: the folder has other files, or cannot be written to.
    """
    former = _manifest(folder)
    keyed = {page.address(one.path): (one, _key(one, root)) for one in _pages(report, look)}
    new = {name: key for name, (_, key) in keyed.items()}
    todo = [
        one for name, (one, key) in keyed.items() if former.get(name) != key or not (folder / name).is_file()
    ]
    # Named before they are there: a run that is cut off leaves nothing that the next one takes for another's.
    _note(
        folder,
        {**former, **dict.fromkeys(new, "")}
        | {name: key for name, key in former.items() if new.get(name) == key},
    )
    job = functools.partial(_write, root, folder)
    lines = sum(one.file.executable.bit_length() for one in todo)
    for done, _ in enumerate(spread(job, todo, alone=lines < LINES_ALONE), 1):
        progress(done, len(todo))
    rest = {name: templates.text(name) for name in overview.ASSETS} | {
        "data.js": overview.data(report, look.verdict, look.thresholds, look.hotspots, _numbers(look)),
        "index.html": overview.render(report, look.verdict, look.trend, look.thresholds, look.hotspots),
    }
    for name, text in rest.items():
        files.write_whole(folder / name, text)
    for name in former.keys() - new.keys() - rest.keys():
        (folder / name).unlink(missing_ok=True)
    _note(folder, new | dict.fromkeys(rest, ""))
    return folder / "index.html"


def discard(folder: Path) -> None:
    """Remove a site's pages; files of others are left."""
    try:
        names = _manifest(folder)
    except ReportError:
        return
    for name in (*names, MANIFEST):
        (folder / name).unlink(missing_ok=True)


def _pages(report: Report, look: Look) -> Iterator[Page]:
    patch = {file.path: file for file in look.verdict.patch.files} if look.verdict else {}
    for path, file in report.files.items():
        yield page.Page(
            path=path,
            file=file,
            branch=report.branch,
            legs=words.legs(report),
            incomplete=bool(report.incomplete),
            digest=report.digests.get(path, ""),
            groups=report.disputed.get(path, ()),
            patch=patch.get(path),
            tests=(look.tests or {}).get(path),
        )


def _numbers(look: Look) -> dict[str, int] | None:
    """Return how many tests each file has, None where that is not known."""
    return None if look.tests is None else {path: len(tests.names) for path, tests in look.tests.items()}


def _write(root: Path, folder: Path, one: Page) -> None:
    content = _content(root, one.path)
    text = page.render(one, content, files.digest(content or b""))
    files.write_whole(folder / page.address(one.path), text, flush=False)


def _content(root: Path, path: str) -> bytes | None:
    try:
        return files.read_bytes(root / path, most=MOST_BYTES)
    except (ReportError, ValueError):
        return None


def _key(one: Page, root: Path) -> str:
    """Return what a page is made of, as a digest."""
    content = _content(root, one.path)
    made_from = (
        _maker(),
        files.digest(content) if content is not None else "",
        *(hex(lines) for lines in (one.file.executable, one.file.executed)),
        sorted(one.file.branches),
        sorted(one.file.taken),
        [(share.legs, hex(share.executable), hex(share.executed)) for share in one.groups],
        (one.path, one.branch, one.legs, one.incomplete, one.digest, one.patch),
        (one.tests.names, sorted(one.tests.lines.items())) if one.tests else None,
    )
    return blake2b(repr(made_from).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


@functools.cache
def _maker() -> str:
    """Return what makes the pages, as a digest: another covlane or Pygments may make them otherwise."""
    made = blake2b(pygments.__version__.encode(), digest_size=16)
    for path in sorted(Path(render.__file__).parent.rglob("*.*")):
        if path.suffix in {".py", ".j2"}:
            made.update(path.read_bytes())
    return made.hexdigest()


def _manifest(folder: Path) -> dict[str, str]:
    """Return the files of the former site; ReportError where the folder is another's."""
    path = folder / MANIFEST
    if not path.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ReportError(
                f"{folder} contains files that covlane did not write", "move them away, or remove it"
            )
        return {}
    try:
        found = msgspec.json.decode(files.read_bytes(path), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return {name: key for name, key in found.items() if OURS.fullmatch(name)}


def _note(folder: Path, names: dict[str, str]) -> None:
    files.write_whole(folder / MANIFEST, msgspec.json.encode(names))
