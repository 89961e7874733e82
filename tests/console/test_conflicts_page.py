"""Conflicts in the browser: both values, what is taken, what will be written, and what stands in both systems afterwards."""

from __future__ import annotations

import re
from html import unescape

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from connector.desk import inbox
from connector.desk.desk import at_desk
from connector.setup import ConsoleSettings
from console.serving import Served
from tests.console.axe import violations
from tests.console.served import Visitor, console_of, settled
from tests.flows.shop import Shop

PAGE = "/shop/conflicts"
HOSTILE = "<script>alert(1)</script> \u202egnirts"


def conflict(shop: Shop, number: int = 1, **fields: tuple[str, str]) -> tuple[int, str]:
    """A pair of whom both sides have changed some fields (webstore, Business Central); the city if none is named."""
    fields = fields or {"city": ("Oslo", "Fana")}
    account = shop.register(f"p{number}@nord.example", f"Person{number} Family{number}", city="Bergen")
    shop.sync()
    customer = shop.customers()[f"p{number}@nord.example"]
    names = {"city": "city", "phone": "phoneNumber", "address_1": "addressLine1"}
    shop.type_in_webstore(account, **{name: values[0] for name, values in fields.items()})
    shop.type_in_company(customer, **{names[name]: values[1] for name, values in fields.items()})
    shop.sync()
    return account, customer


def cities(shop: Shop, account: int, customer: str) -> tuple[str, str]:
    return shop.account(account)["billing"]["city"], shop.customer(customer)["city"]


def shown_fields(text: str) -> list[str]:
    """What the first form of the page says was seen of each field."""
    form = re.findall(r"id=\"decide\">(.*?)</form>", text, re.DOTALL)
    return [unescape(one) for one in re.findall(r'name="seen" value="([^"]+)"', "".join(form))]


def named(seen: str) -> str:
    bc_id, account, _, field = seen.split(" ", 3)
    return f"{bc_id} {account} {field}"


def previewed(visitor: Visitor, *fields: tuple[str, str], page: str = PAGE) -> tuple[str, list[tuple[str, str]]]:
    """Fill in the form; gives the preview, and what its form sends."""
    seen = [("seen", one) for one in shown_fields(visitor.get(page).text)]
    answer = visitor.post(f"{PAGE}/preview", [("token", visitor.token(page, f"{PAGE}/preview")), *seen, *fields])
    assert answer.status_code == 200, answer.text
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.text.partition("<main")[2])
    return answer.text, [(unescape(name), unescape(value)) for name, value in hidden]


def decide(visitor: Visitor, *fields: tuple[str, str], page: str = PAGE) -> str:
    return visitor.post(f"{PAGE}/decide", previewed(visitor, *fields, page=page)[1]).text


@pytest.mark.parametrize(("take", "city"), [("webstore", "Oslo"), ("business-central", "Fana"), ("value", "Askøy")])
def test_a_field_is_decided_after_a_preview_and_written_by_the_next_run(
    shop: Shop, served: Served, visitor: Visitor, take: str, city: str
) -> None:
    account, customer = conflict(shop)
    (seen,) = shown_fields(visitor.get(PAGE).text)
    chosen = [(f"take {named(seen)}", take), (f"value {named(seen)}", city)]
    preview, form = previewed(visitor, *chosen)
    assert "Business Central gets" in preview and shop.remembered().decided == {}
    assert preview.count("stays") == (0 if take == "value" else 1)
    said = visitor.post(f"{PAGE}/decide", form).text
    assert "1 field decided" in said and "Synchronize these customers" in said
    assert shop.remembered().decided == {"city": {city}} and cities(shop, account, customer) == ("Oslo", "Fana")
    visitor.send(PAGE, f"{PAGE}/synchronize")
    settled(served)
    assert cities(shop, account, customer) == (city, city)
    assert "No conflict waits" in visitor.get(PAGE).text


def test_one_side_is_taken_for_a_customer_and_for_all_that_are_shown(shop: Shop, visitor: Visitor) -> None:
    _, first = conflict(shop, 1, city=("Oslo", "Fana"), address_1=("Gate 1", "Vei 2"))
    _, second = conflict(shop, 2)
    assert "2 fields decided" in decide(visitor, ("customer", f"{first} webstore"))
    assert shop.remembered().decided == {"city": {"Oslo"}, "address_1": {"Gate 1"}}
    left = shown_fields(visitor.get(PAGE).text)
    assert [one.split()[0] for one in left] == [second]
    assert "1 field decided" in decide(visitor, ("all", "business-central"))
    assert shop.remembered().decided == {"city": {"Oslo", "Fana"}, "address_1": {"Gate 1"}}


def test_fields_are_found_by_field_customer_and_value(shop: Shop, visitor: Visitor) -> None:
    _, first = conflict(shop, 1, city=("Oslo", "Fana"), address_1=("Gate 1", "Vei 2"))
    conflict(shop, 2)
    assert len(shown_fields(visitor.get(PAGE).text)) == 3
    assert len(shown_fields(visitor.get(f"{PAGE}?field=city").text)) == 2
    for search, there in ((shop.number(first), 2), ("person1", 2), ("gate", 1), ("oslo person2", 1), ("nobody", 0)):
        found = visitor.send(PAGE, f"{PAGE}/search", ("search", search))
        assert len(shown_fields(found.text)) == there, search
        assert search not in found.url


def test_a_preview_says_what_a_flag_keeps_and_what_cannot_be_kept(shop: Shop, visitor: Visitor) -> None:
    conflict(shop)
    (seen,) = shown_fields(visitor.get(PAGE).text)
    shop.change(pull_webstore_customers="None")
    served = visitor.served.console.webstores["shop"]
    served._read = 0.0  # the setup is read again at once
    preview, _ = previewed(visitor, (f"take {named(seen)}", "webstore"))
    assert "not written yet: Pull Webstore Customers = None" in preview
    preview, _ = previewed(visitor, (f"take {named(seen)}", "value"), (f"value {named(seen)}", "x" * 300))
    assert "Business Central keeps 30" in preview


def test_a_conflict_that_changed_meanwhile_is_shown_again_and_not_decided(shop: Shop, visitor: Visitor) -> None:
    _, first = conflict(shop, 1)
    conflict(shop, 2)
    _, form = previewed(visitor, ("all", "webstore"))
    shop.type_in_company(first, city="Voss")
    shop.sync(first)
    again = visitor.post(f"{PAGE}/decide", form)
    assert again.status_code == 409
    assert (
        "1 field changed while you decided" in again.text and "1 other field was" in again.text and "Voss" in again.text
    )
    assert shown_fields(again.text)[0].startswith(first)
    assert shop.remembered().decided == {"city": {"Oslo"}}
    with at_desk(shop.setup, actor="ann") as desk, desk.view() as view:
        assert {row["bc_id"]: row["decided"] for row in inbox.list_conflicts(view)}[first] == ""


def test_a_preview_of_a_page_that_is_too_old_is_none(shop: Shop, visitor: Visitor) -> None:
    _, customer = conflict(shop)
    token = visitor.token(PAGE, f"{PAGE}/preview")
    (seen,) = shown_fields(visitor.get(PAGE).text)
    shop.type_in_company(customer, city="Voss")
    shop.sync()
    again = visitor.post(f"{PAGE}/preview", [("token", token), ("seen", seen), (f"take {named(seen)}", "webstore")])
    assert again.status_code == 409 and "Voss" in again.text
    assert re.search(r'value="webstore"[^>]*checked', again.text), "what was meant is chosen still"


def test_two_people_who_decide_the_same_field_do_not_overwrite_each_other(shop: Shop, served: Served) -> None:
    conflict(shop)
    ann, bob = Visitor(served), Visitor(served)
    _, of_ann = previewed(ann, ("all", "webstore"))
    _, of_bob = previewed(bob, ("all", "business-central"))
    assert "1 field decided" in ann.post(f"{PAGE}/decide", of_ann).text
    refused = bob.post(f"{PAGE}/decide", of_bob)
    assert refused.status_code == 409 and "Ann</bdi> took the webstore&#39;s" in refused.text
    assert shop.remembered().decided == {"city": {"Oslo"}}


def test_who_says_the_same_again_does_not_put_a_name_to_it(shop: Shop, served: Served) -> None:
    conflict(shop)
    decide(Visitor(served), ("all", "webstore"))
    visitor, page = Visitor(served), f"{PAGE}?show=all"
    seen = [("seen", one) for one in shown_fields(visitor.get(page).text)]
    refused = visitor.post(
        f"{PAGE}/preview", [("token", visitor.token(page, f"{PAGE}/preview")), *seen, ("all", "webstore")]
    )
    assert refused.status_code == 400 and "decided so already" in refused.text
    assert "1 field decided" in decide(visitor, ("all", "business-central"), page=page)
    assert shop.remembered().decided == {"city": {"Fana"}}


def test_a_decision_is_taken_back_unless_a_run_has_applied_it(shop: Shop, visitor: Visitor) -> None:
    conflict(shop)
    decide(visitor, ("all", "webstore"))
    page = f"{PAGE}?show=decided"
    (seen,) = shown_fields(visitor.get(page).text)
    token = visitor.token(page, f"{PAGE}/undecide")
    late = visitor.token(page, f"{PAGE}/undecide")
    said = visitor.post(f"{PAGE}/undecide", [("token", token), ("seen", seen), ("undo", named(seen))])
    assert "1 decision taken back" in said.text and shop.remembered().decided == {}
    decide(visitor, ("all", "webstore"))
    shop.sync()
    said = visitor.post(f"{PAGE}/undecide", [("token", late), ("seen", seen), ("undo", named(seen))])
    assert "0 decisions taken back. 1 was applied by a run" in said.text


def test_whoever_may_look_only_sees_the_values_and_decides_nothing(shop: Shop) -> None:
    conflict(shop)
    users = [{"name": "Lou", "right": "look"}]
    settings = ConsoleSettings.model_validate(
        {"users": users, "trusted_proxies": ["127.0.0.1"], "user_header": "X-User"}
    )
    shop.setup = shop.setup.model_copy(update={"console": settings})
    with console_of(shop) as served:
        lou = Visitor(served, enter=False)
        lou.http.headers["X-User"] = "Lou"
        page = lou.get(PAGE)
        assert "Oslo" in page.text and "Preview what is chosen" not in page.text
        seen = [("seen", one) for one in shown_fields(page.text)]
        session = served.console.sessions.find(next(iter(lou.http.cookies.values())))
        assert session is not None
        for target in ("preview", "decide", "undecide", "synchronize"):
            token = session.form_token(f"{PAGE}/{target}")
            refused = lou.post(f"{PAGE}/{target}", [("token", token), *seen, ("all", "webstore")])
            assert refused.status_code == 403 and "needs the right to" in refused.text
    assert shop.remembered().decided == {}


def test_hostile_values_are_shown_as_the_text_that_they_are(shop: Shop, visitor: Visitor) -> None:
    conflict(shop, 1, address_1=(HOSTILE, "x" * 90))
    text = visitor.get(PAGE).text
    assert "<script>alert" not in text and "\u202e" not in text
    preview, _ = previewed(visitor, ("all", "business-central"))
    assert "<script>alert" not in preview and "\u202e" not in preview


def test_a_form_that_was_tampered_with_decides_nothing(shop: Shop, visitor: Visitor) -> None:
    _, customer = conflict(shop)
    for seen in ("nonsense", f"{customer} 1 x city", f"{customer} -1 x city", "a b c d"):
        token = visitor.token(PAGE, f"{PAGE}/preview")
        refused = visitor.post(f"{PAGE}/preview", [("token", token), ("seen", seen), ("all", "webstore")])
        assert refused.status_code in {400, 409}
    assert shop.remembered().decided == {}


@pytest.mark.live
def test_a_conflict_is_decided_by_keyboard_alone(shop: Shop, served: Served, browser: Chrome) -> None:
    """In a browser with scripts: b, j, w, p, Enter, and the customers are synchronised."""
    first, second = conflict(shop, 1), conflict(shop, 2)
    browser.get(served.address + PAGE)
    body = browser.find_element(By.TAG_NAME, "body")
    for key in "bjwp":
        body.send_keys(key)
        body = browser.switch_to.active_element
    wait = WebDriverWait(browser, 20)
    wait.until(lambda one: "Decide 2 fields" in one.title)
    assert violations(browser) == []
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait.until(lambda one: "2 fields decided" in one.page_source)
    button = next(b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == "Synchronize these customers")
    button.send_keys(Keys.ENTER)
    wait.until(lambda _: served.console.webstores["shop"].runs.going is not None)
    settled(served)
    assert {cities(shop, *first), cities(shop, *second)} == {("Fana", "Fana"), ("Oslo", "Oslo")}
