"""The two pictures of README.md, of a made-up project: `nox -s pictures` writes them."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from covlane.render.html.page import address

DOCS = Path(__file__).parents[2] / "docs"
COLUMNS = 100
SETTINGS = """\
[project]
name = "parcel"
version = "1.0"

[tool.covlane]
source = ["src"]
pythons = ["3.11", "3.12"]
install = ["pytest"]
pytest-args = ["-o", "pythonpath=src"]

[tool.covlane.gate]
total-line = 85
patch = 80
"""
RATES = '''\
"""What a parcel costs to send."""

ZONES = {"domestic": 390, "europe": 890, "world": 1690}


def price(grams: int, zone: str = "domestic") -> int:
    """Return the price in cents."""
    if grams <= 0:
        raise ValueError("a parcel weighs something")
    return ZONES[zone] + max(0, grams - 1000) // 500 * 120
'''
EXPRESS = '''

def express(grams: int, zone: str = "domestic", *, saturday: bool = False) -> int:
    """Return the price of next-day delivery."""
    total = price(grams, zone) * 2
    if zone != "domestic":
        total += 1500
    if saturday:
        total += 500
    return total
'''
ADDRESS = '''\
"""Postal addresses."""

import sys

if sys.version_info >= (3, 12):
    from itertools import batched
else:
    def batched(items, size):
        items = list(items)
        return (items[at : at + size] for at in range(0, len(items), size))


def lines(words: list[str], most: int = 3) -> list[str]:
    """Return the words as lines of a label."""
    return [" ".join(each) for each in batched(words, most)]


def postcode(text: str) -> str:
    """Return a postcode without spaces."""
    code = text.replace(" ", "").upper()
    if not code.isalnum():
        raise ValueError(text)
    return code
'''
LABEL = '''\
"""Labels."""

from parcel.address import lines, postcode


def label(name: str, code: str) -> str:
    """Return a label's text."""
    return "\\n".join([*lines(name.split()), postcode(code)])
'''
TESTS = """\
import pytest

from parcel.address import postcode
from parcel.label import label
from parcel.rates import price


def test_label():
    assert label("Ada King of Lovelace", "sw1 4jh") == "Ada King of\\nLovelace\\nSW14JH"


def test_postcode():
    with pytest.raises(ValueError):
        postcode("?")


def test_price():
    assert price(1500, "europe") == 1010
"""
EXPRESS_TESTS = """

def test_express():
    assert express(500) == 780
"""
#: Colours by ANSI number, on a dark ground.
THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>nox -s coverage and covlane gate in a terminal</title>
<style>
text {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre }}
{styles}
</style>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
<g transform="translate(14, 10)">{backgrounds}{matrix}</g>
</svg>
"""


def main() -> None:
    """Make the project, run the lane on it, and write both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "parcel"
        make(project)
        shown = [
            prompt("nox -s coverage"),
            Text("…", style="bright_black"),
            Text.from_ansi(terminal(project, "report")),
            prompt("covlane gate"),
            Text.from_ansi(terminal(project, "gate")),
        ]
        write_terminal(shown)
        run(
            project, sys.executable, "-m", "covlane", "report"
        )  # once more: the pages mark what the gate saw changed
        write_page(project)


def make(project: Path) -> None:
    """Write the project, add a change whose tests miss some of it, and measure that."""
    files = {
        "pyproject.toml": SETTINGS,
        "noxfile.py": "from covlane import sessions\n\nsessions.register()\n",
        ".gitignore": "/reports/\n/.nox/\n/.covlane_cache/\n__pycache__/\n",
        "src/parcel/__init__.py": "",
        "src/parcel/rates.py": RATES,
        "src/parcel/address.py": ADDRESS,
        "src/parcel/label.py": LABEL,
        "tests/test_parcel.py": TESTS,
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, "utf-8")
    run(project, "git", "init", "--quiet", "--initial-branch", "main")
    commit(project)
    run(project, "git", "checkout", "--quiet", "-b", "express")
    (project / "src/parcel/rates.py").write_text(RATES + EXPRESS, "utf-8")
    tests = TESTS.replace("import price", "import express, price") + EXPRESS_TESTS
    (project / "tests/test_parcel.py").write_text(tests, "utf-8")
    commit(project)
    run(project, sys.executable, "-m", "nox", "-s", "coverage")


def commit(project: Path) -> None:
    """Commit everything."""
    run(project, "git", "add", "--all")
    who = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")
    run(project, "git", *who, "commit", "--quiet", "--message", "work")


def environ() -> dict[str, str]:
    """Return the environment without what this session, a CI or a terminal has set."""
    ours = ("NOX", "PYTEST", "COV", "CI", "GITHUB_", "VIRTUAL_ENV", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    dates = {f"GIT_{who}_DATE": "2026-12-01T09:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    return kept | dates | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}


def run(project: Path, *command: str) -> None:
    """Run a program, and say nothing where it succeeds."""
    done = subprocess.run(command, cwd=project, env=environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def terminal(project: Path, *arguments: str) -> str:
    """Return what a command of covlane prints to a terminal, whatever its exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "covlane", *arguments]
    child = subprocess.Popen(command, cwd=project, env=environ(), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts = []
    with contextlib.suppress(OSError):  # how Linux tells that the other side is closed
        while part := os.read(ours, 65536):
            parts.append(part)
    child.wait()
    os.close(ours)
    last = b"".join(parts).decode().rpartition("\x1b[2K")[2]  # after the progress bar, which is taken away
    return last.replace("\r\n", "\n").strip("\n")


def prompt(command: str) -> Text:
    """Return a line that a person typed."""
    return Text.assemble(("$ ", "green"), (command, "bold"))


def write_terminal(shown: list[Text]) -> None:
    """Write docs/terminal.svg."""
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for text in shown:
        console.print(text, soft_wrap=True)
    svg = console.export_svg(title="", theme=THEME, code_format=SVG, font_aspect_ratio=0.6, unique_id="t")
    svg = re.sub(r'<text [^>]*>\n</text>| clip-path="[^"]*"', "", svg)
    (DOCS / "terminal.svg").write_text(svg, "utf-8")


def write_page(project: Path) -> None:
    """Write docs/page.png, the page of the changed file in a browser."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no chromium here: apt-get install chromium")
    page = project / "reports" / "html" / address("src/parcel/rates.py")
    run(
        project,
        *(browser, "--headless=new", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1"),
        *("--window-size=820,650", f"--screenshot={DOCS / 'page.png'}", page.as_uri()),
    )


if __name__ == "__main__":
    main()
