"""The site in a browser, from the disk: sorting, filters, keys, ranges, both schemes, and what axe-core finds."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import data_words
import sample_site
from covlane.adapters.files import write_whole
from covlane.render.html import overview, templates
from covlane.render.html.page import LineTests, address
from covlane.render.html.treemap import MOST, Hotspots
from covlane.render.svg import Point, trend
from covlane.workspace import site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="no chromium and chromedriver here: apt-get install chromium chromium-driver",
)
SHAPES = address("src/pkg/shapes.py")
MANY = 10_000


class Browser:
    """A headless Chromium."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM or ""
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.folder = folder

    def open(self, page: str, *, folder: str = "html", width: int = 1280, scheme: str = "light") -> Browser:
        sizes = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sizes)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        self.driver.get("about:blank")  # so that another fragment of the same page is a new start
        url = f"{(self.folder / folder).as_uri()}/{page}"
        self.driver.get(url)
        # On a loaded machine the driver may come back before the page is there.
        loaded = "return location.href === arguments[0] && document.readyState === 'complete'"
        WebDriverWait(self.driver, 60).until(lambda _: self.run(loaded, url))
        return self

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
        )
        return found

    def press(self, keys: str) -> None:
        self.run("document.activeElement.blur()")
        self.one("body").send_keys(keys)

    @property
    def fragment(self) -> str:
        return str(self.run("return location.hash"))

    @property
    def chosen(self) -> list[str]:
        found: list[str] = self.run("return [...document.querySelectorAll('.chosen')].map((e) => e.id)")
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    root = tmp_path_factory.mktemp("site")
    points = [Point(f"{at:07x}", data_words.file(f"1..{9 + at}+ 50-").lines, None) for at in range(5)]
    ranks = {"src/pkg/shapes.py": 1, "src/web/<img src=x onerror=alert(1)>.py": 2, "src/pkg/long.py": 3}
    hotspots = Hotspots(ranks, {"src/pkg/long.py": 40, "src/pkg/shapes.py": 3})
    names = tuple(f"tests/test_shapes.py::test_{number}[<b>]" for number in range(12))
    tests = {"src/pkg/shapes.py": LineTests(names, {1: 0xFFF, 2: 0x800, 3: 0xFFF})}
    look = site.Look((60, 80), sample_site.verdict(), trend(points, style=False), hotspots, tests)
    site.write(root / "html", root, sample_site.report(root), look)
    many = data_words.report({f"src/p{n // 100}/m{n}.py": f"1..{n % 7 + 1}+ 9-" for n in range(MANY)})
    texts = {name: templates.text(name) for name in overview.ASSETS}
    texts |= {
        "index.html": overview.render(many, None, None, (60, 80)),
        "data.js": overview.data(many, None, (60, 80)),
    }
    for name, text in texts.items():
        write_whole(root / "many" / name, text)
    browser = Browser(root)
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """The module's browser; a page that complains in the console fails its test."""
    yield running
    assert running.driver.get_log("browser") == []  # type: ignore[no-untyped-call]


FILES = "#rows th"


def test_the_worst_file_comes_first_and_a_click_sorts(browser: Browser) -> None:
    browser.open("index.html")
    assert browser.texts(FILES)[0] == "src/pkg/shapes.py"
    browser.one("#head button").click()
    names = browser.texts(FILES)
    assert names[0] == "src/pkg/compat.py"
    assert browser.one("#head th").get_attribute("aria-sort") == "ascending"
    browser.one("#head button").send_keys(Keys.ENTER)
    assert browser.texts(FILES) == names[::-1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("path.value = 'COMPAT'", ["src/pkg/compat.py"]),
        ("path.value = '<img'", ["src/web/<img src=x onerror=alert(1)>.py"]),
        ("component.value = '1'", ["src/pkg/shapes.py", "src/pkg/long.py", "src/pkg/compat.py"]),
        ("leg.value = '0'", ["src/pkg/compat.py"]),
        ("changed.checked = true", ["src/pkg/shapes.py", "src/web/whole.py"]),
        ("path.value = 'nothing'", []),
    ],
)
def test_a_filter_leaves_what_was_asked_for(browser: Browser, change: str, expected: list[str]) -> None:
    browser.open("index.html")
    browser.run(f"{change}; path.dispatchEvent(new Event('input'))")
    assert browser.texts(FILES) == expected
    assert browser.texts("#count") == [f"{len(expected)} of {len(sample_site.WORDS)} files"]


def test_folders_open_by_keyboard_and_add_up(browser: Browser) -> None:
    browser.open("index.html")
    browser.one("#tree").send_keys(Keys.SPACE)
    assert browser.texts(FILES) == ["▸ src/"]
    assert browser.texts("#rows td")[:2] == ["99.95%", "10"]
    browser.one("#rows button").send_keys(Keys.ENTER)
    assert browser.texts(FILES) == ["▾ src/", "▸ web/", "▸ pkg/"]
    assert browser.run("return document.activeElement.getAttribute('aria-expanded')") == "true"


def test_ten_thousand_files_are_sorted_and_filtered_and_drawn_as_they_are_needed(browser: Browser) -> None:
    browser.open("index.html", folder="many")
    assert browser.texts("#count") == ["10,000 of 10,000 files"]
    assert 0 < len(browser.texts(FILES)) <= 400
    browser.one("#path").send_keys("m9999")
    assert browser.texts(FILES) == ["src/p99/m9999.py"]
    browser.one("#path").send_keys(Keys.BACKSPACE * 5)
    browser.run("document.getElementById('more').click()")
    assert len(browser.texts(FILES)) >= 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_trend_has_the_page_s_colours(browser: Browser, scheme: str) -> None:
    browser.open("index.html", scheme=scheme)
    colour = "return getComputedStyle(document.querySelector('.trend .lines')).stroke"
    assert browser.run(colour) == {"light": "rgb(26, 127, 55)", "dark": "rgb(63, 185, 80)"}[scheme]


def test_a_click_sorts_by_where_a_test_pays_most(browser: Browser) -> None:
    browser.open("index.html")
    browser.one('#head [aria-label^="Test next"]').click()
    names = browser.texts(FILES)
    assert names[:2] == ["src/pkg/shapes.py", "src/web/<img src=x onerror=alert(1)>.py"]
    assert browser.texts("#rows td:last-child")[:4] == ["1", "2", "3", "-"]
    browser.one("#tree").send_keys(Keys.SPACE)
    assert browser.texts("#rows td:last-child") == ["1"]


def test_the_map_leads_to_a_file_s_page_by_keyboard(browser: Browser) -> None:
    browser.open("index.html")
    link = browser.one('.map a[aria-label^="src/pkg/long.py"]')
    assert link.get_attribute("aria-label").endswith("99.99% of 20,000 lines, 40 commits in a year")
    link.send_keys(Keys.ENTER)
    assert browser.texts("h1") == ["src/pkg/long.py"]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_map_fills_its_room_and_a_rectangle_is_as_large_as_its_share(
    browser: Browser, width: int
) -> None:
    browser.open("index.html", folder="many", width=width)
    # In a browser's own figures: of the whole, and of each rectangle with its files.
    whole, parts = browser.run("""
        const area = (one) => { const { width, height } = one.getBoundingClientRect(); return width * height; };
        const map = document.querySelector(".map > svg");
        return [area(map), [...map.children].map((one) => [area(one.querySelector("rect")), one.getAttribute("aria-label")])];
    """)
    assert len(parts) <= MOST
    assert sum(area for area, _ in parts) == pytest.approx(whole, rel=0.05)
    lines = {label: int(label.split(" of ")[1].split(" ")[0].replace(",", "")) for _, label in parts}
    for area, label in parts:
        assert area == pytest.approx(whole * lines[label] / sum(lines.values()), rel=0.1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_has_the_colours_of_the_levels(browser: Browser, scheme: str) -> None:
    browser.open("index.html", scheme=scheme)
    fill = "return ['low', 'high'].map((level) => getComputedStyle(document.querySelector(`.map .${level} rect`)).fill)"
    assert (
        browser.run(fill)
        == {
            "light": ["rgb(180, 35, 24)", "rgb(26, 127, 55)"],
            "dark": ["rgb(255, 128, 120)", "rgb(63, 185, 80)"],
        }[scheme]
    )


def test_a_file_s_link_leads_to_its_page_and_back(browser: Browser) -> None:
    browser.open("index.html")
    browser.one(FILES + " a").click()
    assert browser.texts("h1") == ["src/pkg/shapes.py"]
    browser.one("nav a").click()
    assert browser.texts("h1") == ["Coverage"]


def test_j_and_k_go_through_what_is_uncovered(browser: Browser) -> None:
    browser.open(SHAPES)
    found = []
    for key in "jjjjjjkk":
        browser.press(key)
        found.append(browser.fragment)
    assert found == ["#L8", "#L9", "#L20", "#L21", "#L22", "#L8", "#L22", "#L21"]
    assert browser.run("return document.activeElement.hash") == "#L21"
    assert browser.run("return where.value") == "4 of 5"


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("L12-L14", ["L12", "L13", "L14"]),
        ("L14-12", ["L12", "L13", "L14"]),
        ("L3", ["L3"]),
        ("L22-L999999999", ["L22", "L23", "L24"]),
        ("nothing", []),
    ],
)
def test_an_address_marks_its_range_of_lines(browser: Browser, fragment: str, expected: list[str]) -> None:
    assert [name for name in browser.open(f"{SHAPES}#{fragment}").chosen if name != "L24"] == [
        name for name in expected if name != "L24"
    ]


def test_a_range_is_one_frame(browser: Browser) -> None:
    browser.open(f"{SHAPES}#L12-L14")
    edges = "const style = getComputedStyle(document.getElementById(arguments[0])); return [style.getPropertyValue('--above'), style.getPropertyValue('--below')]"
    assert [browser.run(edges, name) for name in ("L12", "L13", "L14")] == [
        ["2px", "0px"],
        ["0px", "0px"],
        ["0px", "-2px"],
    ]


def test_shift_and_a_click_make_a_range(browser: Browser) -> None:
    browser.open(f"{SHAPES}#L6")
    browser.run(
        "document.querySelector('#L9 a').dispatchEvent(new MouseEvent('click', {shiftKey: true, bubbles: true, cancelable: true}))"
    )
    assert browser.fragment == "#L6-L9"


def test_twenty_thousand_lines_are_gone_through(browser: Browser) -> None:
    browser.open(address("src/pkg/long.py"))
    browser.press("j")
    assert browser.fragment == "#L15000"
    top = browser.run("return document.getElementById('L15000').getBoundingClientRect().top")
    assert 0 < top < 800


@pytest.mark.parametrize("page", ["index.html", SHAPES, address("src/pkg/compat.py")])
@pytest.mark.parametrize("width", [320, 390, 650, 800, 900, 1280])
def test_no_width_makes_a_page_scroll_sideways(browser: Browser, page: str, width: int) -> None:
    browser.open(page, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_figures_stand_below_their_headings_and_beside_each_other(browser: Browser, width: int) -> None:
    browser.open("index.html", width=width)
    drawn = "(cell) => { const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect(); }"
    rows = browser.run(f"""
        const drawn = {drawn};
        const shown = (row) => [...row.children].slice(1).filter((cell) => cell.offsetWidth);
        return [document.getElementById("head"), ...document.querySelectorAll("#rows tr")].map((row) =>
          shown(row).map((cell) => [drawn(cell).left, drawn(cell).right]));
    """)
    for row in rows:
        assert [round(right) for _, right in row] == [round(right) for _, right in rows[0]]
        assert all(right < left for (_, right), (left, _) in itertools.pairwise(row))


def test_on_a_phone_the_files_are_a_table_still(browser: Browser) -> None:
    browser.open("index.html", width=390)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})
    roles = Counter(node["role"]["value"] for node in tree["nodes"] if not node["ignored"])
    components, files = 2, len(sample_site.WORDS)
    assert roles["table"] == 2
    assert roles["row"] == components + files + 2
    assert roles["rowheader"] == components + files


def test_print_shows_all_rows_and_no_controls(browser: Browser) -> None:
    browser.open("index.html", folder="many")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert len(browser.texts(FILES)) == MANY
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.run("return getComputedStyle(document.querySelector('.filters')).display") == "none"


@pytest.mark.parametrize("page", ["index.html", SHAPES])
def test_print_unfolds_what_paper_cannot(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    unfolded = browser.run("return [...document.querySelectorAll('details')].map((one) => one.open)")
    assert unfolded == [True] * len(unfolded) != []


def test_a_page_stores_nothing_and_asks_nobody(browser: Browser) -> None:
    browser.open("index.html")
    assert browser.run("return localStorage.length + sessionStorage.length") == 0
    address_of = "(e) => new URL(e.getAttribute('src') || e.getAttribute('href'), location.href).href"
    loaded = browser.run(f"return [...document.querySelectorAll('[src], [href]')].map({address_of})")
    assert all(name.startswith("file:") for name in loaded)


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, from the npm registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here to get axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        npm,
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder),
        "axe-core@4",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        pytest.skip(f"npm cannot get axe-core: {done.stderr[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"], preload: false }).then((found) => done(JSON.stringify(found.violations)));
"""
#: Something chosen, opened and marked on each.
PAGES: dict[str, Callable[[Browser], object]] = {
    "index.html": lambda browser: browser.run("tree.click(); document.querySelector('#rows button').click()"),
    f"{SHAPES}#L8-L10": lambda browser: browser.run("document.querySelector('summary').click()"),
    address("src/web/changed.py"): lambda _: None,
    address("src/pkg/compat.py"): lambda _: None,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_neither_contrast_nor_labels_missing(
    browser: Browser, axe: str, page: str, scheme: str
) -> None:
    browser.open(page, scheme=scheme)
    PAGES[page](browser)
    dark = browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert dark == (scheme == "dark")
    browser.run(axe)
    found = json.loads(browser.driver.execute_async_script(AXE))
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == []


def test_a_line_s_tests_are_listed_by_a_click_and_by_keyboard(browser: Browser) -> None:
    browser.open(SHAPES)
    assert browser.texts("#code button.t") == ["12", "1", "12"]
    browser.one("#L2 button.t").click()
    assert browser.texts("#L2 li") == ["tests/test_shapes.py::test_11[<b>]"]
    assert browser.one("#L2 button.t").get_attribute("aria-expanded") == "true"
    browser.one("#L1 button.t").send_keys(Keys.ENTER)
    assert len(browser.texts("#L1 li")) == 12
    browser.one("#L2 button.t").click()
    assert browser.texts("#L2 li") == []


def test_the_overview_sorts_by_the_number_of_tests(browser: Browser) -> None:
    browser.open("index.html")
    browser.run(
        "[...document.querySelectorAll('#head button')].find((e) => e.textContent === 'Tests').click()"
    )
    browser.run(
        "[...document.querySelectorAll('#head button')].find((e) => e.textContent === 'Tests').click()"
    )
    assert browser.texts(FILES)[0] == "src/pkg/shapes.py"
