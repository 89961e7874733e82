"""Suggestions in the browser: pairs side by side, accepted or rejected, one by one or many at once."""

from __future__ import annotations

import re
from html import unescape

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from connector.desk.desk import at_desk
from connector.desk.editing import tick
from connector.desk.versions import restore_version
from connector.setup import ConsoleSettings
from console.serving import Served
from tests.console.axe import violations
from tests.console.served import Visitor, console_of, settled, wait_until
from tests.flows.shop import Shop

PAGE = "/shop/suggestions"
HOSTILE = "<script>alert(1)</script> \u202egnirts"


def namesakes(shop: Shop, number: int = 1, email: str = "kari{}@old.example") -> tuple[str, int]:
    """Two customers of one name in one place, whose e-mails differ: runs may not link them by themselves."""
    name = f"Kari Nordmann{number}"
    customer = shop.employ(email.format(number), name, city="Bergen")
    account = shop.register(f"kari{number}@new.example", name, city="Bergen")
    return customer, account


def search(visitor: Visitor) -> str:
    """Search for pairs, and wait for its end; gives the page."""
    visitor.send(PAGE, f"{PAGE}/search")
    pairs = visitor.served.console.webstores["shop"].search
    wait_until(lambda: not pairs.busy)
    assert pairs.state == "done", pairs.error
    return visitor.get(PAGE).text


def shown_pairs(text: str) -> list[tuple[str, int]]:
    return [(bc_id, int(account)) for bc_id, account in re.findall(r'id="pair-([0-9a-f-]{36})-(\d+)"', text)]


def named(pair: tuple[str, int]) -> str:
    return f"{pair[0]}={pair[1]}"


def hidden(text: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text.partition("<main")[2])
    return [(unescape(name), unescape(value)) for name, value in found]


def test_pairs_are_found_now_and_one_is_accepted(shop: Shop, served: Served, visitor: Visitor) -> None:
    first, second = namesakes(shop, 1), namesakes(shop, 2)
    assert "No pair waits" in visitor.get(PAGE).text
    text = search(visitor)
    assert set(shown_pairs(text)) == {first, second}
    assert "kari1@<mark>old</mark>.example" in text and "2 pairs found just now" in text
    said = visitor.send(PAGE, f"{PAGE}/answer", ("accept", named(first)))
    assert "1 pair linked: version 1" in said.text and "Take back" in said.text
    assert said.history[0].headers["Location"].endswith(f"#pair-{second[0]}-{second[1]}")
    assert shop.links() == {first[0]: first[1]}
    assert shown_pairs(said.text) == [second]


def test_a_pair_is_rejected_with_the_reason_and_never_suggested_again(shop: Shop, visitor: Visitor) -> None:
    pair = namesakes(shop)
    search(visitor)
    said = visitor.send(PAGE, f"{PAGE}/answer", ("reject", named(pair)), ("reason", "mother and daughter"))
    assert "1 pair remembered as not the same" in said.text
    assert shown_pairs(search(visitor)) == []
    with at_desk(shop.setup, actor="ann") as desk, desk.view() as view:
        (row,) = view.mapping.rejected().to_dict("records")
        assert (row["bc_id"], row["webstore_id"], row["reason"]) == (*pair, "mother and daughter")
    assert shop.links() == {}


def test_what_a_run_has_left_waits_here_and_again_when_the_answer_was_taken_back(shop: Shop, visitor: Visitor) -> None:
    account = shop.register("kari@nord.example", "Kari Nordmann")
    shop.employ("kari@nord.example;office@nord.example", "Office Nordmann")
    shop.change(pull_webstore_customers="All")
    shop.sync()
    (pair,) = shown_pairs(visitor.get(PAGE).text)
    assert pair[1] == account
    assert "the names differ" in visitor.get(PAGE).text
    visitor.send(PAGE, f"{PAGE}/answer", ("accept", named(pair)))
    assert shop.links() == {pair[0]: account} and shown_pairs(visitor.get(PAGE).text) == []
    with at_desk(shop.setup, actor="ann") as desk:
        restore_version(desk, 0)
    assert shown_pairs(visitor.get(PAGE).text) == [pair]


def test_all_plain_pairs_are_accepted_after_a_preview_as_one_version(shop: Shop, visitor: Visitor) -> None:
    pairs = dict(namesakes(shop, number, email="") for number in range(1, 4))
    # two of one name on one side: not plain
    shop.employ("", "Ola Nordmann", city="Bergen")
    shop.employ("", "Ola Nordmann", city="Bergen")
    shop.register("ola@new.example", "Ola Nordmann", city="Bergen")
    search(visitor)
    preview = visitor.send(PAGE, f"{PAGE}/plain")
    assert "Accept 3 pairs" in preview.text and shop.links() == {}
    said = visitor.post(f"{PAGE}/accept", hidden(preview.text))
    assert "3 pairs linked: version 1" in said.text
    assert shop.links() == pairs and shop.remembered().version == 1


def test_selected_pairs_with_a_customer_in_common_are_left_out(shop: Shop, visitor: Visitor) -> None:
    first, second = namesakes(shop, 1), namesakes(shop, 2)
    search(visitor)
    crossed = f"{first[0]}={second[1]}"
    preview = visitor.send(PAGE, f"{PAGE}/answer", ("pair", named(first)), ("pair", crossed), ("do", "accept"))
    assert [value for name, value in hidden(preview.text) if name == "pair"] == [named(first)]
    assert "1 selected pair is answered or taken by now" in preview.text


def test_pairs_of_one_customer_are_never_accepted_together(shop: Shop, visitor: Visitor) -> None:
    shop.register("kari@nord.example", "Kari Nordmann")
    for name in ("Kari Nordmann", "Kari Norman"):
        shop.employ("kari@nord.example", name)
    shop.sync(dry_run=True)
    rivals = [("pair", named(pair)) for pair in shown_pairs(visitor.get(PAGE).text)]
    assert len(rivals) == 2
    preview = visitor.send(PAGE, f"{PAGE}/answer", *rivals, ("do", "accept"))
    assert "None of these can be accepted together" in preview.text
    assert "2 selected pairs share a customer" in preview.text and f'action="{PAGE}/accept"' not in preview.text
    assert shop.links() == {}


def test_an_overtaken_answer_is_not_applied_and_shown_again_with_what_changed(shop: Shop, served: Served) -> None:
    first, second = namesakes(shop, 1), namesakes(shop, 2)
    ann, bob = Visitor(served), Visitor(served)
    search(ann)
    of_bob = bob.fields(PAGE, f"{PAGE}/answer")
    ann.send(PAGE, f"{PAGE}/answer", ("accept", named(first)))
    refused = bob.post(f"{PAGE}/answer", [*of_bob, ("reject", named(second)), ("reason", "no")])
    assert refused.status_code == 409
    assert "Nothing was changed" in refused.text and "Ann" in refused.text and 'value="no"' in refused.text
    assert shown_pairs(refused.text) == [second]
    assert shop.links() == {first[0]: first[1]} and "[]" in shop.remembered().table
    again = hidden(refused.text)
    token = [value for name, value in again if name == "token"]
    said = bob.post(f"{PAGE}/answer", [("token", token[-1]), ("version", "1"), ("reject", named(second))])
    assert "1 pair remembered as not the same" in said.text


def test_a_pair_of_whom_one_was_linked_elsewhere_says_so(shop: Shop, visitor: Visitor) -> None:
    shop.register("kari@nord.example", "Kari Nordmann")
    customer = shop.employ("kari@nord.example;office@nord.example", "Office Nordmann")
    shop.change(pull_webstore_customers="All")
    shop.sync()
    other = shop.register("office2@nord.example", "Office Nordmann")
    visitor.send(PAGE, f"{PAGE}/search")
    wait_until(lambda: not visitor.served.console.webstores["shop"].search.busy)
    visitor.send(PAGE, f"{PAGE}/answer", ("accept", f"{customer}={other}"))
    text = visitor.get(PAGE).text
    assert f"{shop.number(customer)} is linked to woo:{other} already" in text and 'data-key="a"' not in text


def test_one_pair_is_compared_in_all_fields_as_they_are_now(shop: Shop, visitor: Visitor) -> None:
    customer, account = namesakes(shop)
    search(visitor)
    shop.type_in_webstore(account, phone="+47 22 22 22 22")
    text = visitor.get(f"{PAGE}/{customer}/woo-{account}").text
    assert "+47 22 22 22 22" in text and "As both systems have them now" in text
    assert visitor.get(f"{PAGE}/{customer}/woo-{account + 1}").status_code == 404
    said = visitor.send(f"{PAGE}/{customer}/woo-{account}", f"{PAGE}/answer", ("accept", f"{customer}={account}"))
    assert "1 pair linked" in said.text and shop.links() == {customer: account}


def test_answers_given_while_a_run_is_at_work_count(shop: Shop, served: Served, visitor: Visitor) -> None:
    pair = namesakes(shop)
    search(visitor)
    ticked = shop.employ("new@nord.example", "New Person")
    with at_desk(shop.setup, actor="ann", with_secrets=True) as desk:
        tick(desk, [shop.number(ticked)])
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    said = visitor.send(PAGE, f"{PAGE}/answer", ("accept", named(pair)))
    while said.status_code == 409:  # the run has made a version in between
        said = visitor.send(PAGE, f"{PAGE}/answer", ("accept", named(pair)))
    settled(served)
    assert shop.links()[pair[0]] == pair[1] and shop.links()[ticked] is not None


def test_whoever_may_look_only_sees_pairs_and_answers_none(shop: Shop) -> None:
    pair = namesakes(shop)
    users = [{"name": "Lou", "right": "look"}, {"name": "Eve", "right": "edit"}]
    settings = ConsoleSettings.model_validate(
        {"users": users, "trusted_proxies": ["127.0.0.1"], "user_header": "X-User"}
    )
    shop.setup = shop.setup.model_copy(update={"console": settings})
    with console_of(shop) as served:
        lou, eve = Visitor(served, enter=False), Visitor(served, enter=False)
        lou.http.headers["X-User"], eve.http.headers["X-User"] = "Lou", "Eve"
        search(eve)
        page = lou.get(PAGE)
        assert (
            shown_pairs(page.text) == [pair]
            and "Search for pairs now" not in page.text
            and 'name="accept"' not in page.text
        )
        session = served.console.sessions.find(next(iter(lou.http.cookies.values())))
        assert session is not None
        for target in ("answer", "accept", "plain", "search", "cancel"):
            token = session.form_token(f"{PAGE}/{target}")
            refused = lou.post(f"{PAGE}/{target}", [("token", token), ("accept", named(pair)), ("pair", named(pair))])
            assert refused.status_code == 403 and "needs the right to" in refused.text
    assert shop.links() == {}


def test_hostile_names_are_shown_as_the_text_that_they_are(shop: Shop, visitor: Visitor) -> None:
    account = shop.register("kari@nord.example", "Kari Nordmann")
    pair = shop.employ("kari@nord.example", HOSTILE), account
    text = search(visitor)
    assert shown_pairs(text) == [pair] and "<script>alert" not in text and "\u202e" not in text
    compared = visitor.get(f"{PAGE}/{pair[0]}/woo-{pair[1]}")
    preview = visitor.send(PAGE, f"{PAGE}/answer", ("pair", named(pair)))
    for page in (compared.text, preview.text):
        assert "&lt;script&gt;" in page and "<script>alert" not in page and "\u202e" not in page


def test_one_search_at_a_time_and_it_can_be_cancelled(shop: Shop, served: Served, visitor: Visitor) -> None:
    namesakes(shop)
    token, other = visitor.token(PAGE, f"{PAGE}/search"), visitor.token(PAGE, f"{PAGE}/search")
    pairs = served.console.webstores["shop"].search
    visitor.post(f"{PAGE}/search", [("token", token)], allow_redirects=False)
    if pairs.busy:
        refused = visitor.post(f"{PAGE}/search", [("token", other)])
        assert refused.status_code == 400 and "A search is at work, started by Ann" in refused.text
        pairs.cancel()
    wait_until(lambda: not pairs.busy)
    assert pairs.state in {"done", "cancelled"} and shop.writes() == []


@pytest.mark.live
def test_pairs_are_answered_by_keyboard_alone(shop: Shop, served: Served, browser: Chrome) -> None:
    """In a browser with scripts: / searches, j goes on, r rejects, a accepts."""
    namesakes(shop, 1), namesakes(shop, 2)
    browser.get(served.address + PAGE)
    wait = WebDriverWait(browser, 30)
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    wait.until(lambda one: "2 pairs found" in one.page_source)
    first, second = shown_pairs(browser.page_source)
    for path in (PAGE, f"{PAGE}/{first[0]}/woo-{first[1]}", PAGE):
        browser.get(served.address + path)
        assert violations(browser) == []
    browser.find_element(By.TAG_NAME, "body").send_keys("j")
    browser.switch_to.active_element.send_keys("r")
    wait.until(lambda one: "1 pair remembered as not the same" in one.page_source)
    browser.find_element(By.TAG_NAME, "body").send_keys("a")
    wait.until(lambda one: "1 pair linked" in one.page_source)
    assert shop.links() == {first[0]: first[1]}
    assert f"('{second[0]}', {second[1]})" in shop.remembered().table
