"""coverage.py's JSON report (as in its `jsonreport.py`) and its data file, through its API."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import warnings
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from covlane.errors import ReportError
from covlane.formats.gathered import Gathered
from covlane.formats.untrusted import MOST_BYTES, MOST_FILES, decode, utc
from covlane.model.lines import LAST_LINE, unpack
from covlane.model.report import total

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from coverage import Coverage, CoverageData

    from covlane.formats.untrusted import Foreign
    from covlane.model.report import Branch, FileCoverage, Ratio, Report

    #: By file, the lines that each context runs; the context of imports is "".
    Contexts = Mapping[str, Mapping[str, Collection[int]]]

#: The first bytes of a data file.
DATA = b"SQLite format 3\0"
#: Supported JSON formats: 1 is unnumbered (up to 7.3), 2 came with 7.4, 3 with regions in 7.6.
FORMATS = (1, 2, 3)
NO_BRANCHES = "branches without lines, as in coverage.py before 6.5: skipped"


class _Meta(msgspec.Struct):
    version: str
    timestamp: str
    branch_coverage: bool
    format: int = 1


class _Summary(msgspec.Struct):
    num_statements: int


class _File(msgspec.Struct):
    executed_lines: list[int]
    missing_lines: list[int]
    excluded_lines: list[int] = []
    executed_branches: list[tuple[int, int]] | None = None
    missing_branches: list[tuple[int, int]] = []
    summary: _Summary | None = None


class _Document(msgspec.Struct):
    meta: _Meta
    files: dict[str, msgspec.Raw]


def read(content: bytes, name: str) -> Foreign:
    """Decode a JSON report, without contexts, regions, and executed lines that are excluded.

    Before 7.14 coverage.py also lists executed docstrings; only the total shows that, so they are noted as surplus.
    A negative target is the exit of the function that starts at that line.

    Raises:
        ReportError: it is not such a report, or in an unknown format; the message names the place.
    """
    document = decode(content, _Document, name)
    meta = document.meta
    if meta.format not in FORMATS:
        raise ReportError(
            f"{name} has format {meta.format} of coverage.py's JSON; covlane reads {FORMATS[0]} to {FORMATS[-1]}",
            "write it with another version of coverage.py, or as XML",
        )
    found, branch = Gathered(name), False
    for file, where in found.entries(document.files, _File):
        if meta.branch_coverage and file.executed_branches is None:
            found.note(NO_BRANCHES, where)
        branch |= file.executed_branches is not None
        executed = set(file.executed_lines).difference(file.excluded_lines)
        missed, ran = (found.lines(half, where) for half in (file.missing_lines, executed))
        untaken, taken = (
            [(line, max(target, 0)) for line, target in found.branches(half or (), where)]
            for half in (file.missing_branches, file.executed_branches)
        )
        if file.summary:
            found.compare(file.summary.num_statements, (missed, ran), where)
        found.add(where, (missed, ran), (untaken, taken))
    return found.foreign(
        "coverage.py JSON",
        branch=meta.branch_coverage and (branch or not found.files),
        timestamp=utc(meta.timestamp),
    )


#: Rows that no data file of coverage.py has: by its documented schema each number is a line or an exit.
_ODD = """
    SELECT (SELECT count(*) FROM file) > :files
    OR EXISTS (SELECT 1 FROM line_bits WHERE typeof(numbits) != 'blob' OR length(numbits) > :last / 8 + 1)
    OR EXISTS (SELECT 1 FROM arc WHERE typeof(fromno) != 'integer' OR typeof(tono) != 'integer'
               OR max(abs(fromno), abs(tono)) > :last)
"""


def read_data(path: Path, locate: Callable[[str], Path | None]) -> Foreign:
    """Decode a data file; coverage.py determines executable lines from the present sources.

    Args:
        path: the data file.
        locate: the source of a file by its name in the data, None where it is not here; of such a file only what
            ran is known.

    Raises:
        ReportError: it is not such a file, or too large.
    """
    from coverage import Coverage, CoverageData  # noqa: PLC0415 - only here

    found, sources = Gathered(str(path)), dict[Path, str]()
    recorded, analysis = CoverageData(str(path)), Coverage(data_file=None, config_file=False)
    # A source that cannot be parsed is missing from coverage.py's report.
    analysis.set_option("report:ignore_errors", True)
    try:
        _refuse_odd(path)
        recorded.read()
        for written in sorted(recorded.measured_files()):
            if (file := found.named(written, "its files")) is None:
                continue
            found.begin(file)
            if source := locate(file):
                sources[source.resolve()] = file
                _copy(recorded, written, analysis.get_data(), str(source.resolve()))
            else:
                found.add("its files", ((), [line for line in recorded.lines(written) or () if line > 0]))
        found.files |= _analysed(analysis, sources)
        for file in sources.values():
            if file not in found.files:
                found.begin(file)
                found.refuse("the present source cannot be parsed by this Python", "its files")
    except ReportError:
        raise
    except Exception as error:  # noqa: BLE001 - a hostile file can make SQLite, coverage.py and its parser raise anything
        remedy = "run `coverage json` where it was measured, and pass the result"
        raise ReportError(f"{path} cannot be read as a data file of coverage.py: {error}", remedy) from None
    finally:
        for data in (recorded, analysis.get_data()):
            data.close(force=True)
    return found.foreign("coverage.py data", branch=recorded.has_arcs())


def _analysed(analysis: Coverage, sources: Mapping[Path, str]) -> dict[str, FileCoverage]:
    """Return the files, by their names in the data, from coverage.py's own report on these sources."""
    from coverage.exceptions import NoDataError  # noqa: PLC0415 - only here

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = Path(folder, "report.json")
        with suppress(NoDataError):  # none of the sources can be parsed
            analysis.json_report(outfile=str(output))
            report = read(output.read_bytes(), "coverage.py")
            return {sources[Path(name).resolve()]: file for name, file in report.files.items()}
        return {}


def _refuse_odd(path: Path) -> None:
    """Raise ValueError for a file that would cost coverage.py more memory or time than any real one."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        odd = "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
        bounds = {"files": MOST_FILES, "last": LAST_LINE}
        if path.stat().st_size > MOST_BYTES or any(database.execute(odd).fetchone()):
            raise ValueError("it is too large, or contains views or triggers")
        if any(database.execute(_ODD, bounds).fetchone()):
            raise ValueError("it contains impossible line numbers, or too many files")


def _copy(source: CoverageData, file: str, target: CoverageData, name: str) -> None:
    if source.has_arcs():
        target.add_arcs({name: source.arcs(file) or ()})
    else:
        target.add_lines({name: source.lines(file) or ()})
    target.touch_file(name)


def write_json(report: Report, version: str = "covlane", contexts: Contexts | None = None) -> bytes:
    """Encode a report as coverage.py's JSON, without regions; the exit of a function is line -1.

    `percent_covered` is of lines and branches together, like coverage.py's; the displayed one is rounded down. With
    `contexts`, lines by their names and by file, it is as with coverage.py's `show_contexts`.
    """
    document: dict[str, object] = {
        "meta": {
            "format": FORMATS[-1],
            "version": version,
            "timestamp": report.timestamp,
            "branch_coverage": report.branch,
            "show_contexts": contexts is not None,
        },
        "files": {
            path: _entry(report.files[path], branch=report.branch) | _by_line(path, contexts)
            for path in sorted(report.files)
        },
        "totals": _summary(tuple(report.files.values()), branch=report.branch),
    }
    return msgspec.json.encode(document) + b"\n"


def _entry(file: FileCoverage, *, branch: bool) -> dict[str, object]:
    entry: dict[str, object] = {
        "executed_lines": unpack(file.executed),
        "summary": _summary((file,), branch=branch),
        "missing_lines": unpack(file.executable & ~file.executed),
        "excluded_lines": [],
    }
    if branch:
        entry["executed_branches"] = _theirs(file.taken)
        entry["missing_branches"] = _theirs(file.branches - file.taken)
    return entry


def _by_line(path: str, contexts: Contexts | None) -> dict[str, object]:
    """Return coverage.py's `contexts` of a file: the names for each line."""
    if contexts is None:
        return {}
    found: dict[int, list[str]] = {}
    for name, lines in sorted(contexts.get(path, {}).items()):
        for line in lines:
            found.setdefault(line, []).append(name)
    return {"contexts": {str(line): found[line] for line in sorted(found)}}


def _theirs(branches: Iterable[Branch]) -> list[Branch]:
    return [(line, target or -1) for line, target in sorted(branches)]


def _summary(files: Sequence[FileCoverage], *, branch: bool) -> dict[str, object]:
    lines, branches = total(file.lines for file in files), total(file.branch for file in files)
    summary: dict[str, object] = {
        "covered_lines": lines.covered,
        "num_statements": lines.total,
        **_percent("covered", lines + branches if branch else lines),
        "missing_lines": lines.missing,
        "excluded_lines": 0,
        **_percent("statements_covered", lines),
    }
    if branch:
        summary |= {
            "num_branches": branches.total,
            "num_partial_branches": sum(map(_partial, files)),
            "covered_branches": branches.covered,
            "missing_branches": branches.missing,
            **_percent("branches_covered", branches),
        }
    return summary


def _by_context(
    contexts: Contexts, files: Mapping[str, FileCoverage]
) -> dict[str, dict[str, Collection[int]]]:
    """Return the lines of each context by file; those of none are coverage.py's "", as imports are."""
    found: dict[str, dict[str, Collection[int]]] = {"": {}}
    for path, file in files.items():
        known = contexts.get(path, {})
        for context, lines in known.items():
            found.setdefault(context, {})[path] = lines
        found[""][path] = {*unpack(file.executed)}.difference(*known.values()).union(known.get("", ()))
    return found


def _partial(file: FileCoverage) -> int:
    """Count executed lines with untaken branches."""
    return len({line for line, _ in file.branches - file.taken if file.executed >> line & 1})


def _percent(name: str, ratio: Ratio) -> dict[str, object]:
    percent = 100 * ratio.covered / ratio.total if ratio.total else 100.0
    return {f"percent_{name}": percent, f"percent_{name}_display": str(int(percent))}


def write_data(report: Report, path: Path, root: Path = Path(), contexts: Contexts | None = None) -> None:
    """Write executed lines as a data file, so that `coverage report` and `coverage html` work in the repository's root.

    coverage.py finds statements and branches in the sources itself. It names branches by other lines than SlipCover
    and would report taken ones as missing; so the file has no branches. With `contexts` it has those. Files other than Python are left out, as it
    could not parse them. Names are absolute, unless its configuration here has `relative_files`.

    Raises:
        ReportError: it cannot be written; the former file is unchanged.
    """
    from coverage import Coverage, CoverageData  # noqa: PLC0415 - only here
    from coverage.exceptions import ConfigError, CoverageException  # noqa: PLC0415

    relative: object = False
    with suppress(CoverageException, ConfigError):
        relative = Coverage(data_file=None).get_option("run:relative_files")
    # As UTF-8, whatever the locale: the file can hold nothing else.
    top = Path(os.fsencode(root.resolve()).decode("utf-8", "backslashreplace"))
    try:
        files = {name: file for name, file in sorted(report.files.items()) if name.endswith(".py")}
        names = {name: name if relative else str(top / name) for name in files}
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
            temporary = Path(folder, "data")
            data = CoverageData(str(temporary))
            for context, lines in _by_context(contexts or {}, files).items():
                data.set_context(context)
                data.add_lines({names[name]: those for name, those in lines.items()})
            data.close(force=True)
            temporary.replace(path)
    except (OSError, sqlite3.Error, CoverageException) as error:
        raise ReportError(
            f"{path} cannot be written: {error}", "free disk space or check the folder's permissions"
        ) from None
