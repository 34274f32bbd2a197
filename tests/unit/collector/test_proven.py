"""What was installed anew has a canary fly; another version of what it does not load does not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from covlane.collector.plan import Plan
from covlane.collector.proven import Proven

FLAGS = ["--import-mode=prepend"]


def stands(plan: Plan, flags: list[str] = FLAGS) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)  # pytest says something else in each phase
        return flags in Proven(plan)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A leg whose canary came back, in an environment with a plugin and the project itself."""
    installed, loaded = tmp_path / "site-packages", tmp_path / "canary"
    for name, points in {"plugin-1.0": "[pytest11]\nplugin = plugin\n", "project-1.0.dev1": ""}.items():
        (installed / f"{name}.dist-info").mkdir(parents=True)
        (installed / f"{name}.dist-info" / "entry_points.txt").write_text(points)
    (installed / "plugin.py").write_text("")
    (installed / "project.pth").write_text("/src\n")
    monkeypatch.setattr(sys, "path", [str(installed), str(tmp_path / "python.zip"), *sys.path])
    loaded.mkdir()
    (loaded / "1.loaded").write_text(json.dumps([str(installed / "plugin.py"), json.__file__]))
    made = Plan(
        folder=str(tmp_path), leg="", root=str(tmp_path), output="", source=[], omit=[], exclude=[], branch=True,
        subprocess=True, engine="slipcover", canary=True, isolation="none", workers=0, shard=None, durations="",
        cache=str(tmp_path / "cache"), commit=None, dirty=False, tools={},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        Proven(made).add(FLAGS, str(loaded))
    assert stands(made)
    return made


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other-1.0.dist-info/METADATA", ""),
        ("module.py", ""),
        ("plugin-1.0.dist-info/entry_points.txt", "[pytest11]\nplugin = other\n"),
        ("project.pth", "import project\n"),
        ("plugin.py", "X = 1\n"),
    ],
)
def test_it_flies_where_something_is_installed_that_could_be_loaded(plan: Plan, name: str, text: str) -> None:
    path = Path(sys.path[0], name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert not stands(plan)


def test_a_new_version_of_the_project_has_none_fly(plan: Plan) -> None:
    installed = Path(sys.path[0])
    (installed / "project-1.0.dev1.dist-info").rename(installed / "project-1.0.dev2.dist-info")
    assert stands(plan)


def test_one_whose_files_are_gone_stands_for_none(plan: Plan) -> None:
    Path(sys.path[0], "plugin.py").unlink()
    assert not stands(plan)


def test_other_flags_are_another_canary(plan: Plan) -> None:
    assert stands(plan)
    assert not stands(plan, ["--forked"])
