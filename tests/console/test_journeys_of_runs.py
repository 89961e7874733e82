"""Plan, run, undo and restore as people go through them, in a real browser with JavaScript."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from connector.desk.editing import unlink
from console.serving import Served
from tests.by_hand import by_hand
from tests.console.axe import violations
from tests.console.served import wait_until
from tests.flows.shop import Shop

pytestmark = pytest.mark.live


def button(browser: Chrome, text: str) -> WebElement:
    """The button that says this."""
    # a click may return before the next page has come
    wait_until(lambda: is_complete(browser) and text in shown(browser))
    return next(one for one in browser.find_elements(By.CSS_SELECTOR, "main button") if one.text == text)


def shown(browser: Chrome) -> str:
    """What the page says; asked for in one step, since a page that follows a run may lead on at any moment."""
    return str(browser.execute_script("return document.querySelector('main')?.innerText || ''"))


def arrived(browser: Chrome, part: str) -> None:
    """Wait until the page that follows a run has led on by itself."""
    wait_until(lambda: part in browser.current_url and shown(browser) and is_complete(browser))


def is_complete(browser: Chrome) -> bool:
    return bool(browser.execute_script("return document.readyState") == "complete")


def test_a_plan_is_approved_without_one_customer_and_undone(shop: Shop, served: Served, browser: Chrome) -> None:
    shop.register("kari@nord.example")
    shop.register("ola@nord.example", "Ola Nordmann")
    browser.get(served.address + "/")
    button(browser, "Plan first").click()
    arrived(browser, "/plans/")
    assert not violations(browser)
    boxes = browser.find_elements(By.NAME, "write")
    assert [box.is_selected() for box in boxes] == [True, True]
    kari = next(row for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr") if "kari@" in row.text)
    kari.find_element(By.NAME, "write").send_keys(Keys.SPACE)
    button(browser, "Approve…").send_keys(Keys.ENTER)
    arrived(browser, "/approve")
    assert "New in Business Central" in shown(browser) and "Kari Nordmann" in shown(browser)
    assert not violations(browser)
    # slow enough to be seen at work
    shop.running.webstore_faults.add("slow", path="customers", count=2, seconds=1.5)
    button(browser, "Write it").click()
    arrived(browser, "/runs/now")
    assert "Write the plan" in shown(browser) and browser.find_elements(By.TAG_NAME, "progress")
    assert not violations(browser)
    wait_until(lambda: "1 customer was left out" in shown(browser))
    assert set(shop.customers()) == {"ola@nord.example"}

    button(browser, "Preview the undo").click()
    arrived(browser, "/plans/")
    assert "Unlink" in shown(browser) and len(shop.links()) == 1
    button(browser, "Approve…").click()
    arrived(browser, "/approve")
    button(browser, "Write it").click()
    wait_until(lambda: "Undo of run" in shown(browser) and "completed" in shown(browser))
    assert not shop.links() and len(shop.customers()) == 1, "Business Central customers are never deleted"


def test_a_version_is_restored_and_taken_back(shop: Shop, served: Served, browser: Chrome) -> None:
    shop.register("kari@nord.example")
    shop.sync()
    (customer,) = shop.links()
    by_hand(unlink, shop.setup, [shop.number(customer)])
    assert shop.links() == {}
    browser.get(served.address + "/shop/versions")
    button(browser, "Restore…").click()
    wait_until(lambda: "1 row comes back" in shown(browser))
    assert shop.links() == {}
    assert not violations(browser)
    button(browser, "Restore it").click()
    wait_until(lambda: "that is version" in shown(browser))
    assert len(shop.links()) == 1
    button(browser, "Take back").click()
    wait_until(lambda: shop.links() == {})
