"""Whether code that a program compiled itself is a source's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covlane.collector.engines import scripts
from covlane.collector.instrument.instrumenter import UNMARKED
from covlane.collector.instrument.sources import Sources

TEXT = "from typing import Any\ndef f(a: Any) -> None:\n    return None\n"


class Engine:
    """What `scripts` asks of an engine."""

    branch = True

    def __init__(self, root: Path, source: str) -> None:
        self.sources = Sources(str(root), [source], [])
        self.unmarked: dict[str, str] = {}
        self.unbranched = self.unmarked.__setitem__
        self.lost: list[str] = []
        self.lose = self.lost.append


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for folder in (tmp_path / "pkg", tmp_path / "copy" / "pkg"):
        folder.mkdir(parents=True)
        (folder / "a.py").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return Engine(tmp_path, "pkg")


def is_source(engine: Any, text: str = TEXT, name: str = "pkg/a.py", **options: Any) -> bool:
    watched: list[object] = []
    code = compile(text, name, "exec", dont_inherit=True, **options)
    scripts._adopt(engine, code, lambda code, _source: watched.append(code))
    return bool(watched)


def test_a_source_s_name_and_content_make_it_that_source(engine: Any) -> None:
    assert is_source(engine)
    assert engine.unmarked == {"pkg/a.py": UNMARKED}


def test_what_compile_inherits_from_its_caller_is_no_other_content(engine: Any) -> None:
    import __future__

    assert is_source(engine, flags=__future__.annotations.compiler_flag)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TEXT + "X = 1\n", "pkg/a.py"),
        (TEXT, "<string>"),
        (TEXT, "pkg/b.py"),
        (TEXT, "copy/pkg/a.py"),
        ("", "pkg/a.py"),
    ],
)
def test_other_content_or_another_name_is_not(engine: Any, text: str, name: str) -> None:
    assert not is_source(engine, text, name)
    assert engine.unmarked == {}


def test_a_relative_name_that_has_come_to_mean_another_file_is_not(
    engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_source(engine)
    monkeypatch.chdir(tmp_path / "copy")
    assert not is_source(engine)


def test_what_measures_is_not() -> None:
    path = Path(scripts.__file__)
    assert not is_source(Engine(path.parent, "."), path.read_text("utf-8"), str(path))
