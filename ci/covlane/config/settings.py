"""The settings: `[tool.covlane]`, COVLANE_* variables and detected values, as one frozen value with its origins."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args

import msgspec

from covlane.config import checkout, detection, pythons
from covlane.errors import UsageError
from covlane.model.rules import Count, Gate, MinimumCoverage, Percent

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT = "default"
#: The number of worker processes: 0 for pytest alone, or "auto" for one per processor.
Workers = Annotated[int, msgspec.Meta(ge=0)] | Literal["auto"]
#: What may start the generated workflow beside pushes and pull requests.
Event = Literal["merge_group", "workflow_dispatch"]
Positive = Annotated[int, msgspec.Meta(ge=1)]
#: The operating system's name in a leg's name, by `sys.platform`.
SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
#: The percentages at which figures turn from red to yellow, and from yellow to green.
Thresholds = tuple[Percent, Percent]


#: Types that are read as numbers from the environment.
_NUMBERS = (
    (Workers, int),
    (Positive, int),
    (Count | None, int),
    (Percent | None, float),
    (bool | Percent, float),
)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class CodeScene(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Where and how the merged report is delivered to CodeScene.

    `upload` has the workflow upload (true) or refuses every upload (false); None leaves it to a person.

    `line_coverage` is the format of line coverage: a separate upload as Cobertura, or the LCOV that has branches too.
    `secrets` are globs of variables that no install, build or test gets, beside those that covlane knows.
    """

    upload: bool | None = None
    url: str = "https://api.codescene.io/v2"
    via: Literal["auto", "cli", "rest"] = "auto"
    downloads: str = "https://downloads.codescene.io/enterprise/cli"
    branches: tuple[str, ...] = ()
    project: str = ""
    line_coverage: Literal["cobertura", "lcov"] = "cobertura"
    secrets: tuple[str, ...] = ()


class GitHub(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The generated workflow, and its comment on a pull request.

    `systems` maps an operating system to its runner, where legs run on several; `lane` names the comment, so that
    several lanes stand side by side; `timeout` is a leg's, in minutes. `events` start the workflow too, `schedule`
    (cron, UTC) does so by the clock. `cache` keeps the folder of the setting `cache` between runs. `environment` is the one of the job that holds the upload's secrets;
    `requirements` is a file with hashes that jobs with secrets or write permissions install covlane from.
    """

    runner: str = "ubuntu-latest"
    systems: dict[str, str] = {}
    timeout: Positive = 60
    default_branch: str = "main"
    lane: str = "coverage"
    comment: Literal["always", "on-change", "never"] = "always"
    code_quality: bool = False
    events: tuple[Event, ...] = ()
    schedule: str = ""
    cache: bool = False
    environment: str = ""
    requirements: str = ""


class Baseline(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Where baselines are kept; `path` names the file or the folder."""

    store: Literal["file", "notes", "folder"] = "file"
    path: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A component, which has figures of its own: its folders and files, and labels."""

    source: tuple[str, ...]
    flags: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """All settings of a project.

    Paths are relative to the project's folder, with `/`; `names` says where those in coverage.xml, lcov.info and
    coveragepy.json begin, at the top of the checkout or in that folder. `install` holds requirement arguments as pip
    takes them (`-e .`, `-r requirements.txt`, `hypothesis`), `groups` names of dependency groups; `locked`
    holds both to the versions in uv.lock. `pytest_args` come before the arguments that a person gives. Each
    list of `paths` is a folder and, as in coverage.py's `[paths]`, its names elsewhere. `prefix` begins
    the names of all sessions, where a noxfile has others of those names. `covlane_requirement` is what workflows
    install covlane from: any requirement that pip takes.
    """

    source: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    branch: bool = True
    subprocess: bool = True
    contexts: bool = False
    engine: Literal["slipcover", "slipcover-cli", "coverage"] = "slipcover"
    canary: bool = True
    isolation: Literal["none", "forked", "process"] = "none"
    workers: Workers = 0
    shards: Positive = 1
    install: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pytest_args: tuple[str, ...] = ()
    locked: bool = False
    exclude_lines: tuple[str, ...] = detection.EXCLUDE_LINES
    exclude_also: tuple[str, ...] = ()
    partial_branches: tuple[str, ...] = detection.PARTIAL_BRANCHES
    partial_also: tuple[str, ...] = ()
    reports: str = "reports"
    names: Literal["checkout", "project"] = "checkout"
    cache: str = ".covlane_cache"
    prefix: str = ""
    covlane_requirement: str = ""
    html: bool = True
    thresholds: Thresholds = (60, 80)
    paths: dict[str, tuple[str, ...]] = {}
    components: dict[str, Component] = {}
    gate: Gate = msgspec.field(default_factory=Gate)
    baseline: Baseline = msgspec.field(default_factory=Baseline)
    codescene: CodeScene = msgspec.field(default_factory=CodeScene)
    github: GitHub = msgspec.field(default_factory=GitHub)


#: Descriptions of the types, for error messages.
_WORDS = (
    (bool, "true or false"),
    (bool | None, "true or false"),
    (str, "a string"),
    (Workers, "a number from 0 on, or 'auto'"),
    (Positive, "a number from 1 on"),
    (dict[str, str], "a table of runners by `linux`, `windows`, `macos`"),
    (Percent | None, "a percentage from 0 to 100"),
    (bool | Percent, "true, false, or the percentage points that coverage may drop"),
    (Count | None, "a number from 0 on"),
    (Thresholds, "two percentages, the lower first"),
    (tuple[Event, ...], "a list of " + " and ".join(repr(event) for event in get_args(Event))),
    (dict[str, Percent | MinimumCoverage], "percentages, or tables of `line`, `branch` and `together`"),
    (dict[str, Component], "tables with `source` and `flags`, each a list of strings"),
    (dict[str, tuple[str, ...]], "a table of lists of strings"),
)


#: Patterns of names, and their description.
_NAMES = {
    "github.lane": (
        r"(?!.*--)[\w ./-]{1,60}",
        "a name of letters, digits, spaces, points, slashes and single hyphens",
    ),
    "github.schedule": (r"([\w*/,-]+( [\w*/,-]+){4})?", "five fields of cron, such as '0 4 * * 1'"),
    "github.environment": (
        r"([\w][\w ./-]{0,254})?",
        "a name of letters, digits, spaces, points, slashes and hyphens",
    ),
    "github.requirements": (
        r"([\w.][\w./-]*)?",
        "a file inside the project's folder: letters, digits, points, slashes and hyphens",
    ),
    "covlane-requirement": (
        r"([\w.][^\n$'\"\\`]*)?",
        "a requirement, such as 'covlane==1.2', 'covlane @ git+https://example.com/covlane@COMMIT' or a wheel's path",
    ),
    "prefix": ("([A-Za-z0-9][A-Za-z0-9_.-]{0,50})?", "letters, digits, underscores, points and hyphens"),
}


class Key(NamedTuple):
    """A setting: its dotted name in the table and its type."""

    name: str
    type: Any
    default: Any

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return "COVLANE_" + re.sub(r"[.-]", "_", self.name).upper()


class Configured(NamedTuple):
    """The settings of a project, where each came from (by dotted key), and the folder that they belong to."""

    settings: Settings
    origins: Mapping[str, str]
    root: Path

    @property
    def reports(self) -> Path:
        """The folder of all that the lane writes."""
        return self.root / self.settings.reports

    @property
    def top(self) -> Path:
        """The top of the checkout that holds the project."""
        return checkout.top(self.root)

    @property
    def folder(self) -> str:
        """Where the project stands in its checkout, as `a/b`; "" at the top."""
        return checkout.folder(self.root)

    @property
    def session(self) -> str:
        """The session that runs all legs."""
        return f"{self.settings.prefix}coverage"

    @property
    def first(self) -> str:
        """The remedy where there is no report yet."""
        return f"run `nox -s {self.session}` first"

    def sessions(self, *pythons: str) -> tuple[str, ...]:
        """Return the names of the legs' sessions, as `nox -l` lists them; of some Pythons, or of all."""
        parts = self.shards() or ("",)
        return tuple(
            f"{self.session}-{python}{part and f'({part})'}"
            for python in pythons or self.settings.pythons
            for part in parts
        )

    def shards(self) -> tuple[str, ...]:
        """Return the names of a leg's shards; none where it is not split."""
        count = self.settings.shards
        return tuple(f"shard-{number}-of-{count}" for number in range(1, count + 1)) if count > 1 else ()

    def legs(self) -> tuple[str, ...]:
        """Return the names of the legs: what a merge expects to find."""
        systems = self.settings.github.systems
        return tuple(leg_name(session, system) for session in self.sessions() for system in systems or ("",))


def leg_name(session: str, system: str) -> str:
    """Return the name of a session's leg on a system; `system` is "" where legs run on one system only."""
    return f"{session}@{system}" if system else session


def keys(table: type[msgspec.Struct] = Settings, prefix: str = "") -> Iterator[Key]:
    """Yield every setting, those of nested tables with a dotted name."""
    for field in msgspec.structs.fields(table):
        name = prefix + field.encode_name
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from keys(field.type, name + ".")
        else:
            yield Key(name, field.type, field.default)


def load(root: Path, environ: Mapping[str, str]) -> Configured:
    """Read the settings of the repository at `root`.

    Raises:
        UsageError: pyproject.toml is not valid TOML, or a key, type or value is wrong.
    """
    document = read_pyproject(root)
    tool = document.get("tool", {})
    table = tool.get("covlane", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise _wrong("tool.covlane", table, "a table", "pyproject.toml")
    known = {key.name: key for key in keys()}
    given = {
        name: (value, "pyproject.toml [tool.covlane]") for name, value in _flatten(table, known, prefix="")
    }
    given.update(_overrides(environ, known))
    values: dict[str, Any] = {}
    origins = dict.fromkeys(known, DEFAULT)
    for name, (value, origin) in given.items():
        values[name] = _convert(known[name], value, origin)
        origins[name] = origin
    found = detection.detect(root, document, given={name: value for name, value in values.items() if value})
    for name, (value, origin) in found.items():
        if name not in values:
            values[name] = value
            origins[name] = f"detected: {origin}"
    _check(values, origins)
    values["source"] = found["source"][0]
    return Configured(msgspec.convert(_nest(values), Settings), origins, root)


def read_pyproject(root: Path) -> dict[str, Any]:
    """Return pyproject.toml as a dictionary, empty where there is none.

    Raises:
        UsageError: it is not valid TOML in UTF-8.
    """
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "fix it; nothing was changed") from None


def _flatten(table: dict[str, Any], known: dict[str, Key], *, prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = prefix + key
        if name in known:
            yield name, value
        elif isinstance(value, dict) and any(other.startswith(name + ".") for other in known):
            yield from _flatten(value, known, prefix=name + ".")
        else:
            raise UsageError(
                f"pyproject.toml: [tool.covlane] has no key {name!r}",
                _suggestion(name, known) + "`invoke settings` lists the keys",
            )


def _overrides(environ: Mapping[str, str], known: dict[str, Key]) -> dict[str, tuple[Any, str]]:
    variables = {key.variable: key for key in known.values()}
    found: dict[str, tuple[Any, str]] = {}
    for variable, text in environ.items():
        if variable in variables:
            key = variables[variable]
            found[key.name] = (_from_text(key, text), f"environment {variable}")
        elif variable.startswith("COVLANE_"):
            raise UsageError(
                f"the environment variable {variable} is not a setting",
                _suggestion(variable, variables, like=0.8) + "unset it, or see `invoke settings`",
            )
    return found


def _from_text(key: Key, text: str) -> object:
    """Read an environment variable: TOML for tables, TOML or comma-separated for a list, true or false."""
    if key.type in (bool, bool | None) or (key.type == bool | Percent and text.lower() in _TRUTHS):
        return _TRUTHS.get(text.lower(), text)
    if (kind := getattr(key.type, "__origin__", None)) in {tuple, dict}:
        if text.lstrip().startswith("[") or kind is dict:
            try:
                return tomllib.loads(f"value = {text}")["value"]
            except (tomllib.TOMLDecodeError, RecursionError):
                return text
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if key.type == Thresholds:
            return [float(part) if re.fullmatch(r"\d+(\.\d+)?", part) else part for part in parts]
        return parts
    number = next((number for kind, number in _NUMBERS if key.type == kind), None)
    return (
        number(text) if number and re.fullmatch(r"\d+(\.\d+)?" if number is float else r"\d+", text) else text
    )


def _convert(key: Key, value: object, origin: str) -> object:
    try:
        converted: object = msgspec.convert(value, key.type)
    except msgspec.ValidationError:
        raise _wrong(key.name, value, describe(key.type), origin) from None
    if key.name in ("source", "pythons") and not converted:
        raise _wrong(key.name, value, "at least one", origin)
    return converted


def _wrong(name: str, value: object, takes: str, origin: str) -> UsageError:
    return UsageError(f"{origin}: {name} is {value!r}; it takes {takes}", f"change {name}, or remove it")


def describe(kind: Any) -> str:
    """Return the description of a type."""
    for known, words in _WORDS:
        if kind == known:
            return words
    if getattr(kind, "__origin__", None) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in kind.__args__)
    return "a list of strings"


def _check(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Refuse invalid values of the right type.

    Raises:
        UsageError: a path leaves the repository, a Python is not a version, a pattern is not a regular expression.
    """
    inside = {name: values.get(name, ()) for name in ("source", "tests", "omit")}
    inside["reports"] = [values.get("reports", "reports")]
    inside["github.requirements"] = (
        [values["github.requirements"]] if values.get("github.requirements") else []
    )
    inside["cache"] = [values["cache"]] if values.get("cache") else []
    inside["baseline.path"] = [values["baseline.path"]] if values.get("baseline.path") else []
    inside["paths"] = [path for first in values.get("paths", {}).values() for path in first[:1] or [""]]
    inside["components"] = [path for part in values.get("components", {}).values() for path in part.source]
    for name, paths in inside.items():
        for path in paths:
            pure = PurePosixPath(path.replace("\\", "/"))
            if (
                not path
                or pure.is_absolute()
                or ".." in pure.parts
                or re.match("(~$|~/|[A-Za-z]:)", str(pure))
            ):
                raise _wrong(
                    name,
                    path,
                    "paths inside the project's folder, relative to it (a project beside it has its own settings)",
                    origins[name],
                )
    if (thresholds := values.get("thresholds", ())) != tuple(sorted(thresholds)):
        raise _wrong("thresholds", thresholds, describe(Thresholds), origins["thresholds"])
    for python in values.get("pythons", ()):
        if not pythons.NAME.fullmatch(python) or pythons.minor(python) < pythons.minor(pythons.OLDEST):
            takes = f'versions from {pythons.OLDEST} on, such as "3.12", "3.14t" or "pypy3.11"'
            raise _wrong("pythons", python, takes, origins["pythons"])
    _check_tables(values, origins)
    for name in ("exclude-lines", "exclude-also", "partial-branches", "partial-also"):
        for pattern in values.get(name, ()):
            if wrong := _wrong_pattern(pattern):
                raise _wrong(name, pattern, wrong, origins[name])


def _check_tables(values: dict[str, Any], origins: dict[str, str]) -> None:
    if values.get("engine") == "slipcover" and any(map(pythons.is_pypy, values.get("pythons", ()))):
        raise _wrong("engine", "slipcover", '"coverage", as `pythons` names PyPy', origins["engine"])
    if values.get("contexts") and values.get("engine", "slipcover") != "slipcover":
        raise _wrong("contexts", True, 'false, as only engine = "slipcover" has them', origins["contexts"])
    for name in ("gate.files", "gate.components"):
        for given in values.get(name, {}).values():
            if not dict(given.items() if isinstance(given, MinimumCoverage) else [("line", given)]):
                raise _wrong(name, given, describe(dict[str, Percent | MinimumCoverage]), origins[name])
    for system in values.get("github.systems", ()):
        if system not in SYSTEMS.values():
            raise _wrong("github.systems", system, describe(dict[str, str]), origins["github.systems"])
    for name, (pattern, takes) in _NAMES.items():
        if name in values and not re.fullmatch(pattern, values[name]):
            raise _wrong(name, values[name], takes, origins[name])


def _wrong_pattern(pattern: str) -> str:
    """Return what is wrong with an exclusion pattern; empty if nothing is."""
    try:
        every = all(re.search(pattern, line, re.MULTILINE) for line in ("pass", "}", "x = f(1)"))
    except re.error as error:
        return f"regular expressions ({error})"
    return "patterns that match some lines, and this one matches every line" if every else ""


def _nest(values: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        (nested.setdefault(table, {}) if table else nested)[key] = value
    return nested


def _suggestion(name: str, known: Mapping[str, object], *, like: float = 0.6) -> str:
    """Suggest a known name; `like` is the similarity that is needed, from 0 to 1."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=like)
    return f"did you mean {close[0]!r}? " if close else ""
