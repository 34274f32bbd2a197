"""What a repository says of its coverage to coverage.py, pytest-cov or SlipCover, as values of our settings."""

from __future__ import annotations

import argparse
import posixpath
import re
import shlex
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from covlane.config import sources
from covlane.config.metadata import ini, table
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from coverage.config import CoverageConfig

#: Settings of coverage.py that a lane has no counterpart for, and why nothing is lost, or what to do.
ASIDE = {
    "plugins": "Covlane runs none; what they measure (templates, Cython) is not in the report",
    "dynamic_context": "set `contexts = true`",
    "patch": "processes that tests start are measured as they are",
    "report_contexts": "`covlane who` and `covlane what` ask for the tests of a line",
    "precision": "percentages have two decimals, rounded down",
    "skip_covered": "the table in the terminal is short, and the HTML page sorts and filters",
    "sort": "the table in the terminal is sorted by what is uncovered",
}
#: What begins the names of sections, by file.
_PREFIXES = {"pyproject.toml": "tool.coverage.", "setup.cfg": "coverage:", "tox.ini": "coverage:"}
#: What is measured; patterns count only where nothing else is said, as for coverage.py.
_SOURCES, _INCLUDES = ("source", "source_pkgs", "source_dirs"), ("run_include", "report_include")
_WILD = re.compile(r"[*?]")


class Said(NamedTuple):
    """Detected values with their origins, by our key, and a sentence for each setting without a counterpart."""

    found: dict[str, tuple[Any, str]]
    aside: tuple[str, ...]


class Options(NamedTuple):
    """pytest-cov's options in `addopts`, and the file that has them."""

    origin: str
    cov: tuple[str, ...] = ()
    branch: bool = False
    fail_under: float | None = None
    config: str = ""


def said(root: Path, document: Mapping[str, Any], detected: Sequence[str]) -> Said:
    """Return what a repository says; pytest-cov's options win over coverage.py's settings, and those over SlipCover's.

    Args:
        root: the project's folder.
        document: its pyproject.toml, decoded.
        detected: the sources that the repository shows of itself, beside which packages are looked for.

    Raises:
        UsageError: coverage.py refuses the configuration.
    """
    options = of_pytest(root, document)
    found, aside = _of_slipcover(document), list[str]()
    if configuration := _read(root, document, options.config):
        config, name = configuration
        mine, aside = _of_coverage(root, config, name, detected)
        found |= mine
    if options.cov or options.branch or options.fail_under is not None:
        found |= _of_options(root, options, detected, measures_branches="branch" in found)
    return Said(found, tuple(aside))


def of_pytest(root: Path, document: Mapping[str, Any]) -> Options:
    """Return pytest-cov's options from the file in which pytest finds its own: the first that has a section of it."""
    pytest = table(document, "tool", "pytest")
    candidates = [
        ("pytest.ini", ini(root / "pytest.ini").get("pytest", "addopts", fallback="")),
        (".pytest.ini", ini(root / ".pytest.ini").get("pytest", "addopts", fallback="")),
        ("pyproject.toml", table(pytest, "ini_options").get("addopts") or pytest.get("addopts") or ""),
        ("tox.ini", ini(root / "tox.ini").get("pytest", "addopts", fallback="")),
        ("setup.cfg", ini(root / "setup.cfg").get("tool:pytest", "addopts", fallback="")),
    ]
    name, words = next(((name, words) for name, words in candidates if words), ("", ""))
    try:
        given = shlex.split(words) if isinstance(words, str) else [str(word) for word in words]
    except ValueError:  # pytest says so itself
        given = []
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--cov", action="append", nargs="?", const="")
    parser.add_argument("--cov-branch", action="store_true")
    parser.add_argument("--cov-fail-under", type=float)
    parser.add_argument("--cov-config", default="")
    parser.add_argument("--no-cov", action="store_true")
    try:
        known, _ = parser.parse_known_args(given)
    except (argparse.ArgumentError, SystemExit):
        return Options(name)
    if known.no_cov:
        return Options(name, config=known.cov_config)
    cov = tuple(filter(None, known.cov or ()))
    return Options(f"{name} addopts:", cov, known.cov_branch, known.cov_fail_under, known.cov_config)


def _of_options(
    root: Path, options: Options, detected: Sequence[str], *, measures_branches: bool
) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    if options.cov and (source := _measured(root, options.cov, detected)):
        found["source"] = source, f"{options.origin} --cov"
    if options.branch:
        found["branch"] = True, f"{options.origin} --cov-branch"
    if options.fail_under:
        key = "gate.total" if options.branch or measures_branches else "gate.total-line"
        found[key] = options.fail_under, f"{options.origin} --cov-fail-under"
    return found


def _of_slipcover(document: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Return what `[tool.slipcover]` has, as its `read_config` knows it."""
    given, found = table(document, "tool", "slipcover"), dict[str, tuple[Any, str]]()
    for name, key in (
        *(("source", "source"), ("branch", "branch"), ("exclude-lines", "exclude-lines")),
        *(("exclude-also", "exclude-also"), ("fail-under", "gate.total")),
    ):
        value = given.get(name)
        if isinstance(value, str) and name == "source":
            value = value.split(",")
        if isinstance(value, list):
            value = tuple(map(str, value))
        if value:
            found[key] = value, f"pyproject.toml [tool.slipcover] {name}"
    return found


def _read(root: Path, document: Mapping[str, Any], given: str) -> tuple[CoverageConfig, str] | None:
    """Return coverage.py's configuration and the name of its file, as it finds that itself; None where there is none."""
    if not _is_there(root, document, given):
        return None
    from coverage.config import CoverageConfig, config_files_to_try  # noqa: PLC0415 - slow, and often not needed
    from coverage.exceptions import ConfigError  # noqa: PLC0415

    for name, own, wanted in config_files_to_try(given or True):
        config = CoverageConfig()
        # So that what is set to its default is told from what is not set.
        config.branch = config.exclude_list = config.partial_list = None  # type: ignore[assignment]
        path = str(root / name)
        try:
            used = config.from_file(path, lambda _: None, our_file=own)
        except (ConfigError, UnicodeDecodeError, OSError) as error:
            raise UsageError(
                f"coverage.py's configuration cannot be read: {' '.join(str(error).split())}", f"mend {name}"
            ) from None
        if used:
            return config, name
        if wanted:
            raise UsageError(
                f"coverage.py's configuration {name} is not there", "write it, or remove its name"
            )
    return None


def _is_there(root: Path, document: Mapping[str, Any], given: str) -> bool:
    """Say whether a file may configure coverage.py; coverage.py is not loaded for others."""
    inis = (ini(root / name).sections() for name in ("setup.cfg", "tox.ini"))
    return bool(
        given
        or table(document, "tool", "coverage")
        or any(section.startswith("coverage:") for sections in inis for section in sections)
        or any((root / name).is_file() for name in (".coveragerc", ".coveragerc.toml"))
    )


def _of_coverage(
    root: Path, config: CoverageConfig, name: str, detected: Sequence[str]
) -> tuple[dict[str, tuple[Any, str]], list[str]]:
    """Return the values and what has no counterpart."""
    found: dict[str, tuple[Any, str]] = {}
    aside = [
        f"{name}: {_name(key)} is not taken over: {why}" for key, why in ASIDE.items() if getattr(config, key)
    ]

    def take(key: str, value: Any, section: str, option: str = "") -> None:
        found[key] = value, f"{name} [{_PREFIXES.get(Path(name).name, '')}{section}] {option}".rstrip()

    if source := _source(root, config, detected):
        take("source", *source)
    elif named := _first(config, *_SOURCES, *_INCLUDES):
        said_there = ", ".join(getattr(config, named))
        aside.append(
            f"{name}: {_name(named)} = {said_there} is not taken over: set `source` to the folders that it means"
        )
    omit = [*(config.run_omit or ()), *(config.report_omit or ())]
    patterns, strange = translated(root, omit)
    if patterns:
        take("omit", patterns, "run" if config.run_omit else "report", "omit")
    aside += [f"{name}: omit = {each!r} is not taken over: set `omit`" for each in strange]
    if config.branch is not None:
        take("branch", config.branch, "run", "branch")
    for key, values, option in (
        ("exclude-lines", config.exclude_list, "exclude_lines"),
        ("exclude-also", config.exclude_also, "exclude_also"),
        ("partial-branches", config.partial_list, "partial_branches"),
        ("partial-also", config.partial_also, "partial_also"),
    ):
        if values:
            take(key, tuple(values), "report", option)
    if config.fail_under:
        take(
            "gate.total" if config.branch else "gate.total-line",
            float(config.fail_under),
            "report",
            "fail_under",
        )
    here = {alias: tuple(those) for alias, those in config.paths.items() if those and _inside(root, those[0])}
    if here:
        take("paths", here, "paths")
    aside += [
        f"{name}: paths {alias} is not taken over: {those[0]} is not in the repository; set `paths`"
        for alias, those in config.paths.items()
        if those and alias not in here
    ]
    return found, aside


def _source(
    root: Path, config: CoverageConfig, detected: Sequence[str]
) -> tuple[tuple[str, ...], str, str] | None:
    """Return what is measured, and the section and option that say so; None where that is not in the repository."""
    if named := _first(config, *_SOURCES):
        wanted = [each for option in _SOURCES for each in getattr(config, option) or ()]
        found = _measured(root, wanted, detected)
        return (found, "run", named) if found else None
    if named := _first(config, *_INCLUDES):
        folders = {
            re.sub(r"/\*+$", "", each): None for option in _INCLUDES for each in getattr(config, option) or ()
        }
        found = _measured(root, folders, detected)
        return (found, named.partition("_")[0], "include") if len(found) >= len(folders) else None
    return None


def _first(config: CoverageConfig, *names: str) -> str:
    """Return the first option that is set, "" where none is."""
    return next((name for name in names if getattr(config, name)), "")


def _name(key: str) -> str:
    return key.removeprefix("run_").removeprefix("report_")


def _measured(root: Path, names: Iterable[str], detected: Sequence[str]) -> tuple[str, ...]:
    """Return the repository's folders and modules that names of folders and packages stand for."""
    resolved = sources.resolve(root, [_relative(root, name) for name in names], detected)
    return tuple(name for name in resolved if _inside(root, name) and (root / name).exists())


def _relative(root: Path, name: str) -> str:
    path = Path(name)
    if path.is_absolute() and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return name


def _inside(root: Path, name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and (root / name).exists()


def translated(root: Path, patterns: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return globs of ours for patterns of coverage.py's (its `coverage.files`), and the patterns that have none."""
    found, strange = dict[str, None](), list[str]()
    for pattern in patterns:
        try:
            found.update(dict.fromkeys(_translated(root, pattern)))
        except ValueError:
            strange.append(pattern)
    return tuple(found), tuple(strange)


def _translated(root: Path, pattern: str) -> Iterator[str]:
    """Yield globs for a pattern: nothing where it can match no Python file of the project; ValueError where there is none.

    A pattern without a slash is the name of a file in any folder; `*/` and `**/` at its beginning stand for any folder,
    `/*` and `/**` at its end for all below one. Others are whole paths.
    """
    written = pattern.strip().replace("\\", "/")
    if re.search(r"[\[\]]|(?:^|/)\.\.(?:/|$)", written):
        raise ValueError(pattern)
    if "/" not in written:
        written = f"**/{written}"
    rest, anywhere = re.subn(r"^\*+/", "", written)
    if not anywhere and not (rest := _below(root, written)):
        return
    prefix, last = "**/" if anywhere else "", rest.rpartition("/")[2]
    if below := re.fullmatch(r"(.+)/\*+", rest):
        yield f"{prefix}{below[1]}/**"
    elif not anywhere and re.fullmatch(r"\*+", rest):
        yield "**"
    elif last.endswith("*"):
        yield from (prefix + rest + suffix for suffix in (".py", ".pyw"))
    elif last.endswith((".py", ".pyw")) or _WILD.search(last):
        yield prefix + rest


def _below(root: Path, written: str) -> str:
    """Return a pattern of whole paths from the root on, "" where it is another folder's or begins like no path."""
    if written.startswith(("*", "?")):
        return ""
    whole, above = posixpath.normpath(posixpath.join(root.as_posix(), written)), f"{root.as_posix()}/"
    if not whole.startswith(above) and _WILD.search(whole):
        raise ValueError(written)
    return whole.removeprefix(above) if whole.startswith(above) else ""
