"""The page of a file: its lines as they are, what is said of them, and nothing that a browser would obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import html5lib
import pytest

import data_words
from covlane.model.lines import pack
from covlane.model.report import LegGroup
from covlane.render.html import page
from covlane.render.html.highlight import highlight

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

XHTML = "{http://www.w3.org/1999/xhtml}"


def parsed(text: str) -> Element:
    """Parse HTML strictly: an error of its syntax is one of the test."""
    tree: Element = html5lib.HTMLParser(strict=True).parse(text)
    return tree


def made(words: str, content: bytes | None, name: str = "a.py", **changes: Any) -> Element:
    """Return the page of a file, parsed."""
    plain = page.Page(
        path=name, file=data_words.file(words), branch=True, legs="coverage-3.12", incomplete=False
    )
    return parsed(page.render(plain._replace(**changes), content, "digest"))


def rows(tree: Element) -> dict[str, Element]:
    return {row.get("id", ""): row for row in tree.iter(XHTML + "div") if row.get("id", "").startswith("L")}


def said(tree: Element, line: int) -> list[str]:
    return ["".join(note.itertext()) for note in rows(tree)[f"L{line}"].iter(XHTML + "small")]


def notices(tree: Element) -> str:
    return " ".join("".join(p.itertext()) for p in tree.iter(XHTML + "p") if p.get("class") == "notice")


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "x = '</code></div><img src=x onerror=alert(1)>'",
        "<!-- & &lt; &#0;",
        'y = f"{x!r:>{width}} <b>"  # "quoted" & more',
        "\tif x:\t# tab",
        "é = '\u2028\u00a0'",
    ],
)
@pytest.mark.parametrize("name", ["a.py", "a.js", "a.html", "a.unknown"])
def test_a_line_is_shown_as_it_is(text: str, name: str) -> None:
    (code,) = rows(made("1+", text.encode(), name))["L1"].iter(XHTML + "code")
    assert "".join(code.itertext()) == text
    assert {child.tag for child in code.iter()} <= {XHTML + "code", XHTML + "span"}


@pytest.mark.parametrize(
    ("text", "shown"), [("a\x00b", "a␀b"), ("\x1b[1m", "␛[1m"), ("x\u202ey", "x[U+202E]y")]
)
def test_what_a_page_would_obey_is_shown_by_its_code(text: str, shown: str) -> None:
    assert "".join(highlight(f"# {text}".encode(), "a.py").lines).removesuffix("</span>").endswith(shown)


@pytest.mark.parametrize("name", ["a.py", "a.js", "a.txt"])
@pytest.mark.parametrize(
    "text", ["", "\n", "a\nb", "a\r\nb\r\n", "a\rb", "a\x0cb\n\n", '"""a\n\nb"""\nc', "'open\nb\n"]
)
def test_lines_are_split_where_python_splits_them(text: str, name: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert len(highlight(text.encode(), name).lines) == (expected.count("\n") + 1 if expected else 0)


def test_the_encoding_that_a_source_declares_is_its_own() -> None:
    text = highlight("# coding: latin-1\n# \xe9".encode("latin-1"), "a.py")
    assert "\xe9" in text.lines[1]
    assert not text.note


@pytest.mark.parametrize(
    "content", [b"# \xff\xfe", b"# coding: no-such\n# \xe9", b"# coding: rot13\n", b"\xff\xfe\x00"]
)
def test_bytes_that_are_no_text_are_said_so_on_the_page(content: bytes) -> None:
    text = highlight(content, "a.py")
    assert text.lines
    assert "not UTF-8" in text.note or content.startswith(b"# coding: rot13")


def test_the_shortcuts_of_the_lexer_change_no_class() -> None:
    from pygments.lexers import PythonLexer

    from covlane.render.html.highlight import _class, _lexer

    text = Path(data_words.__file__).read_text("utf-8")

    def classes(lexer: object) -> list[tuple[str, str]]:
        tokens = lexer.get_tokens_unprocessed(text)  # type: ignore[attr-defined]
        return [(char, _class(kind)) for _, kind, value in tokens for char in value if not char.isspace()]

    assert classes(_lexer(".py")) == classes(PythonLexer())


def test_lines_are_marked_in_words_too() -> None:
    tree = made("1+ 2- 4+ 1>2- 1>4+", b"if x:\n    y\n\nz\n")
    marks = {name: row.find(XHTML + "i").get("aria-label") for name, row in rows(tree).items()}  # type: ignore[union-attr]
    assert marks == {
        "L1": "ran, but not every jump was taken",
        "L2": "did not run",
        "L3": None,
        "L4": "ran",
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("1+ 2- 1>2-", "never jumped to line 2"),
        ("1+ 1>0-", "never exited the function or module"),
        ("1+ 1>1000001-", "never took one of its branches"),
    ],
)
def test_a_branch_that_was_never_taken_is_explained(words: str, sentence: str) -> None:
    tree = made(words, b"a\nb\n")
    assert said(tree, 1) == [sentence]
    assert rows(tree)["L1"].find(XHTML + "i").get("title") == sentence  # type: ignore[union-attr]


def test_a_branch_of_a_line_that_did_not_run_is_not_explained() -> None:
    assert said(made("1- 2- 1>2-", b"a\nb\n"), 1) == []


def test_legs_that_disagree_are_named_once_for_a_run_of_lines() -> None:
    shares = (
        LegGroup(("one",), pack([2, 3, 5]), pack([2, 3])),
        LegGroup(("two",), pack([2, 3]), 0),
        LegGroup(("three",), 0, 0),
    )
    tree = made("1..3+ 5-", b"a\nb\nc\nd\ne\n", groups=shares)
    assert said(tree, 2) == ["lines 2-3: ran on one; missed by two; not executable on three"]
    assert said(tree, 3) == []
    assert said(tree, 5) == ["line 5: missed by one; not executable on two, three"]


@pytest.mark.parametrize(
    ("content", "changes", "notice"),
    [
        (None, {}, "is missing here"),
        (b"a\n", {"digest": "another"}, "has changed since it was measured"),
        (b"a\n", {"file": data_words.file("1+ 7-")}, "past the end"),
        (b"# \xe9\n", {}, "not UTF-8"),
        (b"a\n", {"incomplete": True}, "INCOMPLETE"),
    ],
)
def test_what_is_odd_about_a_source_is_said_on_its_page(
    content: bytes | None, changes: dict[str, Any], notice: str
) -> None:
    assert notice in notices(made("1+", content, **changes))
    assert notices(made("1+", b"a\n", digest="digest")) == ""


def test_a_file_that_is_gone_has_its_lines_by_number() -> None:
    assert list(rows(made("2+ 5-", None))) == ["L2", "L5"]


@pytest.mark.parametrize(
    "name", ["<img src=x>.py", 'a".py', "a&lt;.py", "a\n.py", "a\u202eb.py", "\udcff.py", "é.py"]
)
def test_a_name_is_text_on_its_page(name: str) -> None:
    tree = made("1+", b"a\n", name)
    (heading,) = tree.iter(XHTML + "h1")
    assert "".join(heading.itertext()) == "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def test_each_file_has_a_page_of_its_own_in_any_file_system() -> None:
    names = [
        "a.py",
        "A.py",
        "a/b.py",
        "a-b.py",
        "a\\b.py",
        "index.html",
        "../x",
        "é.py",
        "x" * 5000,
        "\udcff",
        "con.py",
    ]
    addresses = [page.address(name) for name in names]
    assert len({address.lower() for address in addresses}) == len(names)
    for address in addresses:
        assert address.isascii()
        assert len(address) < 120
        assert address.count("/") == 1
        assert not address.startswith("files/.")


def test_a_page_loads_nothing_but_its_own_style_and_script() -> None:
    tree = made("1+", b"a\n")
    meta = [element.get("content", "") for element in tree.iter(XHTML + "meta") if element.get("http-equiv")]
    assert meta[0].startswith("default-src 'none';")
    assert "unsafe" not in meta[0]
    loaded = [
        e.get("src") or e.get("href") for kind in ("script", "link", "img") for e in tree.iter(XHTML + kind)
    ]
    assert loaded == ["../page.js", "../site.css"]
    assert not [e for e in tree.iter() if any(name.startswith("on") or name == "style" for name in e.attrib)]


def test_a_report_without_branches_says_nothing_of_them() -> None:
    tree = made("1+", b"a\n", file=replace(data_words.file("1+"), branches=frozenset()), branch=False)
    assert "branches" not in "".join(next(tree.iter(XHTML + "main")).itertext())
