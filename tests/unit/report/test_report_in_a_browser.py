"""The report in a real browser, without any network: nothing runs that a customer typed, and the filter finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from connector.report import render_report
from tests.servers.chrome import chrome
from tests.unit.report.example import HOSTILE, HOSTILE_ATTRIBUTE, NOW, OVERRIDE, ROWS, figures

HOSTILE_ROWS = (
    replace(ROWS[2], bc_number=HOSTILE, before=HOSTILE, after=HOSTILE_ATTRIBUTE, field=HOSTILE_ATTRIBUTE),
    replace(ROWS[3], after=OVERRIDE, reason=HOSTILE, action=HOSTILE_ATTRIBUTE),
)


@pytest.fixture(scope="module")
def _chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chrome(tmp_path_factory.mktemp("profile")) as driven:
        yield driven


@pytest.fixture
def page(_chrome: Chrome, tmp_path: Path) -> Chrome:
    target = tmp_path / "report.html"
    target.write_text(render_report(figures(*ROWS, *HOSTILE_ROWS), NOW), encoding="utf-8")
    _chrome.get_log("performance")
    _chrome.get(target.as_uri())
    return _chrome


def shown(page: Chrome) -> list[str]:
    rows = page.find_elements(By.CSS_SELECTOR, "#plan tbody tr")
    return [row.find_element(By.CSS_SELECTOR, "td:nth-child(2)").text for row in rows if row.is_displayed()]


def test_nothing_that_a_customer_typed_runs_and_nothing_complains(page: Chrome) -> None:
    assert page.title.startswith("shop: run")
    assert not page.find_elements(By.CSS_SELECTOR, "img, #plan script")
    assert page.get_log("browser") == []


def test_the_page_asks_nobody_for_anything(page: Chrome) -> None:
    sent = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in sent if one["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("file:")] == []


def test_a_script_that_got_into_the_page_would_not_run(page: Chrome) -> None:
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"'; document.body.append(s);"
    )
    assert page.title != "owned"
    assert any("Content Security Policy" in entry["message"] for entry in page.get_log("browser"))


def test_a_text_filters_by_every_word_in_any_letter_case(page: Chrome) -> None:
    page.find_element(By.ID, "text").send_keys("STORGATA c00012")
    assert shown(page) == ["C00012 woo:119", "C00012 woo:119"]
    assert page.find_element(By.ID, "number").text == f"2 of {len(ROWS) + len(HOSTILE_ROWS)} rows"


def test_action_direction_and_field_filter_together_and_clear_again(page: Chrome) -> None:
    Select(page.find_element(By.ID, "action")).select_by_visible_text("update")
    Select(page.find_element(By.ID, "direction")).select_by_visible_text("pull")
    assert shown(page) == ["C00020 woo:118", "C00021 woo:121"]
    Select(page.find_element(By.ID, "field")).select_by_visible_text("name")
    assert shown(page) == ["C00021 woo:121"]
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    assert len(shown(page)) == len(ROWS) + len(HOSTILE_ROWS)


def test_a_filter_that_nothing_fits_says_so(page: Chrome) -> None:
    page.find_element(By.ID, "text").send_keys("nobody is called like this")
    assert shown(page) == []
    assert page.find_element(By.ID, "none").is_displayed()


def test_an_action_that_is_called_like_markup_can_be_chosen(page: Chrome) -> None:
    Select(page.find_element(By.ID, "action")).select_by_visible_text(HOSTILE_ATTRIBUTE)
    assert shown(page) == ["C00012 woo:119"]
    assert page.title.startswith("shop: run")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_a_screen_and_a_phone_in_light_and_dark(page: Chrome, width: int, scheme: str) -> None:
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        colour = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert colour == {"light": "rgb(251, 250, 248)", "dark": "rgb(21, 24, 27)"}[scheme]
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
