"""Detection of a repository's sources, tests, Pythons and requirements."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from covlane.config import checkout, coveragepy, delivery, foreign, installation, pythons, suites
from covlane.config.metadata import Metadata, ini, table
from covlane.config.sources import resolve
from covlane.config.workspaces import Workspace, dependency_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

#: What coverage.py leaves out by default (coverage.config.DEFAULT_EXCLUDE): marked lines, bodies `...`, types' imports.
EXCLUDE_LINES = (
    r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)",
    r"^\s*(((async )?def .*?)?[\])]+(\s*->.*?)?:\s*)?\.\.\.\s*(#|$)",
    r"^\s*if (typing\.)?TYPE_CHECKING:",
)
#: coverage.py's word for a statement that is not expected to take each of its branches.
PARTIAL_BRANCHES = (r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(branch|BRANCH)",)
#: Folders at the top of a repository that hold no product code.
NOT_SOURCE = frozenset(
    [
        "test",
        "tests",
        "testing",
        "doc",
        "docs",
        "example",
        "examples",
        "bench",
        "benchmark",
        "benchmarks",
        "ci",
        "script",
        "scripts",
        "tool",
        "tools",
        "build",
        "dist",
        "reports",
        "venv",
        "env",
        "node_modules",
        "site-packages",
        "tasks",
    ]
)
TEST_FOLDERS = ("tests", "test", "testing")
#: Below the sources. A package `test` without tests is a product's help for those of its users.
INNER_TEST_FOLDERS = ("tests", "_tests", "test", "_test")
TEST_MODULES = ("test_*.py", "*_test.py")

Found = dict[str, tuple[Any, str]]


def detect(root: Path, document: Mapping[str, Any], *, given: Mapping[str, Any]) -> Found:
    """Return the settings that can be detected: key to (value, reason).

    A configured `source` is returned as the paths that it stands for.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        given: what is configured, since what is omitted depends on what is measured.
    """
    metadata = Metadata.read(root, document)
    found: Found = {} if "pythons" in given else {"pythons": _pythons(metadata)}
    if any(map(pythons.is_pypy, given.get("pythons", ()))):
        found["engine"] = ("coverage", "`pythons` names PyPy, which only coverage.py measures")
    found["tests"] = _tests(root, document)
    found["source"] = _sources(root, document, metadata)
    found.update(installation.find(root, document, metadata))
    if (workspace := Workspace(root, document)).members:
        found |= _of_workspace(root, document, workspace, found)
    said, _ = coveragepy.said(root, document, found["source"][0])
    if "source" in given:
        found["source"] = resolve(root, given["source"], found["source"][0]), "configured"
    elif "source" in said:
        found["source"] = said["source"]
    suite = suites.read(root, document)
    found |= _of_suite(suite, found)
    found["omit"] = _omit(root, found["source"][0], given.get("tests", found["tests"][0]), suite.modules)
    if not {"source", "omit"} & said.keys():
        found["omit"] = _with_foreign(root, found["source"][0], found["omit"])
    found |= _as_said(said, found["omit"], given)
    found["locked"] = installation.locked(root, given.get("install", found["install"][0]))
    if _packs_every_folder(root, document, metadata):
        found["reports"] = (".reports", "setuptools would take a folder `reports` for a package")
    if uploads := delivery.asked(root, document):
        found["codescene.upload"] = uploads
    if folder := checkout.folder(root):
        found["github.lane"] = (checkout.title(folder), "the project's folder in the checkout")
    return found


def _of_suite(suite: suites.Suite, own: Found) -> Found:
    """Return what pytest is told, and what is installed, for a suite that is not pytest's own."""
    found: Found = {}
    if suite.arguments:
        found["pytest-args"] = suite.arguments, suite.reason
    if suite.install:
        install, reason = own["install"]
        found["install"] = (*install, *suite.install), f"{reason}, {suite.reason}"
    return found


def _of_workspace(root: Path, document: Mapping[str, Any], workspace: Workspace, own: Found) -> Found:
    """Return sources, tests and what to install with those of the members that the root's tests install, or of all.

    `own` is what the root has by itself, which is nothing where it is no project.
    """
    wanted = dependency_groups(document, own["groups"][0])
    alone = workspace.is_virtual
    folders = [*workspace.members.values()] if alone else workspace.reached([*own["install"][0], *wanted])
    source, tests = ([] if alone else [*own["source"][0]]), [*own["tests"][0]]
    install = [] if alone else [*own["install"][0]]
    for folder in folders:
        member, base = workspace.document(folder), root / folder
        metadata = Metadata.read(base, member)
        source += [posixpath.join(folder, path) for path in _sources(base, member, metadata)[0]]
        tests += [posixpath.join(folder, path) for path in _tests(base, member)[0]]
        if alone:
            needed = installation.find(base, member, metadata)
            extras = next((word[1:] for word in needed["install"][0] if word.startswith(".[")), "")
            install += ["-e", f"./{folder}{extras}", *dependency_groups(member, needed["groups"][0])]
    reason = "the members of the uv workspace" if alone else "with members of the uv workspace"
    return {
        "source": (tuple(dict.fromkeys(source)), f"{own['source'][1]}, {reason}" if not alone else reason),
        "tests": (tuple(dict.fromkeys(tests)), own["tests"][1] if not folders else reason),
        "install": (tuple(install), own["install"][1] if not alone else reason),
    }


def _as_said(said: Found, omit: tuple[Any, str], given: Mapping[str, Any]) -> Found:
    """Return what the repository says of its coverage; its gates hold where no others are set."""
    own_gates = any(name.startswith("gate.") for name in given)
    found = {name: value for name, value in said.items() if not (own_gates and name.startswith("gate."))}
    if "source" in said and "source" not in given:
        # It says what is measured, tests of the package included.
        found.setdefault("omit", ((), f"{said['source'][1]}, without omit"))
    elif "omit" in said and omit[0]:
        found["omit"] = (
            tuple(dict.fromkeys((*omit[0], *said["omit"][0]))),
            f"{omit[1]}, and {said['omit'][1]}",
        )
    if "source" in given:
        found.pop("source", None)
    return found


def _pythons(metadata: Metadata) -> tuple[tuple[str, ...], str]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow, and often not needed

    requires = metadata.requires
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        requires, allowed = "", SpecifierSet()
    numbers = [re.fullmatch(r".*Python :: (3\.\d+)\s*", line) for line in metadata.classifiers]
    named = sorted({found[1] for found in numbers if found}, key=pythons.minor)
    oldest = pythons.minor(pythons.OLDEST)
    early = [python for python in named if pythons.minor(python) < oldest]
    aside = f" ({', '.join(early)} left out: legs run on {pythons.OLDEST} and later)" if early else ""
    # What has ended, and what is later than the table, is measured where it is named.
    if chosen := tuple(python for python in named if python not in early and _allows(allowed, python)):
        return chosen, f"classifiers and requires-python{aside}"
    known = [python for python in pythons.END_OF_LIFE if _allows(allowed, python)]
    current = [python for python in known if python in pythons.current(pythons.today())] or known[-1:]
    asked = {f"3.{each.version.split('.')[1]}" for each in allowed if re.match(r"3\.\d", each.version)}
    later = {python for python in asked if pythons.minor(python) > pythons.minor([*pythons.END_OF_LIFE][-1])}
    allowed_later = [python for python in sorted(later, key=pythons.minor) if _allows(allowed, python)]
    if requires and (current or allowed_later):
        return (*current, *allowed_later), f"requires-python{aside}"
    return (f"3.{sys.version_info.minor}",), f"the Python that runs covlane{aside}"


def _allows(allowed: SpecifierSet, python: str) -> bool:
    """Say whether any patch release of a Python is allowed: `>=3.9.2` allows 3.9."""
    return any(allowed.contains(f"{python}.{patch}") for patch in range(100))


def _tests(root: Path, document: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Find the tests' folders; they are left out of what is measured, pytest itself decides what runs."""
    pytest = table(document, "tool", "pytest")
    configured = table(pytest, "ini_options").get("testpaths") or pytest.get("testpaths") or []
    if isinstance(configured, str):
        configured = configured.split()
    configured = [str(path) for path in configured] if isinstance(configured, list) else []
    if not configured:
        inis = (("pytest.ini", "pytest"), ("setup.cfg", "tool:pytest"), ("tox.ini", "pytest"))
        found = (ini(root / name).get(section, "testpaths", fallback="") for name, section in inis)
        configured = next((paths for paths in found if paths.split()), "").split()
    paths = [PurePosixPath(path) for path in configured if (root / path).exists()]
    inside = tuple(str(path) for path in paths if ".." not in path.parts and not path.is_absolute())
    if inside:
        return inside, "pytest's testpaths"
    folders = tuple(name for name in TEST_FOLDERS if (root / name).is_dir())
    return folders, "folders of that name" if folders else "no folder of tests"


def _sources(root: Path, document: Mapping[str, Any], metadata: Metadata) -> tuple[tuple[str, ...], str]:
    if declared := _declared(root, document):
        return declared, "what the build backend packs"
    for layout in ("src", "lib"):
        if packages := tuple(_importable(root, layout)):
            return packages, f"{layout} layout"
    wanted = re.sub(r"[-_.]+", "_", metadata.name).lower()
    flat = list(_importable(root, "."))
    if named := [path for path in flat if path.removesuffix(".py").lower() == wanted]:
        beside = [path for path in flat if not path.endswith(".py") and path not in named]
        return tuple(sorted(named + beside)), "flat layout"
    dotted = metadata.name.replace(".", "/")
    if "." in metadata.name and (root / dotted).is_dir():
        return (dotted,), "namespace package"
    modules = table(document, "tool", "setuptools").get("py-modules", [])
    chosen = [path for path in flat if not path.endswith(".py") or path.removesuffix(".py") in modules]
    if chosen:
        return tuple(sorted(chosen)), "flat layout"
    return (".",), "a folder of scripts"


def _packs_every_folder(root: Path, document: Mapping[str, Any], metadata: Metadata) -> bool:
    """Say whether setuptools finds the packages of a flat layout by itself.

    It then refuses to build beside a second folder whose name could be a package's (setuptools, "Automatic
    discovery", flat-layout), and a folder of reports at the top is one.
    """
    backend = table(document, "build-system").get("build-backend", "setuptools.build_meta")
    if not str(backend).startswith("setuptools") or (root / "src").is_dir():
        return False
    named = {*table(document, "tool", "setuptools"), *metadata.arguments}
    return installation.installable(root, document, metadata) and named.isdisjoint(
        {"packages", "py-modules", "py_modules"}
    )


def _declared(root: Path, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the packages that the build backend's table names, if all of them exist."""
    tool = document.get("tool", {})
    wheel = table(tool, "hatch", "build", "targets", "wheel")
    names = [str(name) for name in wheel.get("packages", ())]
    find = table(tool, "setuptools", "packages", "find")
    folders = [str(folder) for folder in find.get("where", ())]
    folders += [str(folder) for key, folder in table(tool, "setuptools", "package-dir").items() if not key]
    packages = (item for item in table(tool, "poetry").get("packages", ()) if isinstance(item, dict))
    names += ["/".join(str(item[key]) for key in ("from", "include") if item.get(key)) for item in packages]
    for folder in folders:
        names += _importable(root, folder) if folder not in {"", "."} else ()
    names = [name.removeprefix("./").rstrip("/") for name in names]
    inside = all((root / name).exists() and ".." not in name for name in names)
    return tuple(sorted(set(names))) if inside else ()


def _importable(root: Path, folder: str) -> Iterator[str]:
    """Yield the packages and modules of a folder; in `src` every folder with Python below it is one."""
    base = root / folder
    prefix = "" if folder == "." else f"{folder}/"
    for path in sorted(base.iterdir()) if base.is_dir() else ():
        name = path.name
        if not prefix and (name.lower() in NOT_SOURCE or name in {"setup.py", "conftest.py", "noxfile.py"}):
            continue
        if path.suffix == ".py" and path.is_file() and not re.match(r"test_|tasks\.py|.*_test\.py", name):
            yield prefix + name
        elif path.is_dir() and name.isidentifier():
            namespace = prefix and any(path.rglob("*.py"))
            if (path / "__init__.py").is_file() or namespace:
                yield prefix + name


def _omit(
    root: Path, sources: tuple[str, ...], tests: tuple[str, ...], modules: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Leave the tests out where they lie below the sources: their lines say nothing about the product.

    `modules` are names of modules that are left out wherever they are.
    """
    omit: list[str] = []
    for source in sources:
        if source == ".":
            omit += ["setup.py", "noxfile.py", "tasks.py", "conftest.py", "**/conftest.py"]
            omit += [prefix + pattern for pattern in TEST_MODULES for prefix in ("", "**/")]
            omit.append("docs/**")
            omit += [prefix + name for name in modules for prefix in ("", "**/")]
            omit += [f"{path}/**" for path in tests if path != "."]
            continue
        omit += [f"{path}/**" for path in tests if path.startswith(source + "/")]
        base = root / source
        if base.is_dir():
            inner = (path for name in INNER_TEST_FOLDERS for path in base.rglob(name) if _holds_tests(path))
            omit += [f"{path.relative_to(root).as_posix()}/**" for path in sorted(inner)]
            omit += [f"{source}/**/{name}" for name in modules if next(base.rglob(name), None)]
    unique = tuple(dict.fromkeys(omit))
    return unique, "tests below the sources" if unique else "no tests below the sources"


def _with_foreign(root: Path, sources: tuple[str, ...], omit: tuple[Any, str]) -> tuple[Any, str]:
    """Leave out what nobody of the project wrote, too."""
    others = list(foreign.below(root, sources))
    paths = [one.path if one.path.endswith(".py") else f"{one.path}/**" for one in others]
    kinds = " and ".join(sorted({one.why for one in others}))
    reason = f"{omit[1]}, and {kinds} code" if omit[0] else f"{kinds} code below the sources"
    return ((*omit[0], *paths), reason) if others else omit


def _holds_tests(path: Path) -> bool:
    """Say whether a folder of such a name is one of tests."""
    if path.name.endswith("tests"):
        return path.is_dir()
    return any(found for pattern in TEST_MODULES for found in path.rglob(pattern))
