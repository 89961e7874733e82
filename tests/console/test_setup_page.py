"""The setup in the console: what flags mean now, and changing them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.errors import Overtaken
from connector.webhooks.serving import Listening
from console.people import Person, Right
from console.serving import Served, serving
from tests.console.reading import text_of
from tests.console.served import Visitor, console_of, wait_until
from tests.flows.shop import Shop

PULL = "synchronization-pull_webstore_customers"


class ShopsBlock:
    """The setup of a shop as the block of a server would keep it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.saved: list[Mapping[str, tuple[object, object]]] = []

    def change(self, name: str, values: Mapping[str, tuple[object, object]]) -> None:
        assert name == self._shop.setup.webstore_code
        now = self._shop.setup.synchronization.pull_webstore_customers
        before, after = values["synchronization.pull_webstore_customers"]
        if str(now) != before:
            raise Overtaken("Somebody changed the block.", version=0)
        self.saved.append(values)
        self._shop.change(pull_webstore_customers=after)


@pytest.fixture
def block(shop: Shop) -> ShopsBlock:
    return ShopsBlock(shop)


@pytest.fixture
def ann(shop: Shop, block: ShopsBlock) -> Iterator[Visitor]:
    with console_of(shop, name="Ann", blocks=block) as served:
        yield Visitor(served)


def withheld(shop: Shop) -> None:
    """A change in the webstore that Pull = None withholds."""
    account = shop.register("kari@nord.example", city="Oslo")
    shop.sync()
    shop.change(pull_webstore_customers="None")
    shop.type_in_webstore(account, city="Bergen")
    shop.sync()


def test_what_flags_mean_now_is_said_and_a_change_is_saved_after_a_preview(
    shop: Shop, block: ShopsBlock, ann: Visitor
) -> None:
    withheld(shop)
    ann.served.console.webstores["shop"].read_anew()
    shown = text_of(ann.get("/shop/setup"))
    assert "1 customer has changes that are withheld by Pull = None." in shown and "the block shop" in shown
    preview = ann.send("/shop/setup", "/shop/setup", (PULL, "Mapped Only"))
    assert "The changes of 1 customer that are withheld now are written in Business Central" in text_of(preview)
    assert not block.saved
    fields = [(PULL, "Mapped Only"), (f"seen-{PULL}", "None"), ("do", "yes")]
    done = ann.send("/shop/setup", "/shop/setup", *fields)
    assert "Saved in the block shop: Pull Webstore Customers is Mapped Only." in text_of(done)
    assert 'value="Mapped Only" checked' in done.text, "the page shows it at once"
    shop.sync()
    assert shop.customer(shop.customers()["kari@nord.example"])["city"] == "Bergen"


def test_a_change_that_was_overtaken_is_not_saved(shop: Shop, block: ShopsBlock, ann: Visitor) -> None:
    shop.change(pull_webstore_customers="Mapped Only")
    ann.served.console.webstores["shop"].read_anew()
    stale = [(PULL, "None"), (f"seen-{PULL}", "All"), ("do", "yes")]
    late = ann.send("/shop/setup", "/shop/setup", *stale)
    assert late.status_code == 409 and "Pull Webstore Customers is Mapped Only by now" in text_of(late)
    assert not block.saved


def test_who_may_not_approve_changes_nothing(block: ShopsBlock, ann: Visitor) -> None:
    session = ann.served.console.sessions.begin(Person("Bob", Right.EDIT))
    bob = Visitor(ann.served, enter=False)
    bob.http.cookies.set(ann.served.console.cookie, session.id, domain="127.0.0.1")
    assert "See what a change does" not in bob.get("/shop/setup").text
    form = [("token", session.form_token("/shop/setup")), (PULL, "None"), ("do", "yes")]
    assert bob.post("/shop/setup", form).status_code == 403 and not block.saved


def test_what_no_setup_can_say_is_refused(block: ShopsBlock, ann: Visitor) -> None:
    for field, value in (
        (PULL, "Everything"),
        ("synchronization-minutes_between_runs", "0"),
        ("approval-max_writes", "x"),
    ):
        assert ann.send("/shop/setup", "/shop/setup", (field, value), ("do", "yes")).status_code == 400
    assert "Nothing was changed" in text_of(ann.send("/shop/setup", "/shop/setup")) and not block.saved


@contextmanager
def at(served: Served) -> Iterator[Visitor]:
    """Ann at a console that runs in a thread."""
    thread = threading.Thread(target=served.run)
    thread.start()
    wait_until(lambda: served.server.started)
    try:
        yield Visitor(served)
    finally:
        served.server.should_exit = True
        thread.join(30)


def test_a_file_is_never_edited_its_lines_are_shown(tmp_path: Path) -> None:
    """With a real file, whose addresses nobody needs to reach."""
    file = tmp_path / "setup.toml"
    file.write_text(
        f"""webstore_code = "filed"
[webstore]
url = "http://127.0.0.1:1"
consumer_key = "env:NO_KEY"
consumer_secret = "env:NO_SECRET"
[business_central]
base_url = "http://127.0.0.1:1/api/v2.0"
company = "<b>Contoso</b>"
auth = "basic"
username = "user"
password = "env:NO_PASSWORD"
[store]
url = "sqlite:///{tmp_path / "filed.sqlite"}"
""",
        encoding="utf-8",
    )
    before = file.read_bytes()
    with serving([str(file)], Listening(port=0), name="Ann") as served, at(served) as visitor:
        shown = visitor.get("/filed/setup")
        assert f"the file {file}" in text_of(shown) and "<b>Contoso" not in shown.text
        assert "NO_KEY" not in shown.text and "NO_PASSWORD" not in shown.text
        change = ((PULL, "All"), ("synchronization-policies-conflict", "newest"), ("do", "yes"))
        told = text_of(visitor.send("/filed/setup", "/filed/setup", *change))
    assert 'pull_webstore_customers = "All"' in told and '[synchronization.policies] conflict = "newest"' in told
    assert "Nothing was changed yet" in told and file.read_bytes() == before
