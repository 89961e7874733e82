"""Two browsers and a synchronisation at work on the same customers: no edit is lost, none is applied twice."""

from __future__ import annotations

import re
import threading
from collections import Counter
from html import unescape

from connector.desk.versions import list_versions
from console.serving import Served
from tests.by_hand import seen
from tests.console.served import Visitor, settled
from tests.flows.shop import Shop

EDIT, DO = "/shop/mapping/edit", "/shop/mapping/do"
_TRIES = 50


def ticked_by(visitor: Visitor, card: str, overtaken: Counter[str]) -> None:
    """Tick a customer, and look again and again as long as somebody else was faster; then send the form once more."""
    for _ in range(_TRIES):
        preview = visitor.send("/shop/mapping", EDIT, ("edit", "tick"), ("row", card)).text
        if "None of the selected customers" in preview:
            return  # the other one has ticked it
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview.split(f'action="{DO}"')[1])
        form = [(name, unescape(value)) for name, value in hidden]
        answer = visitor.post(DO, form)
        assert visitor.post(DO, form).status_code == 409, "a form counts once"
        if answer.status_code == 200:
            return
        assert answer.status_code == 409, answer.text
        overtaken[card] += 1
    raise AssertionError("always overtaken")


def test_no_edit_is_lost_and_none_is_applied_twice(shop: Shop, served: Served, visitor: Visitor) -> None:
    own = {
        name: [shop.employ(f"{name}{n}@company.example", f"{name} {n}") for n in range(1, 5)] for name in ("Ann", "Bob")
    }
    shared = [shop.employ(f"both{n}@company.example", f"Both {n}") for n in range(1, 3)]
    visitor.send("/", "/shop/synchronize", ("plan", "yes"))
    settled(served)
    wrong: list[BaseException] = []
    overtaken: Counter[str] = Counter()

    people = {name: Visitor(served) for name in own}

    def work(name: str) -> None:
        try:
            for card in (*own[name], *shared):
                ticked_by(people[name], card, overtaken)
        except BaseException as error:
            wrong.append(error)
            raise

    both = [threading.Thread(target=work, args=(name,)) for name in own]
    for thread in both:
        thread.start()
    while any(thread.is_alive() for thread in both):
        visitor.send("/", "/shop/synchronize", ("now", "yes"))  # refused while one is at work
        settled(served)
    for thread in both:
        thread.join()
    assert not wrong
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    settled(served)

    everybody = {*own["Ann"], *own["Bob"], *shared}
    assert shop.remembered().ticked == everybody
    ticks = [row for row in seen(list_versions, shop.setup) if row["reason"].startswith("tick")]
    assert len(ticks) == len(everybody), "each tick is one version"
    assert len(shop.accounts()) == len(everybody) and set(shop.links()) == everybody
    shop.forget_requests()
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    settled(served)
    assert shop.writes() == []
