"""What the guide shows of the console, in a real browser; with CUSTOMER_SYNC_IMAGES set its photographs are made anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from console.serving import Served
from tests.console.served import shown
from tests.flows.shop import Shop
from tests.servers.png import smaller

WIDTH, HEIGHT = 1400, 900
MOST_BYTES = 150_000
# name, city and postcode of those who are on both sides, and in step at first
PEOPLE = (
    ("Kari Nordmann", "Oslo", "0150"),
    ("Ola Hansen", "Bergen", "5003"),
    ("Ingrid Solberg", "Trondheim", "7010"),
    ("Lars Johansen", "Stavanger", "4006"),
    ("Nygård & Sønner AS", "Tromsø", "9008"),
    ("Anne Berg", "Drimmen", "3015"),
    ("Marit Dahl", "Bodø", "8006"),
    ("Per Kristiansen", "Ålesund", "6002"),
)


def town(shop: Shop) -> tuple[list[str], str]:
    """A shop on an ordinary morning: most are in step, some things wait. Gives who is linked, and the hash of the plan."""
    accounts, cards = [], []
    for number, (name, city, postcode) in enumerate(PEOPLE):
        email = f"{name.split()[0].lower().replace('å', 'a')}@example.no"
        street = f"Storgata {3 * number + 4}"
        accounts.append(shop.register(email, name, city=city, postcode=postcode, address_1=street, country="NO"))
        cards.append(
            shop.employ(email, name, city=city, postalCode=postcode, addressLine1=street, country="NO", ticked=True)
        )
    shop.sync()
    shop.type_in_company(cards[0], addressLine1="Karl Johans gate 12", phoneNumber="+47 22 33 44 55")
    shop.type_in_webstore(accounts[0], address_1="Karl Johans gt. 21", phone="+47 22 33 44 66")
    shop.type_in_company(cards[3], city="Sandnes", postalCode="4306")
    shop.type_in_webstore(accounts[3], city="Sola", postcode="4050")
    shop.sync()
    shop.type_in_company(cards[1], phoneNumber="+47 55 12 34 56")
    shop.type_in_webstore(accounts[4], address_1="Strandgata 9", phone="+47 77 60 00 01")
    shop.type_in_company(cards[5], city="Drammen")
    shop.employ("post@fjell.example.no", "Fjell Bygg AS", city="Hamar", postalCode="2317", country="NO", ticked=True)
    shop.employ("sigrid@example.no", "Sigrid Lund", city="Molde", postalCode="6413", country="NO")
    shop.register("jonas@example.no", "Jonas Moe", city="Gjøvik", postcode="2815", country="NO")
    plan = shop.sync(dry_run=True)
    return cards, plan.plan.hash


def photograph(browser: Chrome, folder: Path, name: str) -> None:
    path = folder / f"console-{name}.png"
    path.write_bytes(smaller(browser.get_screenshot_as_png()))
    assert path.stat().st_size < MOST_BYTES, "a page of the documentation loads quickly"


@pytest.mark.live
def test_the_pages_that_the_guide_shows(shop: Shop, served: Served, browser: Chrome, tmp_path: Path) -> None:
    folder = Path(os.environ.get("CUSTOMER_SYNC_IMAGES", tmp_path))
    cards, plan = town(shop)
    light = {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", light)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    pages = {
        "mapping": ("mapping", ["conflict", "to push", "to pull", "in step", "ticked", "only in the webstore"]),
        "customer": (
            f"customers/{cards[0]}",
            ["Kari Nordmann", "Karl Johans gate 12", "Karl Johans gt. 21", "History"],
        ),
        "conflicts": ("conflicts", ["Lars Johansen", "Sandnes", "Sola", "Preview what is chosen"]),
        "plan": (f"plans/{plan}", ["New account", "Drimmen", "Drammen", "Approve", "new-account mail"]),
    }
    try:
        for name, (path, words) in pages.items():
            browser.get(f"{served.address}/shop/{path}")
            text = shown(browser, "main").text
            assert [word for word in words if word not in text] == [], name
            assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTH
            photograph(browser, folder, name)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
