"""noxfile.py: written where there is none, added to where there is one, left where covlane is in it."""

from __future__ import annotations

import codecs
import subprocess
import sys

import pytest

from covlane.errors import UsageError
from covlane.scaffold.sessions_file import ADDED, NEW, PREFIX, sessions_file

NOXFILE = b"import nox\n\n\n@nox.session\ndef tests(session):\n    session.run('pytest')\n"


def test_a_new_noxfile_declares_what_runs_it() -> None:
    assert sessions_file(None).new == NEW.encode()
    assert NEW.startswith('# /// script\n# dependencies = ["covlane", "nox[uv]>=2026.4"]\n# ///\n')
    compile(NEW, "noxfile.py", "exec")


@pytest.mark.parametrize(
    "old",
    [
        NOXFILE,
        codecs.BOM_UTF8 + NOXFILE,
        b"# coding: latin-1\nname = '\xe9'\n",
        b"",
        b"# empty\n",
    ],
)
def test_an_existing_noxfile_is_only_added_to(old: bytes) -> None:
    new = sessions_file(old).new
    assert new is not None
    assert new.removeprefix(old).decode() == (ADDED if old else ADDED.lstrip("\n"))
    compile(new, "noxfile.py", "exec")


@pytest.mark.parametrize(
    "line",
    [b"import covlane.sessions\n", b"from covlane import sessions\n", b"from covlane.sessions import x\n"],
)
def test_a_noxfile_with_covlane_is_left(line: bytes) -> None:
    assert sessions_file(NOXFILE + line) == (None, "")


def test_a_comment_about_covlane_is_no_covlane() -> None:
    assert sessions_file(b"# covlane?\nfrom covlanes import x\n").new is not None


@pytest.mark.parametrize(
    ("old", "block"),
    [
        (b'# dependencies = ["nox"]', b'# dependencies = ["covlane", "nox"]'),
        (b'# dependencies = [\n#   "nox",\n# ]', b'# dependencies = ["covlane", \n#   "nox",\n# ]'),
        (b'# dependencies = ["nox", "covlane>=1"]', b'# dependencies = ["nox", "covlane>=1"]'),
        (b'# requires-python = ">=3.11"', b'# requires-python = ">=3.11"'),
    ],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_script_block_gets_the_dependency_that_the_import_needs(
    old: bytes, block: bytes, newline: bytes
) -> None:
    def whole(lines: bytes) -> bytes:
        text = b"# /// script\n" + lines + b"\n# ///\n# dependencies = []\nimport nox\n"
        return text.replace(b"\n", newline)

    new = sessions_file(whole(old)).new
    assert new is not None
    assert new.startswith(whole(block))


@pytest.mark.parametrize(
    "session",
    [
        "@nox.session\ndef coverage(session): ...\n",
        "@session(python=['3.12'])\ndef report(session): ...\n",
        "@nox.session(name='coverage')\ndef measure(session): ...\n",
    ],
)
def test_a_session_that_would_be_replaced_is_refused(session: str) -> None:
    with pytest.raises(UsageError, match="which covlane's would replace") as caught:
        sessions_file(session.encode())
    assert f'set `prefix = "{PREFIX}"`' in caught.value.remedy
    assert sessions_file(session.encode(), PREFIX).new is not None


def test_a_prefix_does_not_help_a_name_that_has_it() -> None:
    old = b"@nox.session(name='lane-report')\ndef report(session): ...\n"
    assert sessions_file(old).new is not None
    with pytest.raises(UsageError, match="a session 'lane-report'"):
        sessions_file(old, "lane-")


def test_names_alone_are_no_sessions() -> None:
    harmless = b"@cache\ndef report(): ...\n@nox.session(name='cov')\ndef coverage(session): ...\n"
    assert sessions_file(harmless).new is not None


def test_a_warning_about_the_file_is_not_ours_to_raise() -> None:
    assert sessions_file(b"digit = '\\d'\n").new is not None


@pytest.mark.parametrize("broken", [b"def tests(:\n", b"x = 1\0\n", b"# coding: nonsense\n", b"x = '\xff'\n"])
def test_a_broken_noxfile_is_named(broken: bytes) -> None:
    with pytest.raises(UsageError, match=r"^noxfile\.py.* is not valid Python"):
        sessions_file(broken)


@pytest.mark.parametrize(
    "end",
    [
        b'if __name__ == "__main__":\n    nox.main()\n',
        b'\n\nif __name__ == "__main__":  # for IDEs\n    nox.main()\n\n',
        b"nox.main()\n",
    ],
)
def test_what_runs_nox_stays_at_the_end(end: bytes) -> None:
    new = sessions_file(NOXFILE + end).new
    assert new is not None
    assert new.startswith(NOXFILE.rstrip())
    assert new.endswith(b"\n\n" + end.lstrip(b"\n"))
    assert new.index(b"covlane_sessions.register()") < new.index(b"nox.main()")
    compile(new, "noxfile.py", "exec")


def test_a_function_that_runs_nox_is_no_end() -> None:
    old = NOXFILE + b"def again():\n    nox.main()\n"
    assert sessions_file(old).new == old + ADDED.encode()


@pytest.mark.parametrize("block", [b"", b'# /// script\n# dependencies = ["nox"]\n# ///\n'])
def test_it_says_where_covlane_comes_from(block: bytes) -> None:
    edit = sessions_file(block + NOXFILE)
    assert edit.new is not None
    assert ("pipx inject nox covlane" in edit.why) is not block.startswith(b"#")


@pytest.mark.parametrize(
    ("absent", "ends"), [("covlane", False), ("covlane.sessions", True), ("msgspec", True)]
)
def test_other_sessions_are_there_without_covlane(absent: str, *, ends: bool) -> None:
    new = sessions_file(b"seen = 1\n").new
    program = f"import sys\nsys.modules[{absent!r}] = None\nexec({new!r})\nprint(seen)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == ((1, "") if ends else (0, "1\n")), done.stderr
