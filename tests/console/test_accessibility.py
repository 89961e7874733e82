"""Every page of the console, in both themes and at three widths: axe finds nothing, and nothing is wider than the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome

from console.serving import Served
from tests.console.axe import violations
from tests.console.busy_shop import filled
from tests.flows.shop import Shop

pytestmark = pytest.mark.live

THEMES = ("light", "dark")
WIDTHS = (400, 1280, 2560)


@pytest.fixture
def sized(browser: Chrome) -> Iterator[Any]:
    """Sets theme and width of the browser."""

    def size(theme: str, width: int) -> None:
        feature = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    yield size
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_every_page_is_for_everybody(shop: Shop, served: Served, browser: Chrome, sized: Any) -> None:
    """Of a shop in which everything waits that can wait, hostile names among it."""
    paths = filled(shop, served)
    wrong = []
    for path in paths:
        for theme in THEMES:
            for width in WIDTHS:
                sized(theme, width)
                browser.get(served.address + path)
                wrong += [f"{path} {theme} {width}: {one}" for one in violations(browser)]
                shown = browser.execute_script("return document.documentElement.scrollWidth")
                wrong += [f"{path} {width}: {shown} px wide"] if shown > width else []
                # whoever is not logged in is told so by a 401, which browsers log
                severe = (
                    []
                    if path == "/enter"
                    else [one["message"] for one in browser.get_log("browser") if one["level"] == "SEVERE"]
                )
                wrong += [f"{path}: {one}" for one in severe]
    assert not wrong, "\n".join(wrong)
