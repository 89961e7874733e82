"""The table of all customers: from an empty mapping to linked, ticked, selected and synchronised customers, without scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from connector.desk.desk import Desk
from connector.desk.editing import untick
from connector.store import open_store
from console.people import Person, Right
from console.serving import Served
from tests.console.busy_shop import HOSTILE
from tests.console.served import Visitor, settled, shown, wait_until
from tests.flows.shop import Shop

EDIT, DO = "/shop/mapping/edit", "/shop/mapping/do"


def read_once(visitor: Visitor, served: Served) -> None:
    """A plan has read both systems; nothing is written."""
    visitor.send("/", "/shop/synchronize", ("plan", "yes"))
    settled(served)


def carried_out(visitor: Visitor, *fields: tuple[str, str]) -> str:
    """Select, look at the preview, carry it out; gives what the next page says."""
    preview = visitor.send("/shop/mapping", EDIT, *fields).text
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview.split(f'action="{DO}"')[1])
    )
    return visitor.post(DO, [(name, unescape(value)) for name, value in hidden.items()]).text


def test_from_an_empty_mapping_to_synchronised_customers(shop: Shop, served: Served, visitor: Visitor) -> None:
    kari = shop.register("kari@shop.example", "Kari Nordmann", city="Oslo")
    card = shop.employ("other@company.example", "Kari Nordmann", city="Bergen")
    alone = shop.employ("ola@company.example", "Ola Hansen")
    assert "No customer is known yet" in visitor.get("/shop/mapping").text
    read_once(visitor, served)
    page = visitor.get("/shop/mapping").text
    assert "Kari Nordmann" in page and "only in the webstore" in page and "only in Business Central" in page

    assert "is linked to account" in carried_out(visitor, ("edit", "link"), ("row", card), ("row", f"woo:{kari}"))
    assert shop.links() == {card: kari}
    assert "1 customer ticked" in carried_out(visitor, ("edit", "tick"), ("row", alone))
    assert shop.remembered().ticked == {card, alone}

    shop.forget_requests()
    carried_out(visitor, ("edit", "synchronize"), ("row", alone))
    settled(served)
    assert shop.links()[alone] == shop.accounts()["ola@company.example"]
    assert {verb for verb, _ in shop.writes()} == {"create"}
    assert "in step" in visitor.get("/shop/mapping").text


def test_an_edit_is_taken_back_from_the_next_page(shop: Shop, served: Served, visitor: Visitor) -> None:
    card = shop.employ("ola@company.example", "Ola Hansen")
    read_once(visitor, served)
    page = carried_out(visitor, ("edit", "tick"), ("row", card))
    version = shop.remembered().version
    assert "Take back" in page
    found = re.search(r'name="number" value="(\d+)"><input type="hidden" name="version" value="(\d+)"', page)
    assert found is not None and (int(found[1]), int(found[2])) == (version - 1, version)


def test_an_overtaken_edit_is_not_applied(shop: Shop, served: Served, visitor: Visitor) -> None:
    card = shop.employ("ola@company.example", "Ola Hansen", ticked=True)
    other = shop.employ("per@company.example", "Per Hansen")
    read_once(visitor, served)
    preview = visitor.send("/shop/mapping", EDIT, ("edit", "tick"), ("row", other)).text
    store = open_store(shop.setup.store.url)
    untick(Desk(shop.setup, store, "Bob"), [card])
    store.close()
    hidden = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview.split(f'action="{DO}"')[1])
    )
    refused = visitor.post(DO, [(name, unescape(value)) for name, value in hidden.items()])
    assert refused.status_code == 409 and "Bob" in refused.text
    assert shop.remembered().ticked == set()


def test_all_that_match_are_selected_not_only_those_of_the_page(shop: Shop, served: Served, visitor: Visitor) -> None:
    for number in range(70):
        shop.employ(f"p{number}@company.example", f"Person {number}")
    shop.register("kari@shop.example")
    read_once(visitor, served)
    said = carried_out(visitor, ("edit", "tick"), ("everybody", "yes"), ("filter", "only in Business Central"))
    assert "70 customers ticked" in said
    assert len(shop.remembered().ticked) == 70


def test_a_search_stands_in_no_address(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@shop.example", "Kari Nordmann")
    shop.register("ola@shop.example", "Ola Hansen")
    read_once(visitor, served)
    found = visitor.send("/shop/mapping", "/shop/mapping/search", ("search", "KARI shop.example"))
    assert "kari" not in found.url.lower()
    assert "Kari Nordmann" in found.text and "Ola Hansen" not in found.text


def test_who_may_only_look_changes_nothing(shop: Shop, served: Served, visitor: Visitor) -> None:
    card = shop.employ("ola@company.example", "Ola Hansen")
    read_once(visitor, served)
    session = next(iter(served.console.sessions._sessions.values()))
    session.person = Person("Eve", Right.LOOK)
    assert f'action="{EDIT}"' in visitor.get("/shop/mapping").text
    assert visitor.send("/shop/mapping", EDIT, ("edit", "tick"), ("row", card)).status_code == 403
    assert visitor.send("/", "/shop/test").status_code == 200
    session.person = replace(session.person, right=Right.EDIT)
    assert visitor.send("/shop/mapping", EDIT, ("edit", "synchronize"), ("row", card)).status_code == 403
    assert shop.remembered().ticked == set()


def on_hold(shop: Shop) -> str:
    """A ticked customer whose creation is refused until scheduled runs leave him alone, and the reason is gone by now."""
    card = shop.employ("kari@company.example", "Kari Nordmann", ticked=True)
    taken = shop.running.webstore.people_create({"email": "kari@company.example", "role": "subscriber"})
    for _ in range(3):
        shop.sync(scheduled=True)
    shop.running.webstore.people_delete(taken)
    shop.sync(scheduled=True)
    assert "kari@company.example" not in shop.accounts(), "scheduled runs leave alone who is on hold"
    return card


def test_a_released_hold_is_tried_by_the_next_scheduled_run(shop: Shop, served: Served, visitor: Visitor) -> None:
    card = on_hold(shop)
    page = visitor.get("/shop/mapping?filter=on+hold").text
    assert "Kari Nordmann" in page
    assert "1 customer released" in carried_out(visitor, ("edit", "release"), ("row", card))
    assert shop.sync(scheduled=True).summary.push.created == 1
    assert shop.links()[card] == shop.accounts()["kari@company.example"]
    assert "in step" in visitor.get("/shop/mapping").text


def test_names_are_shown_as_the_text_that_they_are(shop: Shop, served: Served, visitor: Visitor) -> None:
    key = shop.employ("x@company.example", HOSTILE[:90])
    read_once(visitor, served)
    for page in (visitor.get("/shop/mapping").text, visitor.get(f"/shop/customers/{key}").text):
        assert "<script>document" not in page and "&lt;script&gt;" in page
        assert "\u202e" not in page and "U+202E" in page


@pytest.mark.live
def test_with_scripts_a_row_is_ticked_and_linked(shop: Shop, served: Served, browser: Chrome) -> None:
    kari = shop.register("kari@shop.example", "Kari Nordmann")
    card = shop.employ("other@company.example", "Kari Nordmann")
    browser.find_element(By.CSS_SELECTOR, "button[name=plan]").click()
    wait_until(lambda: served.console.webstores["shop"].runs.going is not None)
    settled(served)
    browser.get(served.address + "/shop/mapping")
    browser.find_element(By.CSS_SELECTOR, "input[data-all=row]").click()
    assert browser.find_element(By.CSS_SELECTOR, "[data-chosen]").text == "2 selected"
    browser.find_element(By.CSS_SELECTOR, "button[value=link]").click()
    shown(browser, "main form.bar button.main").click()
    wait_until(lambda: shop.links() == {card: kari})
    assert "is linked to account" in shown(browser, ".said").text
    severe = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    assert not severe


@pytest.mark.live
def test_with_scripts_a_hold_is_released_and_the_customer_synchronised(
    shop: Shop, served: Served, browser: Chrome
) -> None:
    card = on_hold(shop)
    for button, is_done in (
        ("release", lambda: "1 customer released" in shown(browser, ".said").text),
        ("synchronize", lambda: shop.links().get(card) is not None),
    ):
        browser.get(served.address + "/shop/mapping")
        browser.find_element(By.NAME, "row").click()
        browser.find_element(By.CSS_SELECTOR, f"button[value={button}]").click()
        shown(browser, "main form.bar button.main").click()
        wait_until(is_done)
    settled(served)
    assert shop.links()[card] == shop.accounts()["kari@company.example"]
    browser.get(served.address + "/shop/mapping")
    assert "in step" in shown(browser, "tbody").text
