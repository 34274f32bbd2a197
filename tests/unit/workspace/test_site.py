"""The site in its folder: what is written anew, what is removed, and what is never touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import html5lib
import pytest

import data_words
import sample_site
from covlane.errors import ReportError
from covlane.render.html import overview
from covlane.render.html.page import LineTests, address
from covlane.render.html.treemap import Hotspots
from covlane.workspace import site

if TYPE_CHECKING:
    from covlane.model.report import Report

LOOK = site.Look((60, 80))


@pytest.fixture
def report(tmp_path: Path) -> Report:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 1\n")
    return data_words.report("a.py: 1+\nb.py: 1-\n")


def write(root: Path, report: Report, look: site.Look = LOOK) -> Path:
    return site.write(root / "html", root, report, look)


def stamps(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / "html" / "files").iterdir()}


def named(root: Path, before: dict[str, int]) -> set[str]:
    """Return the files whose pages were written since."""
    after = stamps(root)
    return {
        name
        for name in ("a.py", "b.py")
        if after[Path(address(name)).name] != before[Path(address(name)).name]
    }


def test_a_second_run_writes_no_page_again(tmp_path: Path, report: Report) -> None:
    write(tmp_path, report)
    before = stamps(tmp_path)
    write(tmp_path, report)
    assert named(tmp_path, before) == set()


def test_a_page_is_written_again_when_its_source_has_changed(tmp_path: Path, report: Report) -> None:
    write(tmp_path, report)
    before = stamps(tmp_path)
    (tmp_path / "b.py").write_text("z = 1\n")
    write(tmp_path, report)
    assert named(tmp_path, before) == {"b.py"}


def test_a_page_is_written_again_when_its_lines_have_changed(tmp_path: Path, report: Report) -> None:
    write(tmp_path, report)
    before = stamps(tmp_path)
    write(tmp_path, replace(report, files=data_words.files("a.py: 1-\nb.py: 1-\n")))
    assert named(tmp_path, before) == {"a.py"}


def test_a_page_that_somebody_removed_is_written_again(tmp_path: Path, report: Report) -> None:
    write(tmp_path, report)
    (tmp_path / "html" / address("a.py")).unlink()
    write(tmp_path, report)
    assert (tmp_path / "html" / address("a.py")).exists()


def test_every_page_is_written_again_by_another_covlane(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, report)
    before = stamps(tmp_path)
    monkeypatch.setattr(site, "_maker", lambda: "another")
    write(tmp_path, report)
    assert named(tmp_path, before) == {"a.py", "b.py"}


def test_a_stale_page_is_removed_and_another_s_file_is_not(tmp_path: Path, report: Report) -> None:
    write(tmp_path, report)
    (tmp_path / "html" / "files" / "mine.html").write_text("mine")
    write(tmp_path, replace(report, files=data_words.files("a.py: 1+")))
    assert sorted(path.name for path in (tmp_path / "html" / "files").iterdir()) == sorted(
        [Path(address("a.py")).name, "mine.html"]
    )


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, report: Report) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "index.html").write_text("mine")
    with pytest.raises(ReportError, match="did not write"):
        write(tmp_path, report)
    assert (tmp_path / "html" / "index.html").read_text() == "mine"


@pytest.mark.parametrize(
    "names",
    ["{", "[]", '{"../a.py": ""}', '{"/etc/x": ""}', '{"files/../../a.py": ""}', '{"files/a/b.html": ""}'],
)
def test_a_manifest_can_have_nothing_else_removed(tmp_path: Path, report: Report, names: str) -> None:
    write(tmp_path, report)
    (tmp_path / "html" / site.MANIFEST).write_text(names)
    write(tmp_path, report)
    assert (tmp_path / "a.py").read_text() == "x = 1\n"
    assert address("a.py") in json.loads((tmp_path / "html" / site.MANIFEST).read_text())


def test_what_a_run_that_was_cut_off_has_written_is_known_to_the_next(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(overview, "data", cut)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, report)
    assert not (tmp_path / "html" / "index.html").exists()
    write(tmp_path, replace(report, files=data_words.files("b.py: 1-")))
    assert list(stamps(tmp_path)) == [Path(address("b.py")).name]


def test_processes_write_what_one_writes(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    site.write(tmp_path / "html", tmp_path, report, LOOK, lambda done, _: seen.append(done))
    monkeypatch.setattr(site, "LINES_ALONE", 0)
    site.write(tmp_path / "other", tmp_path, report, LOOK, lambda done, _: seen.append(done))
    assert seen == [1, 2, 1, 2]
    for name in ("a.py", "b.py"):
        assert (tmp_path / "html" / address(name)).read_bytes() == (
            tmp_path / "other" / address(name)
        ).read_bytes()


@pytest.mark.parametrize("name", ["folder.py", "pipe.py", "x\0y.py"])
def test_what_is_no_file_is_one_that_is_not_there(tmp_path: Path, name: str) -> None:
    import os

    if name == "folder.py":
        (tmp_path / name).mkdir()
    elif name == "pipe.py":
        os.mkfifo(tmp_path / name)
    write(tmp_path, data_words.report({name: "1+"}))
    assert "is missing here" in (tmp_path / "html" / address(name)).read_text()


def test_the_overview_is_strict_html_and_its_data_are_the_report_s(tmp_path: Path) -> None:
    report = sample_site.report(tmp_path)
    hotspots = Hotspots({"src/pkg/shapes.py": 1, "src/pkg/long.py": 2}, {"src/pkg/shapes.py": 3})
    first = write(tmp_path, report, site.Look((60, 80), sample_site.verdict(), hotspots=hotspots))
    html5lib.HTMLParser(strict=True).parse(first.read_text())
    text = (first.parent / "data.js").read_text("ascii")
    assert "<" not in text
    data = json.loads(text.removeprefix("const COVLANE = ").removesuffix(";\n"))
    rows = {row[0]: row[1:] for row in data["rows"]}
    assert rows["src/pkg/shapes.py"] == [
        address("src/pkg/shapes.py"),
        [14, 17],
        [5, 8],
        [4, 7],
        [1],
        [],
        1,
        1,
        0,
    ]
    assert rows["src/pkg/compat.py"][5:] == [[0, 1], 0, 0, 0]
    assert sum(row[1][0] for row in rows.values()) == report.lines.covered
    for row in rows.values():
        html5lib.HTMLParser(strict=True).parse((first.parent / row[0]).read_text())


def test_an_incomplete_report_says_so_on_every_page(tmp_path: Path, report: Report) -> None:
    first = write(tmp_path, replace(report, incomplete=("a leg is missing",)))
    for path in (first, first.parent / address("a.py")):
        assert "INCOMPLETE" in path.read_text()


def test_a_page_has_the_tests_of_each_line_once_for_each_set(tmp_path: Path) -> None:
    report = sample_site.report(tmp_path)
    names = ("tests/test_a.py::test_one", "tests/test_a.py::test_two[</script><b>]", "tests/test_b.py::test")
    tests = {"src/pkg/shapes.py": LineTests(names, {1: 0b111, 2: 0b111, 3: 0b010})}
    first = write(tmp_path, report, site.Look((60, 80), tests=tests))
    page = first.parent / address("src/pkg/shapes.py")
    tree = html5lib.HTMLParser(strict=True).parse(page.read_text())
    assert tree is not None
    text = page.read_text()
    assert text.count('data-set="0"') == 2
    assert (
        'class="t one" data-set="1" aria-expanded="false" aria-label="1 test runs line 3">1</button>' in text
    )
    data = json.loads(text.partition('id="tests">')[2].partition("</script>")[0])
    assert (data["names"], data["sets"]) == ([*names], ["07", "02"])
    before = page.stat().st_mtime_ns
    write(tmp_path, report, site.Look((60, 80), tests=tests))
    assert page.stat().st_mtime_ns == before
    write(tmp_path, report, site.Look((60, 80)))
    assert "data-set" not in page.read_text()


def test_the_overview_has_the_number_of_each_file_s_tests(tmp_path: Path) -> None:
    report = sample_site.report(tmp_path)
    tests = {"src/pkg/shapes.py": LineTests(("a", "b"), {1: 3})}
    first = write(tmp_path, report, site.Look((60, 80), tests=tests))
    data = (first.parent / "data.js").read_text("ascii")
    rows = json.loads(data.removeprefix("const COVLANE = ").removesuffix(";\n"))["rows"]
    assert {row[0]: row[-1] for row in rows if row[-1]} == {"src/pkg/shapes.py": 2}
