"""The page: what it says, what it lets through, what it weighs; in a browser, how it behaves."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from checkstar.reports import render_fragment, render_html

CHROMIUM = os.environ.get("CHECKSTAR_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MEGABYTE = 1_000_000


class Page(HTMLParser):
    """Tags with their attributes, and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_verdict_is_said_before_anything_else(record):
    text = render_html(record)
    assert "<title>FAIL: Population mean of feh, 500 objects, tolerance 0.02 dex</title>" in text
    order = [
        "This result may not be used for this.",
        "Limits of use</h2>",
        "Evidence</h2>",
        "All evidence</h2>",
        "Costs</h2>",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "3 of 3</strong> deciding checks ran; 0 passed, 1 failed, 1 could not tell." in text


def test_failures_that_did_not_survive_holms_correction_are_named(record):
    record["verdict"] = "INCONCLUSIVE"
    record["coverage"]["failed"] = 0
    assert "2 failed alone but not after Holm’s correction" in render_html(record)


def test_the_kind_of_every_limit_is_printed(record):
    text = render_html(record)
    for words in ("set by the claim", "derived", "convention"):
        assert f'">{words}</span>' in text


def test_a_table_of_uses_comes_first_with_its_conventions(table):
    text = render_html(table)
    places = [
        text.index(words) for words in ("What may this result be used for?</h1>", "Table of uses</h2>", "Evidence</h2>")
    ]
    assert places == sorted(places)
    assert "one third of the spread of the truth" in text
    assert "about 1,240 independent test objects instead of 143 (pulls)" in text


def test_figures_of_a_table_are_drawn_once(table):
    # Pulls, coverage and reference are the same for every use and label, population once a unit.
    assert render_html(table).count('class="plot"') == 3 + 2


def test_every_link_inside_the_page_has_a_target_and_ids_are_unique(either):
    page = Page(render_html(either))
    assert len(page.ids) == len(set(page.ids))
    links = {a["href"][1:] for _, a in page.tags if (a.get("href") or "").startswith("#")}
    assert links <= set(page.ids)


def test_the_page_names_no_address_but_those_of_papers(either):
    found = set(re.findall(r"(?:https?:)?//[a-z][\w.-]+", render_html(either)))
    assert found == {"https://arxiv.org", "https://doi.org"}


def test_nothing_hostile_becomes_markup(hostile):
    for text in (render_html(hostile), render_fragment(hostile)):
        page = Page(text)
        assert sum(tag == "script" for tag, _ in page.tags) == text.count("<script>") <= 1
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert not set(text) & {"\x00", "\x1b", "\u202e", "\ud800"}
        assert "49" not in re.findall(r"\{\{ (.*?) \}\}", text)


def test_a_record_of_nothing_is_rendered_and_never_passes(empty):
    for text in (render_html(empty), render_fragment(empty)):
        assert "PASS</span>" not in text
        assert "None" not in re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL).replace(
            '<p class="soft">None.</p>', ""
        )


def test_the_policy_allows_one_script_and_one_style_by_hash(record):
    text = render_html(record)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not any("style" in attributes for _, attributes in Page(text).tags)


def test_sizes_keep_their_budget(record, table):
    assert len(render_html(record).encode()) < 0.2 * MEGABYTE
    different = copy.deepcopy(table)
    for i, use in enumerate(different["uses"]):
        for item in use["evidence"]:
            # No two figures are the same: 12 uses of 5 figures.
            for part in item["parts"]:
                part["limit"] *= 1 + i / 1000
    assert len(render_html(different).encode()) < 3 * MEGABYTE
    assert len(render_fragment(table).encode()) < 0.05 * MEGABYTE


def test_rendering_the_same_record_twice_gives_the_same_page(record):
    assert render_html(record) == render_html(copy.deepcopy(record))


def test_a_fragment_has_no_script_no_figures_and_its_own_styles(either):
    text = render_fragment(either)
    tags = {tag for tag, _ in Page(text).tags}
    assert not tags & {"script", "style", "svg", "link", "img"}
    assert "FAIL" in text


def test_a_fragment_does_not_load_matplotlib_to_show_a_verdict():
    code = "import sys, checkstar.reports as r; r.render_text; assert not {'matplotlib', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# In a browser -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium found; set CHECKSTAR_CHROMIUM to its path")
    api = pytest.importorskip("playwright.sync_api")
    flags = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=flags.split())
        yield found
        found.close()


class Visit:
    """A page in the browser, with what it complained of and asked for."""

    def __init__(self, browser: Any, file: Path, text: str, **options: Any) -> None:
        file.write_text(text, encoding="utf-8")
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        self.own = file.as_uri()

    def column(self, number: int) -> list[str]:
        return self.page.eval_on_selector_all(
            "#every tbody tr", f"rows => rows.filter(r => !r.hidden).map(r => r.cells[{number}].textContent.trim())"
        )

    def assert_quiet(self) -> None:
        assert self.complaints == []
        assert set(self.requests) == {self.own}
        self.page.close()


@pytest.fixture
def visit(browser, tmp_path):
    return lambda text, **options: Visit(browser, tmp_path / "report.html", text, **options)


@pytest.mark.browser
@pytest.mark.parametrize("hand", ["click", "keyboard"])
def test_the_evidence_sorts_both_ways(record, visit, hand):
    seen = visit(render_html(record))
    button = seen.page.locator("#every thead button", has_text="Fault").first
    head = seen.page.locator("#every thead th", has_text="Fault").first

    def press() -> None:
        if hand == "click":
            button.click()
        else:
            button.focus()
            seen.page.keyboard.press("Enter")

    press()
    assert head.get_attribute("aria-sort") == "ascending"
    assert seen.column(4) == ["0.0040 dex", "0.0452 dex", "0.14", "0.22", "–", "–", "–"]
    press()
    assert head.get_attribute("aria-sort") == "descending"
    assert seen.column(4) == ["0.22", "0.14", "0.0452 dex", "0.0040 dex", "–", "–", "–"]
    seen.page.locator("#every thead button", has_text="Check").click()
    assert seen.column(1) == sorted(seen.column(1))
    assert head.get_attribute("aria-sort") is None
    seen.assert_quiet()


@pytest.mark.browser
def test_the_evidence_is_filtered_by_words_and_by_verdict(record, visit):
    seen = visit(render_html(record))
    status = seen.page.locator("#controls [role=status]")
    assert status.text_content() == "7 of 7 shown"
    seen.page.fill("#filter", "calibration")
    assert seen.column(1) == ["pulls", "coverage", "class_calibration"]
    seen.page.locator("#controls button[value=FAIL]").click()
    assert seen.column(1) == ["pulls"]
    assert status.text_content() == "1 of 7 shown"
    seen.page.locator("#controls button[value=INCONCLUSIVE]").click()
    assert seen.column(1) == ["pulls", "coverage"]
    seen.page.fill("#filter", "")
    assert seen.column(1) == ["population", "pulls", "coverage"]
    seen.assert_quiet()


@pytest.mark.browser
def test_the_page_turns_dark_and_light_again_and_its_figures_with_it(record, visit):
    seen = visit(render_html(record), color_scheme="light")

    def colours() -> tuple[str, str]:
        return tuple(
            seen.page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{name}")
            for selector, name in (("body", "backgroundColor"), (".plot text", "fill"))
        )

    light = colours()
    seen.page.click("#theme")
    dark = colours()
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    seen.page.click("#theme")
    assert colours() == light
    seen.assert_quiet()


@pytest.mark.browser
def test_the_readers_own_preference_is_followed(record, visit):
    seen = visit(render_html(record), color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert seen.page.text_content("#theme") == "Light"
    seen.page.emulate_media(media="print")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not seen.page.is_visible("#theme")
    seen.assert_quiet()


@pytest.mark.browser
def test_hostile_text_does_nothing_and_asks_for_nothing(hostile, visit):
    seen = visit(render_html(hostile))
    assert seen.page.locator("script").count() == 1
    seen.assert_quiet()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_of_the_page(either, visit, width):
    seen = visit(render_html(either), viewport={"width": width, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    seen.assert_quiet()


@pytest.mark.browser
def test_a_link_to_evidence_opens_the_use_that_holds_it(table, visit):
    seen = visit(render_html(table))
    assert not seen.page.is_visible("#e3-0")
    seen.page.click("#every tbody a[href='#e3-0']")
    assert seen.page.is_visible("#e3-0")
    seen.assert_quiet()


@pytest.mark.browser
def test_the_keyboard_reaches_the_verdict_first(record, visit):
    seen = visit(render_html(record))
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "main"
    seen.assert_quiet()


@pytest.mark.browser
def test_without_scripts_the_page_is_a_page_with_a_plain_table(record, visit):
    seen = visit(render_html(record), java_script_enabled=False)
    assert seen.page.locator("#every tbody tr").count() == 7
    assert not seen.page.is_visible("#controls")
    assert not seen.page.is_visible("#theme")
    seen.assert_quiet()


def test_what_decides_leads_and_what_could_not_be_asked_is_counted_and_folded(record):
    text = render_html(record)
    besides, unasked = text.index("Examined besides"), text.index("could not be asked: ")
    deciding = [i for i, e in enumerate(record["evidence"]) if e["deciding"] and e["verdict"] != "NOT_APPLICABLE"]
    places = [text.index(f'id="e0-{i}"') for i in deciding]
    assert max(places) < besides < unasked
    verdicts = [e["verdict"] for _, e in sorted(zip(places, (record["evidence"][i] for i in deciding), strict=True))]
    assert verdicts == sorted(verdicts, key=["FAIL", "INCONCLUSIVE", "ERROR", "SKIPPED", "PASS"].index)
    folded = [e for e in record["evidence"] if e["verdict"] in ("SKIPPED", "NOT_APPLICABLE") and not e["deciding"]]
    assert f"{len(folded)} checks could not be asked" in text
    assert f"{len(folded)} could not be asked" in text[: text.index("Limits of use</h2>")]
    # Every check keeps its place to be linked to.
    assert all(f'id="e0-{i}"' in text for i in range(len(record["evidence"])))
