"""Plans in the console: looking through them, leaving customers out, approving exactly one, rejecting."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connector.setup import Approval
from connector.store.schema import PLAN
from console.people import Person, Right
from console.serving import Served
from tests.console.reading import text_of
from tests.console.served import Visitor, settled
from tests.flows.shop import Shop

HOSTILE = "<script>alert(1)</script> \u202egnp.exe " + "W" * 60


def planned(served: Served, visitor: Visitor) -> str:
    """Make a plan for all customers; gives its page."""
    visitor.send("/", "/shop/synchronize", ("plan", "yes"))
    settled(served)
    page = visitor.get("/shop/runs/now")
    assert "/shop/plans/" in page.url, text_of(page)
    return page.url.removeprefix(served.address)


def wait_for_approval(shop: Shop) -> None:
    approval = Approval.model_validate({"required": "always"})
    shop.setup = shop.setup.model_copy(update={"approval": approval})


def test_a_plan_is_approved_without_one_customer(shop: Shop, served: Served, visitor: Visitor) -> None:
    kari, ola = shop.register("kari@nord.example"), shop.register("ola@nord.example", "Ola Nordmann")
    path = planned(served, visitor)
    shown = text_of(visitor.get(path))
    assert "2 New in Business Central" in shown and "Nothing was written" in shown
    visitor.send(path, f"{path}/look", *on_page(kari, ola), ("write", f"woo:{ola}"), ("approve", "yes"))
    question = visitor.get(f"{path}/approve")
    assert "New in Business Central 1 customer" in text_of(question) and "Kari" in text_of(question)
    assert not shop.customers(), "nothing is written before the second form"
    visitor.send(f"{path}/approve", f"{path}/approve", ("leave_out", f"woo:{kari}"))
    settled(served)
    assert set(shop.customers()) == {"ola@nord.example"}
    run = visitor.get("/shop/runs/now")
    assert "1 customer was left out" in text_of(run) and "left out by Ann" in text_of(run)
    again = visitor.get(f"{path}/approve")
    assert again.status_code == 409 and "was written meanwhile" in text_of(again)


def on_page(*accounts: int) -> list[tuple[str, str]]:
    return [("on_page", f"woo:{account}") for account in accounts]


def test_who_is_left_out_is_kept_from_page_to_page(shop: Shop, served: Served, visitor: Visitor) -> None:
    keys = [shop.register(f"p{number:02}@nord.example", f"Person {number:02}") for number in range(55)]
    path = planned(served, visitor)
    first, rest = keys[:50], keys[50:]
    ticked = [("write", f"woo:{key}") for key in first[1:]]
    second = visitor.send(path, f"{path}/look", *on_page(*first), *ticked, ("offset", "50"))
    assert "51 to 55 of 55" in text_of(second)
    back = visitor.send(path, f"{path}/look", *on_page(*rest), ("search", "p00@nord"), ("show", "yes"))
    assert "6 customers left out by you" in text_of(back)
    assert f"woo:{keys[0]}" in back.text and f"woo:{keys[1]}" not in back.text
    assert "p00" not in back.url, "what is searched for stands in no address"
    question = visitor.get(f"{path}/approve").text
    assert question.count('name="leave_out"') == 6


def test_whoever_was_edited_meanwhile_is_dropped_and_named(shop: Shop, served: Served, visitor: Visitor) -> None:
    account = shop.register("kari@nord.example", address_1="Storgata 1")
    shop.sync()
    customer = shop.customers()["kari@nord.example"]
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    path = planned(served, visitor)
    shop.type_in_company(customer, addressLine1="Strandgaten 7")
    visitor.send(f"{path}/approve", f"{path}/approve")
    settled(served)
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"
    run = text_of(visitor.get("/shop/runs/now"))
    assert "Not written after all" in run and "changed since the plan was made" in run


@pytest.mark.parametrize("approve", [True, False])
def test_a_run_that_waits_in_the_store_is_answered(shop: Shop, served: Served, visitor: Visitor, approve: bool) -> None:
    shop.register("kari@nord.example")
    wait_for_approval(shop)
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    settled(served)
    waiting = visitor.get("/shop/runs/now")
    path = waiting.url.removeprefix(served.address)
    assert "waits for an approval" in text_of(waiting) and not shop.customers()
    assert "Plans that wait for an approval" in text_of(visitor.get("/shop/runs"))
    answer = f"{path}/{'approve' if approve else 'reject'}"
    visitor.send(answer, answer)
    settled(served)
    assert len(shop.customers()) == approve
    run = served.console.webstores["shop"].runs.going
    assert run is not None
    row = text_of(visitor.get(f"/shop/runs/{run.run_id}"))
    assert ("completed" if approve else "rejected") in row
    assert visitor.get(answer).status_code == 409


def test_two_browsers_that_answer_at_once_write_once(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    path = planned(served, visitor)
    bob = Visitor(served)
    token = bob.token(f"{path}/approve", f"{path}/approve")
    visitor.send(f"{path}/approve", f"{path}/approve")
    settled(served)
    late = bob.post(f"{path}/approve", [("token", token)])
    assert late.status_code == 409 and "written meanwhile" in text_of(late)
    assert len(shop.customers()) == 1 and len(shop.journal()) == 1


def test_who_may_only_look_sees_no_button_and_is_refused(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    path = planned(served, visitor)
    session = served.console.sessions.begin(Person("Bob", Right.LOOK))
    bob = Visitor(served, enter=False)
    bob.http.cookies.set(served.console.cookie, session.id, domain="127.0.0.1")
    shown = bob.get(path)
    assert shown.status_code == 200 and "Approve…" not in shown.text and 'name="write"' not in shown.text
    assert bob.get(f"{path}/approve").status_code == 403
    refused = bob.post(f"{path}/approve", [("token", session.form_token(f"{path}/approve"))])
    assert refused.status_code == 403 and not shop.customers()
    found = bob.send(path, f"{path}/look", ("search", "kari"), ("show", "yes"))
    assert "kari@nord.example" in found.text


def test_a_customer_who_is_not_in_the_plan_cannot_be_left_out(shop: Shop, served: Served, visitor: Visitor) -> None:
    kari = shop.register("kari@nord.example")
    path = planned(served, visitor)
    for names in (["woo:999"], [f"woo:{kari}"], [""]):
        refused = visitor.send(f"{path}/approve", f"{path}/approve", *(("leave_out", name) for name in names))
        assert refused.status_code == 400
    assert not shop.customers() and served.console.webstores["shop"].runs.busy is False


def test_hostile_names_are_shown_as_text(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.employ("bad@company.example", HOSTILE[:95], ticked=True)
    path = planned(served, visitor)
    for page in (visitor.get(path), visitor.get(f"{path}/approve"), visitor.get(f"{path}?kind=all")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text and "\u202e" not in page.text


def test_a_plan_is_read_when_its_run_ends_and_not_for_each_look(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    visitor.send("/", "/shop/synchronize", ("plan", "yes"))
    settled(served)
    store = served.console.webstores["shop"].store
    with store.work("shop") as work:
        # whoever reads the document now cannot show it
        work._connection.execute(sa.update(PLAN).values(document=b"no plan"))
    page = visitor.get("/shop/runs/now")
    assert "1 New in Business Central" in text_of(page)
    assert "1 New in Business Central" in text_of(visitor.get(page.url.removeprefix(served.address)))
    with store.work("shop") as work:
        work._connection.execute(sa.delete(PLAN))
    assert visitor.get(page.url.removeprefix(served.address)).status_code == 404, "an erasure removes plans"


def test_an_unknown_plan_is_said_to_be_unknown(visitor: Visitor) -> None:
    assert visitor.get("/shop/plans/" + "0" * 64).status_code == 404
    assert visitor.get("/shop/plans/nohash").status_code == 400
