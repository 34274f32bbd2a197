"""The truth suite's own parts, and a small part of its table for the Python that runs the tests."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest

from data_words import file
from pythons import HOST
from truth import annotated, cells, ends, modes, programs, table, truth
from truth.cells import EXACT, NAMED, Cell
from truth.lab import Lab
from truth.truth import Given, Job, Run

if TYPE_CHECKING:
    from pathlib import Path

    from environments import Environments

HERE = (3, sys.version_info.minor)
#: The modes whose processes differ; `nox -s truth` tries all.
TRIED = ("serial", "tx", "forked", "forked, workers", "marked forked", "process, workers", "coverage.py")
QUICK = ("serial", "forked, workers", "coverage.py")


@pytest.fixture
def lab(environments: Environments) -> Lab:
    return Lab(environments.leg(HOST), HERE)


def test_marks_say_which_lines_and_branches_run() -> None:
    text = "if a:  #+ >2- >0+\n    b = 1  #-\n\nc = '#'  # a comment\nd = 1  #~\n"
    assert annotated.read(text, HERE) == {"1": "+", "1>2": "-", "1>0": "+", "2": "-", "5": "~"}


@pytest.mark.parametrize(
    ("minor", "mark"), [(9, {"1": "-"}), (10, {}), (11, {}), (12, {"1": "+", "1>2": "+"}), (13, {"1": "+"})]
)
def test_a_mark_may_hold_for_some_pythons(minor: int, mark: dict[str, str]) -> None:
    assert annotated.read("x  #- <3.10 #+ >=3.12 #>2+ >=3.12 <3.13\n", (3, minor)) == mark


@pytest.mark.parametrize(
    ("engine", "mark"), [("slipcover", {"1": "+"}), ("coverage", {"1": "+", "1>2": "-"})]
)
def test_a_mark_may_hold_for_one_engine(engine: str, mark: dict[str, str]) -> None:
    assert annotated.read("x  #+ slipcover #+ coverage >2-\n", HERE, engine) == mark


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x  #+ often", "line 1: 'often' is no word of a mark"),
        ("x  #+ #-", "line 1 has two marks: x  #+ #-"),
        ("x  #+ >2", "line 1: '>2' is no word of a mark"),
    ],
)
def test_a_mark_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="line 1") as caught:
        annotated.read(text, HERE)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("marks", "measured", "said"),
    [
        ("x  #+", "1-", "a.py: not seen to run: 1"),
        ("x  #-", "1+", "a.py: said to have run: 1"),
        ("x  #+", "", "a.py: not seen to run, nor executable: 1"),
        ("x  #-", "", "a.py: not executable: 1"),
        ("x  #~", "", "a.py: not executable: 1"),
        ("x", "1+", "a.py: said to have run, where nothing is executable: 1"),
        ("x", "1-", "a.py: said to be missed, where nothing is executable: 1"),
        ("x  #+ >9+ >10-", "1+ 1>9- 1>10-", "a.py: not seen to run: 1>9"),
        ("x  #+", "1+ 1>2-", "a.py: said to be missed, where nothing is executable: 1>2"),
    ],
)
def test_a_line_or_branch_too_many_or_too_few_is_said(marks: str, measured: str, said: str) -> None:
    truth = annotated.read(marks, HERE)
    assert list(annotated.deviations({"a.py": truth}, {"a.py": file(measured)})) == [said]


def test_a_file_too_many_or_too_few_is_said() -> None:
    found = annotated.deviations({"a.py": {}, "b.py": {}}, {"b.py": file(""), "c.py": file("")})
    assert list(found) == ["a.py is not reported", "c.py is no source, and reported"]


def test_a_line_in_a_process_that_is_not_heard_out_may_be_either() -> None:
    truth = annotated.read("x  #~", HERE)
    for measured in ("1+", "1-"):
        assert not list(annotated.deviations({"a.py": truth}, {"a.py": file(measured)}))


@pytest.mark.parametrize("minor", range(9, 15))
def test_every_program_can_be_read_for_every_python(minor: int) -> None:
    for program in programs.load():
        read = [annotated.read(text, (3, minor)) for text in program.sources.values()]
        assert any("+" in truth.values() for truth in read), program.name


def test_programs_with_a_setting_that_nobody_reads_are_refused() -> None:
    with pytest.raises(ValueError, match="the program p has settings nobody reads: modes"):
        programs.parse("p", "Title\nmodes: all\n--- pkg/__init__.py\n")


def test_programs_have_packages_of_their_own() -> None:
    program = programs.parse("p", "Title\n--- pkg/a.py\nimport pkg\n--- test_it.py\nimport pkg.a\n")
    assert program.files == {"pkg_p/a.py": "import pkg_p\n", "test_p.py": "import pkg_p.a\n"}
    assert list(program.sources) == ["pkg_p/a.py"]


def test_a_cell_says_for_which_pythons_it_holds_and_a_sentence_what_else_was_found() -> None:
    found = [
        *(Cell("row", "one", (3, minor), EXACT, ()) for minor in (9, 10, 13)),
        Cell("row", "one", (3, 11), EXACT, ("lost",)),
        Cell("row", "two", (3, 11), NAMED, ("lost",)),
        Cell("row", "two", (3, 13), NAMED, ()),
    ]
    dash = "\N{EN DASH}"
    assert table.render(found, ["row"], ["one", "two"], "program").splitlines()[2:] == [
        f"| row | 3.9{dash}3.10, 3.13, **not** 3.11 | **not** 3.11, named 3.13 |"
    ]
    assert list(table.deviations(found)) == ["row (everywhere; 3.11): lost"]


def test_a_run_goes_on_where_another_ended_and_tries_again_what_was_wrong(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = Cell("a", "one", HERE, EXACT, ()), Cell("b", "one", HERE, EXACT, ("lost",))
    before = msgspec.json.decode(msgspec.json.encode(Run("2000-01-01", "tools", [right, wrong])), type=Run)
    mended = wrong._replace(wrong=())
    done: list[str] = []
    work = [Job((cell.row,), cell.column, partial(note, done, cell)) for cell in (right, mended)]
    monkeypatch.setattr(truth, "jobs", lambda *_: work)
    (run,) = truth.fill(lab, "tools", Given([], [], alone=False), before, tmp_path)
    assert run.cells == [right, mended]
    assert done == ["b"]
    assert len([*truth.fill(lab, "tools", Given(["a"], [], alone=False), before, tmp_path)]) == 2


def note(done: list[str], cell: Cell, _folder: Path) -> list[Cell]:
    done.append(cell.row)
    return [cell]


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, marks=() if mode.name in QUICK else pytest.mark.whole, id=mode.name)
        for mode in modes.MODES
        if mode.name in TRIED
    ],
)
def test_a_program_is_measured_exactly_in_every_mode(lab: Lab, mode: modes.Mode, tmp_path: Path) -> None:
    program = next(program for program in programs.load() if program.name == "forks")
    assert cells.of_programs(lab, mode, [program], tmp_path / "leg").wrong == ()


@pytest.mark.parametrize(
    ("name", "how"),
    [("SIGTERM from outside", EXACT), ("SIGKILL", EXACT), ("outlives pytest for long", NAMED)],
)
def test_an_end_is_measured_exactly_or_named(lab: Lab, name: str, how: str, tmp_path: Path) -> None:
    end = next(end for end in ends.ENDS if end.name == name)
    found = cells.of_end(lab, end, ends.SUBPROCESS, tmp_path / "leg")
    assert (found.how, found.wrong) == (how, ())
