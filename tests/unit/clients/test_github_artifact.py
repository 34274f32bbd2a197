"""What a fork's run left: only what covlane itself would write is read, and nothing of the rest is quoted."""

from __future__ import annotations

import contextlib
import io
import json
import re
import stat
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from covlane.clients.github import artifact
from covlane.errors import ReportError
from covlane.formats.evidence import write_verdict
from covlane.model.report import Ratio
from covlane.model.verdict import GateResult, Missing, Patch, PatchFile, Total
from covlane.render import markdown
from covlane.render.escaping import blob
from sample_site import agreeing, verdict

if TYPE_CHECKING:
    from covlane.model.verdict import Verdict

GOOD = write_verdict(agreeing())


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content, compression)
    return stream.getvalue()


def refused(archive: bytes) -> str:
    with pytest.raises(ReportError, match="the run's artifact is refused: ") as caught:
        artifact.verdict(archive)
    assert caught.value.exit_code == 3
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 300
    return caught.value.cause


def changed(change: dict[str, Any]) -> bytes:
    """Return a verdict with some keys changed, as covlane would have written it."""
    document = msgspec.json.encode({**json.loads(GOOD), **change}, order="deterministic")
    return packed(("verdict.json", msgspec.json.format(document, indent=1) + b"\n"))


def test_what_covlane_wrote_is_read() -> None:
    assert artifact.verdict(packed(("verdict.json", GOOD))) == agreeing()


@pytest.mark.parametrize("archive", [b"", b"PK", b"\x00" * 1000, GOOD, packed()])
def test_what_is_no_archive_of_one_file_is_refused(archive: bytes) -> None:
    refused(archive)


@pytest.mark.parametrize(
    "name",
    [
        "../verdict.json",
        "/verdict.json",
        "..\\verdict.json",
        "C:\\verdict.json",
        "a/verdict.json",
        "verdict.json/",
        "verdict.json\n::set-output name=x::y",
        "\x1b[31mverdict.json",
        "verdict.json ",
        "@everyone",
    ],
)
def test_a_member_of_another_name_is_refused(name: str) -> None:
    refused(packed((name, GOOD)))


def test_two_members_are_refused() -> None:
    refused(packed(("verdict.json", GOOD), ("../../etc/passwd", b"x")))


def test_one_name_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = packed(("verdict.json", GOOD), ("verdict.json", GOOD))
    refused(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_a_device_is_refused(kind: int) -> None:
    info = zipfile.ZipInfo("verdict.json")
    info.external_attr = (kind | 0o777) << 16
    refused(packed((info, b"/etc/passwd")))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    archive = packed(("verdict.json", b"[" * (artifact.MOST_BYTES + 1)))
    assert len(archive) < 100_000
    assert "has more than" in refused(archive)


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    archive = bytearray(packed(("verdict.json", b" " * (artifact.MOST_BYTES + 1))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = archive.index(signature) + offset
        archive[at : at + 4] = struct.pack("<I", 100)
    refused(bytes(archive))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_a_bound_is_refused_before_it_is_unpacked(compression: int) -> None:
    archive = packed(("verdict.json", b" " * (64 << 20)), compression=compression)
    assert len(archive) < 100_000
    tracemalloc.start()
    try:
        assert "its compression is not GitHub's" in refused(archive)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 95, 98, 0xFFFF])
def test_a_method_that_github_does_not_pack_by_is_refused(method: int) -> None:
    archive = bytearray(packed(("verdict.json", GOOD)))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = archive.index(signature) + offset
        archive[at : at + 2] = struct.pack("<H", method)
    assert "its compression is not GitHub's" in refused(bytes(archive))


def test_a_stored_verdict_is_read() -> None:
    assert artifact.verdict(packed(("verdict.json", GOOD), compression=zipfile.ZIP_STORED)) == agreeing()


@pytest.mark.parametrize("error", [MemoryError(), KeyError("x"), struct.error("x"), AssertionError()])
def test_whatever_a_reader_raises_is_a_refusal(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(zipfile.ZipExtFile, "read", read)
    assert "is not an archive of the one file" in refused(packed(("verdict.json", GOOD)))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(b"[" * 900 + b"1," * 20_000 + b"1" + b"]" * 900, id="deep"),
        pytest.param(b"[" + b"[]," * 300_000 + b"1]", id="many"),
    ],
)
def test_a_small_text_that_is_large_in_memory_is_refused_before_it_is_written_out(settings: bytes) -> None:
    content = GOOD.replace(b'"patch": 80.0', b'"patch": ' + settings)
    archive = packed(("verdict.json", content))
    tracemalloc.start()
    try:
        refused(archive)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_an_archive_that_is_too_large_is_refused_unopened() -> None:
    assert "has more than" in refused(b"P" * (artifact.MOST_PACKED + 1))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"schema": 1e999}',
        b"\xff\xfe",
        GOOD + b" ",
        GOOD.replace(b'"schema": 1', b'"schema": 2'),
        GOOD.replace(b'"dirty": false', b'"dirty": "false"'),
        GOOD.replace(b'"dirty": false', b'"dirty": false, "extra": "<script>"'),
        GOOD.replace(b'"outcome": "fail"', b'"outcome": "::warning::"'),
    ],
)
def test_what_covlane_would_not_write_is_refused(content: bytes) -> None:
    assert content != GOOD
    refused(packed(("verdict.json", content)))


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a\\b", "C:/x", "a//b", "./a", ".."])
def test_a_path_outside_of_the_tree_is_refused(path: str) -> None:
    in_patch = verdict(patch=Patch(files=(PatchFile(path=path),)))
    gate = GateResult(
        name="patch", metric="statement", subject="", measured=Ratio(0, 1), threshold="80", outcome="fail",
        reason="", missing=(Missing(path=path),),
    )  # fmt: skip
    moved = verdict(patch=Patch(files=(PatchFile(path="a.py", old_path=path),)))
    for one in (in_patch, moved, verdict(gates=(gate,))):
        assert "outside of the repository" in refused(packed(("verdict.json", write_verdict(one))))


@pytest.mark.parametrize("ratio", [Ratio(2, 1), Ratio(-1, 1), Ratio(-2, -1), Ratio(0, 10**12)])
def test_counts_that_cannot_be_are_refused(ratio: Ratio) -> None:
    for one in (
        verdict(total=Total(line=ratio, branch=None)),
        verdict(total=Total(line=Ratio(0, 0), branch=None, branch_before=ratio)),
        verdict(patch=Patch(statements=ratio)),
        verdict(patch=Patch(files=(PatchFile(path="a.py", statements=ratio),))),
    ):
        refused(packed(("verdict.json", write_verdict(one))))


def test_more_than_a_pull_request_has_is_refused() -> None:
    files = tuple(PatchFile(path=f"a{number}.py") for number in range(artifact.MOST_FILES + 1))
    refused(packed(("verdict.json", write_verdict(verdict(patch=Patch(files=files))))))
    refused(packed(("verdict.json", write_verdict(verdict(incomplete=("x" * 5_000,))))))
    refused(changed({"legs": {f"leg {number}": "x" for number in range(600_000)}}))


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>.py",
    "[click](https://example.com).py",
    "![x](https://example.com/pixel.png)",
    "https://example.com/x.py",
    "www.example.com",
    "@octocat/../a.py",
    "fixes #1",
    "a | b | c.py",
    "`code`",
    "--> <!-- covlane: coverage -->",
    "\x1b[31mred\x1b[0m",
    "::set-output name=x::y",
    "line\n\n# heading\n::error::x",
    "\u202egnp.py",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_stranger_s_words_are_shown_and_never_obeyed(text: str) -> None:
    gate = GateResult(
        name=text, metric="statement", subject=text, measured=Ratio(0, 1), threshold=text, outcome="fail",
        reason=text,
    )  # fmt: skip
    told = verdict(
        gates=(gate,),
        incomplete=(text,),
        base=text,
        base_ref=text,
        legs={text: text},
        patch=Patch(files=(PatchFile(path=text.replace("/../", "-"), missing=((1, 2),)),)),
    )
    begins = blob("https://github.com/team/calc", "a" * 40)
    shown = markdown.comment(markdown.Context(told, blob=begins))
    assert all(char.isprintable() for char in shown.replace("\n", ""))
    assert "\n::" not in shown
    rendered = MarkdownIt("commonmark").enable("table").render(shown)
    assert not [tag for tag in ("<script", "<img", "<h1", "<!--") if tag in rendered]
    assert re.findall("<code>(.*?)</code>", rendered) == ["nox -s coverage", "invoke gate"]
    assert set(re.findall('href="(.{20})', rendered)) == {begins[:20]}
    assert "@octocat" not in rendered
    assert "#1 " not in rendered


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_a_refusal(content: bytes) -> None:
    refused(packed(("verdict.json", content)))


@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_damaged_archive_is_refused_or_says_the_same(at: int, byte: int) -> None:
    archive = bytearray(packed(("verdict.json", GOOD)))
    archive[at % len(archive)] = byte
    with contextlib.suppress(ReportError):
        assert artifact.verdict(bytes(archive)) == agreeing()


def contradicting(**changes: Any) -> Verdict:
    return msgspec.structs.replace(agreeing(), **changes)


FAILED = agreeing().gates[0]
PASSED = msgspec.structs.replace(FAILED, outcome="pass", missing=(), needed=0)
PATCH = agreeing().patch


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(contradicting(outcome="pass"), id="pass beside a failed gate"),
        pytest.param(contradicting(outcome="incomplete"), id="incomplete without a reason"),
        pytest.param(contradicting(incomplete=("a leg did not run",)), id="fail though incomplete"),
        pytest.param(contradicting(outcome="pass", gates=()), id="a gate left out"),
        pytest.param(contradicting(outcome="pass", gates=(PASSED,)), id="passed below its threshold"),
        pytest.param(
            contradicting(gates=(msgspec.structs.replace(FAILED, threshold="50"),)),
            id="another threshold than is set",
        ),
        pytest.param(
            contradicting(settings={"patch": 50.0}, gates=(msgspec.structs.replace(FAILED, threshold="50"),)),
            id="failed above its threshold",
        ),
        pytest.param(contradicting(gates=(FAILED, FAILED)), id="one gate twice"),
        pytest.param(
            contradicting(gates=(msgspec.structs.replace(FAILED, measured=Ratio(1, 8)),)),
            id="a gate of another figure",
        ),
        pytest.param(
            contradicting(
                settings={"files": {"*": 80.0}},
                gates=(
                    msgspec.structs.replace(FAILED, name="files", metric="line", threshold="1e999999999"),
                ),
            ),
            id="an endless threshold",
        ),
        pytest.param(contradicting(settings={"patch": "80"}), id="no gates"),
        pytest.param(contradicting(settings={"patch": 80.0, "x": [[]]}), id="settings of another"),
        pytest.param(contradicting(defaults=True), id="defaults that are not covlane's"),
        pytest.param(
            contradicting(patch=msgspec.structs.replace(PATCH, files=PATCH.files[:1])),
            id="files that do not add up",
        ),
        pytest.param(
            contradicting(patch=msgspec.structs.replace(PATCH, note="nothing changed")),
            id="nothing owed beside statements",
        ),
        pytest.param(
            contradicting(
                patch=msgspec.structs.replace(
                    PATCH, files=(msgspec.structs.replace(PATCH.files[0], missing=()), PATCH.files[1])
                )
            ),
            id="missing statements without lines",
        ),
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(told: Verdict) -> None:
    assert "it contradicts itself" in refused(packed(("verdict.json", write_verdict(told))))
