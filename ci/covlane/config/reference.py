"""The reference of all settings, docs/settings.md: `python -m covlane.config.reference` prints it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covlane.config.settings import Key, describe, keys

if TYPE_CHECKING:
    from collections.abc import Iterator


class Meaning(NamedTuple):
    """What a setting does, and what applies where it is not set and the code's default does not say it."""

    text: str
    unset: str = ""


#: The settings by section, in the order of the document.
SECTIONS: dict[str, dict[str, Meaning]] = {
    "What is measured": {
        "source": Meaning(
            "[what to measure](sources.md): files, folders, packages, globs",
            "the packages of a `src`, `lib` or flat layout, else `.`",
        ),
        "omit": Meaning(
            "globs of files to leave out; `**` crosses folders",
            "tests, vendored and generated code below the sources",
        ),
        "tests": Meaning(
            "folders of tests, which are not measured; pytest still finds its tests by itself",
            "pytest's `testpaths`, else `tests`, `test`, `testing`",
        ),
        "branch": Meaning("measure branches as well as lines"),
        "exclude-lines": Meaning(
            "[regular expressions](sources.md#lines-that-do-not-count) of lines that do not count",
            "`# pragma: no cover`, a body `...` and `if TYPE_CHECKING:`, as in coverage.py",
        ),
        "exclude-also": Meaning("further patterns, added to `exclude-lines`"),
        "partial-branches": Meaning(
            "regular expressions of lines whose branches do not count", "`# pragma: no branch`"
        ),
        "partial-also": Meaning("further patterns, added to `partial-branches`"),
        "paths.NAME": Meaning(
            "folders that stand for one folder of the repository, [as in coverage.py](merge.md)"
        ),
        "components.NAME": Meaning(
            "a part of the code with its own figures: its folders (`source`) and labels (`flags`)"
        ),
    },
    "How the tests run": {
        "pythons": Meaning(
            "one leg for each: `3.12`, `3.14t`, [`pypy3.11`](pythons.md)",
            "classifiers within `requires-python`",
        ),
        "install": Meaning(
            "requirement arguments, as pip takes them",
            "`-e .` with the extra or requirements file for tests, or what tox, Hatch, Poetry or PDM installs; what is not installed itself has its `dependencies` or requirements.txt",
        ),
        "groups": Meaning(
            "dependency groups to install",
            "the first of `test`, `tests`, `testing`, `dev`, else one with pytest",
        ),
        "locked": Meaning(
            "use `uv.lock` as constraints for what is installed",
            "`true` where there is a `uv.lock` and no requirements file is named",
        ),
        "pytest-args": Meaning(
            'arguments for pytest in every leg, before those after `--`; `["-o", "testpaths=tests/unit"]` selects tests',
            "none; for [Django's and unittest's suites](adopting.md#django-and-unittest) what they need",
        ),
        "workers": Meaning("run the tests in that many pytest-xdist workers; `auto` is one per processor"),
        "isolation": Meaning(
            "run each test in a process of its own: `process`, or `forked` with pytest-forked ([both](forked.md))"
        ),
        "shards": Meaning("[split each leg's tests](github.md#shards) over this many sessions, by duration"),
        "subprocess": Meaning(
            "measure Python processes that tests start; pytest-xdist workers are always measured"
        ),
        "contexts": Meaning(
            "note [which test runs each line](contexts.md) and takes each branch, from Python 3.12 on"
        ),
        "engine": Meaning(
            "[what measures](engines.md): `slipcover` (SlipCover's line model, recorded by Covlane), `slipcover-cli` "
            "(SlipCover's own command) or `coverage` (coverage.py)",
        ),
        "canary": Meaning(
            "the self-check: each test process also runs a module with known lines; "
            "the leg is incomplete if they are not all reported"
        ),
        "cache": Meaning(
            'folder for [results that depend on a source\'s content alone](architecture.md); `""` turns it off'
        ),
        "prefix": Meaning(
            "prefix of Covlane's session names, for a noxfile that already uses them",
            "none; `init` sets it if needed",
        ),
    },
    "Reports": {
        "reports": Meaning(
            "folder of everything that is written",
            "`reports`; `.reports` where setuptools would package a folder of that name",
        ),
        "names": Meaning(
            "whether [file names](reports.md) in `coverage.xml`, `lcov.info` and `coveragepy.json` are relative to "
            "the top of the `checkout` or to the folder of the `project`"
        ),
        "html": Meaning("write the HTML report"),
        "thresholds": Meaning("percentages at which figures turn yellow and green"),
    },
    "Gates and baselines": {
        "gate.total": Meaning(
            "minimum coverage of lines and branches together, in percent: coverage.py's `fail_under`"
        ),
        "gate.total-line": Meaning("minimum line coverage, in percent"),
        "gate.total-branch": Meaning("minimum branch coverage, in percent"),
        "gate.patch": Meaning(
            "minimum coverage of changed statements, in percent", "`80` where no gate is set"
        ),
        "gate.patch-missing": Meaning("most changed statements that may be uncovered"),
        "gate.new-files": Meaning("minimum line coverage of each new file, in percent"),
        "gate.ratchet": Meaning(
            "no drop below [the baseline](gates.md); a number allows a drop of that many points",
            "`true` where no gate is set",
        ),
        "gate.files": Meaning("minimum coverage by glob; the first glob that matches a file applies"),
        "gate.components": Meaning("minimum coverage by component"),
        "baseline.store": Meaning(
            "where baselines are kept: a committed `file`, git `notes`, or a cached `folder`"
        ),
        "baseline.path": Meaning("the file or folder", "`coverage-baseline.json`"),
    },
    "CodeScene": {
        "codescene.upload": Meaning(
            "`true`: [the workflow uploads](codescene.md) the reports of the default branch; `false`: nothing uploads them",
            "`true` where another key of this table is set or a workflow names a secret `CS_…`, "
            "else `covlane upload` alone does",
        ),
        "codescene.url": Meaning("base of the REST API; on-premises `https://HOST/api/v2`"),
        "codescene.via": Meaning("`cli` (cs-coverage) or `rest`; `auto` uses the CLI where it is installed"),
        "codescene.downloads": Meaning("where `install-cs-coverage` downloads from, for example a mirror"),
        "codescene.branches": Meaning(
            "globs of the branches that CodeScene analyses; others are not uploaded",
            "the remote's default branch",
        ),
        "codescene.project": Meaning(
            "the project's number, for `upload --analyse` and `check`", "taken from `CS_PROJECT_URL`"
        ),
        "codescene.line-coverage": Meaning(
            "`cobertura` uploads line coverage by itself; `lcov` sends one LCOV file with lines and branches"
        ),
        "codescene.secrets": Meaning("globs of further variables to hide from installs, builds and tests"),
    },
    "GitHub": {
        "covlane-requirement": Meaning(
            "the requirement that workflows install Covlane from: a version, a git reference "
            "(`covlane @ git+https://example.com/covlane@COMMIT`) or the path of a wheel",
            "the git commit that Covlane was installed from, else the version that wrote the workflow",
        ),
        "github.runner": Meaning("what the workflow's jobs run on"),
        "github.systems": Meaning(
            "runner for each of `linux`, `windows`, `macos`; legs run on each", "one leg, on `github.runner`"
        ),
        "github.timeout": Meaning("a leg's timeout, in minutes"),
        "github.default-branch": Meaning(
            "the branch whose pushes are measured and delivered, and that "
            "[changes are compared with](gates.md) where CI does not say",
        ),
        "github.lane": Meaning(
            "identifies the comment on a pull request",
            "`coverage`; `coverage of FOLDER` for [a project in a folder](github.md#a-project-in-a-folder)",
        ),
        "github.comment": Meaning(
            "when to comment; `on-change` skips pull requests that do not change coverage"
        ),
        "github.code-quality": Meaning("also send the report to GitHub Code Quality"),
        "github.events": Meaning("further events that start the workflow"),
        "github.schedule": Meaning("schedule of the workflow: five fields of cron, in UTC"),
        "github.cache": Meaning("keep the folder of `cache` between the workflow's runs"),
        "github.environment": Meaning(
            "the [environment](github.md#jobs-that-hold-secrets) that holds `CS_ACCESS_TOKEN`"
        ),
        "github.requirements": Meaning(
            "[requirements file with hashes](github.md#jobs-that-hold-secrets) for jobs with secrets or write "
            "permissions",
            "`covlane-requirement`, without hashes",
        ),
    },
}
_HEAD = """\
# Settings

<!-- Written by `nox -s docs` from covlane/config/reference.py. -->

All settings are optional and belong in one table, `[tool.covlane]` in `pyproject.toml`:

```toml
[tool.covlane]
pythons = ["3.12", "3.13"]

[tool.covlane.gate]
total-line = 85
```

The environment variable `COVLANE_A_B` overrides the key `a-b`, and `COVLANE_CODESCENE_URL` the key `codescene.url`;
lists are comma-separated there, or TOML arrays. `covlane settings` lists each setting with its value and where the
value comes from. An unknown key is an error.
"""


def markdown() -> str:
    """Return the document."""
    known = {key.name: key for key in keys()}
    parts = [_HEAD]
    for title, meanings in SECTIONS.items():
        parts.append(f"\n## {title}\n\n| key | meaning | takes | default |\n| --- | --- | --- | --- |\n")
        parts.extend(
            f"| `{name}` | {meaning.text} | {_takes(known[_key(name)])} "
            f"| {meaning.unset or _default(known[_key(name)])} |\n"
            for name, meaning in meanings.items()
        )
    return "".join(parts)


def described() -> Iterator[str]:
    """Yield the key of each setting in the document."""
    return (_key(name) for meanings in SECTIONS.values() for name in meanings)


def _key(name: str) -> str:
    return name.removesuffix(".NAME")


def _takes(key: Key) -> str:
    return describe(key.type).replace("|", "\\|").replace("'", "`")


def _default(key: Key) -> str:
    if key.default in (msgspec.NODEFAULT, None, "", (), {}):
        return "none"
    return f"`{json.dumps(key.default).strip(chr(34))}`"


if __name__ == "__main__":
    sys.stdout.write(markdown())
