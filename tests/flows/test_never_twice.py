"""No customer is created twice and no write is forgotten: lost answers, interrupted runs, people who are faster."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from connector.clients import BusinessCentralClient
from connector.desk import editing
from connector.desk.suggesting import reject
from connector.run.setup_source import opened_store
from sandbox.server import Running
from tests.by_hand import by_hand
from tests.flows.moments import COMMIT, REQUEST, Killed, bury, watched
from tests.flows.shop import Shop

LOST = ("504-after-write", "drop-after-write", "torn-json")


def killed(shop: Shop, number: int, kind: str) -> None:
    """A run that ends right before the number-th moment of a kind after it has planned."""
    with watched() as moments, pytest.raises(Killed):
        shop.sync(when_planned=lambda: moments.kill_before(number, kind))
    bury(shop.store_file)


def outcomes(shop: Shop) -> list[str]:
    return [row["outcome"] for row in shop.journal()]


@pytest.mark.parametrize("fault", LOST)
def test_an_account_whose_answer_was_lost_is_found_again_at_once(shop: Shop, fault: str) -> None:
    shop.employ("kari@nord.example", ticked=True)
    shop.running.webstore_faults.add(fault, path="customers/batch", method="POST")
    done = shop.sync()
    assert (done.summary.push.created, outcomes(shop)) == (1, ["adopted"])
    assert list(shop.links().values()) == [shop.accounts()["kari@nord.example"]]
    shop.settle(2)


@pytest.mark.parametrize("fault", LOST)
def test_a_customer_whose_answer_was_lost_is_found_again_at_once(shop: Shop, fault: str) -> None:
    account = shop.register("kari@nord.example")
    # the first batch looks her up
    shop.running.business_central_faults.add(fault, path=r"\$batch", method="POST", after=1)
    done = shop.sync()
    assert (done.summary.pull.created, outcomes(shop)) == (1, ["adopted"])
    assert shop.links() == {shop.customers()["kari@nord.example"]: account}
    shop.settle(2)


def test_a_run_that_dies_before_it_hears_the_answer_leaves_no_second_customer(shop: Shop) -> None:
    account = shop.register("kari@nord.example")
    # intent, the right to create, outcome
    killed(shop, 3, COMMIT)
    assert len(shop.customers()) == 1
    assert shop.links() == {}
    shop.settle(2)
    assert shop.links() == {shop.customers()["kari@nord.example"]: account}


def test_a_create_that_never_left_is_planned_anew(shop: Shop) -> None:
    shop.register("kari@nord.example")
    killed(shop, 1, REQUEST)
    done = shop.sync()
    assert done.summary.pull.created == 1
    assert outcomes(shop) == ["not-happened", "confirmed"]


def test_somebody_who_registers_with_the_e_mail_of_an_interrupted_create_is_taken_for_no_edit(shop: Shop) -> None:
    """The account was never made; a visitor makes one with the same e-mail and types other things."""
    customer = shop.employ("kari@nord.example", "Kari Nordmann", ticked=True, phoneNumber="+47 11111111", city="Bergen")
    killed(shop, 1, REQUEST)
    shop.register("kari@nord.example", "Kari Nordmann", phone="+47 22222222", city="Oslo")
    done = shop.settle()
    assert shop.customer(customer)["phoneNumber"] == "+47 11111111"
    assert done.summary.conflicts == 2  # phone and city: first link, ask
    assert len(shop.accounts()) == 1


def test_a_customer_whose_e_mail_was_corrected_after_a_lost_create_is_found_by_name(shop: Shop) -> None:
    account = shop.register("kari@nord.example", "Kari Nordmann", phone="+47 22222222", city="Oslo")
    killed(shop, 4, COMMIT)
    (customer,) = shop.customers().values()
    shop.type_in_company(customer, email="kari.nordmann@nord.example")
    shop.settle()
    assert shop.links() == {customer: account}
    assert shop.account(account)["email"] == "kari.nordmann@nord.example"


def test_a_customer_without_an_e_mail_is_not_made_again_either(shop: Shop) -> None:
    account = shop.register("", "Kari Nordmann", postcode="5003")
    killed(shop, 4, COMMIT)
    shop.settle(2)
    assert shop.links() == {shop.customers()[""]: account}
    assert len(shop.running.business_central.customer_ids()) == 1


def test_an_asterisk_in_a_name_does_not_stand_for_any_other_name(shop: Shop) -> None:
    shop.employ("", "Kari Nordmann")
    account = shop.register("", "Kari *")
    done = shop.sync()
    assert done.summary.pull.created == 1
    (customer,) = [key for key, linked in shop.links().items() if linked == account]
    assert shop.customer(customer)["displayName"] == "Kari *"


def test_a_pair_that_was_rejected_is_not_adopted_after_an_interrupted_create(shop: Shop) -> None:
    """An older customer of the same name is somebody else, the office said; the interrupted create was never sent."""
    older = shop.employ("", "Kari Nordmann", postalCode="5003")
    account = shop.register("", "Kari Nordmann", postcode="5003")
    by_hand(editing.link, shop.setup, [(shop.number(older), account)])
    by_hand(editing.unlink, shop.setup, [shop.number(older)])
    killed(shop, 4, COMMIT)
    shop.sync()
    assert older not in shop.links()


def test_an_account_that_registers_while_the_run_is_at_work_is_linked_and_not_doubled(shop: Shop) -> None:
    customer = shop.employ("kari@nord.example", ticked=True)
    done = shop.sync(when_planned=lambda: shop.register("kari@nord.example"))
    assert (done.summary.push.dropped, len(shop.accounts())) == (1, 1)
    shop.settle()
    assert shop.links() == {customer: shop.accounts()["kari@nord.example"]}


@pytest.mark.parametrize("fault", ["drop-after-write", "504-after-write"])
def test_a_customer_unticked_meanwhile_stays_so_when_the_answer_for_the_others_is_lost(shop: Shop, fault: str) -> None:
    """Nothing was sent for them, so an account that somebody makes by hand is not taken for the lost one."""
    shop.change(pull_webstore_customers="None")
    kari, ola = shop.employ("kari@nord.example", ticked=True), shop.employ("ola@nord.example", "Ola Lie", ticked=True)

    def overtake() -> None:
        by_hand(editing.untick, shop.setup, [shop.number(kari)])
        shop.register("kari@nord.example")

    shop.running.webstore_faults.add(fault, path="customers/batch")
    done = shop.sync(when_planned=overtake)
    assert (done.summary.push.created, done.summary.push.dropped, done.summary.push.failed) == (
        1,
        1,
        0,
    )
    assert [row["outcome"] for row in shop.journal() if row["bc_id"] == kari] == ["dropped"]
    shop.settle()
    remembered = shop.remembered()
    assert (kari in remembered.links, kari in remembered.ticked) == (False, False)
    assert remembered.links == {ola: shop.accounts()["ola@nord.example"]}


def alter_emails(shop: Shop, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """A plugin writes addresses in another way when an account is added or saved."""
    write = getattr(shop.running.webstore, when)

    def altered(account: Any) -> None:
        account.email = account.email.replace("nord", "sor")
        account.show_email()
        write(account)

    monkeypatch.setattr(shop.running.webstore, when, altered)


def test_an_account_whose_e_mail_the_shop_alters_is_linked_and_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that writes addresses in another way: the account is there, so it must never be made again."""
    customer = shop.employ("kari@nord.example", ticked=True)
    alter_emails(shop, monkeypatch, "add")
    done = shop.sync()
    (account,) = shop.accounts().values()
    assert shop.links() == {customer: account}
    assert (done.summary.push.created, done.summary.push.failed) == (1, 1)
    assert [error.code for error in done.summary.errors] == ["email-mangled"]
    done = shop.settle(2)
    assert (len(shop.accounts()), done.summary.conflicts) == (1, 1), "which e-mail is right must be asked"
    assert shop.customer(customer)["email"] == "kari@nord.example"


def test_an_e_mail_that_the_shop_alters_in_an_update_is_told_and_the_rest_is_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = shop.register("kari@nord.example")
    shop.sync()
    (customer,) = shop.customers().values()
    shop.type_in_company(customer, email="kari.ny@nord.example", phoneNumber="+47 40000001")
    alter_emails(shop, monkeypatch, "save")
    done = shop.sync()
    assert (done.summary.push.updated, done.summary.push.failed) == (1, 1)
    assert shop.account(account)["billing"]["phone"] == "+47 40000001"
    done = shop.settle(2)
    assert done.summary.conflicts == 1
    assert shop.customer(customer)["email"] == "kari.ny@nord.example"


def test_the_bookkeeper_of_a_company_becomes_no_second_customer(shop: Shop) -> None:
    """Her address is one of several in the company's e-mail field: a person must say whether it is the same customer."""
    company = shop.employ("post@nord.example;kari@nord.example", "Nord AS")
    account = shop.register("kari@nord.example", "Kari Nordmann")
    done = shop.sync()
    assert (done.summary.ambiguous, done.summary.pull.created) == (2, 0)
    by_hand(editing.link, shop.setup, [(shop.number(company), account)])
    by_hand(editing.unlink, shop.setup, [shop.number(company)])
    done = shop.sync()
    assert done.summary.pull.created == 1, "the office has said that she is somebody else"
    shop.settle(2)


def test_two_webstores_that_share_a_company_do_not_both_create_the_same_person(
    running: Running, tmp_path: Path, empty_store: Path
) -> None:
    """Somebody registers in both; both runs look her up before either has created her."""
    shops = [Shop(running, tmp_path / code, code=code, store=empty_store) for code in ("oslo", "bergen")]
    shops[1].setup = shops[1].setup.model_copy(update={"store": shops[0].setup.store})
    shops[1].store_file = shops[0].store_file
    shops[0].register("kari@nord.example")
    running.business_central_faults.add("slow", path=r"\$batch", method="POST", after=1, seconds=1)
    threads = [threading.Thread(target=shop.sync) for shop in shops]
    threads[0].start()
    time.sleep(0.05)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert len(running.business_central.customer_ids()) == 1
    shops[0].settle()
    shops[1].settle()
    assert [list(shop.links()) for shop in shops] == [running.business_central.customer_ids()] * 2


@pytest.mark.parametrize("other", ["the id", "another spelling of the address"])
def test_webstores_that_name_their_common_company_differently_do_not_both_create_the_same_person(
    running: Running, tmp_path: Path, empty_store: Path, other: str
) -> None:
    shops = [Shop(running, tmp_path / code, code=code, store=empty_store) for code in ("oslo", "bergen")]
    shops[1].setup = shops[1].setup.model_copy(update={"store": shops[0].setup.store})
    shops[1].store_file = shops[0].store_file
    connection = shops[1].setup.business_central
    if other == "the id":
        with BusinessCentralClient(connection) as client:
            (company,) = client.companies()
        named = {"company": str(company["id"]).upper()}
    else:
        named = {"base_url": connection.base_url.replace("http://", "HTTP://") + "/", "company": connection.company}
    other_words = connection.model_copy(update=named)
    shops[1].setup = shops[1].setup.model_copy(update={"business_central": other_words})
    shops[0].register("kari@nord.example")
    running.business_central_faults.add("slow", path=r"\$batch", method="POST", after=1, seconds=1)
    threads = [threading.Thread(target=shop.sync) for shop in shops]
    threads[0].start()
    time.sleep(0.05)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert len(running.business_central.customer_ids()) == 1


def test_trouble_of_the_server_is_not_counted_against_a_customer(shop: Shop) -> None:
    """Business Central refuses single items of a batch while it is busy."""
    shop.change(max_attempts=1)
    shop.register("kari@nord.example")
    shop.running.business_central_faults.add("503", path=r"\$batch", method="POST", count=50, retry_after=0)
    done = shop.sync(scheduled=True)
    assert done.summary.stopped or done.summary.pull.failed
    shop.running.business_central_faults.clear()
    assert shop.sync(scheduled=True).summary.pull.created == 1


def test_namesakes_without_an_email_wait_for_a_person_and_a_no_lets_the_account_in(shop: Shop) -> None:
    """The look-up before the create finds the namesake every time, so that dropping the account would be for good."""
    account, namesake = shop.register("", "Kari Nordmann"), shop.employ("", "Kari Nordmann")
    for _ in range(2):
        summary = shop.sync(scheduled=True).summary
        assert (summary.pull.dropped, summary.ambiguous) == (0, 2)
    with opened_store(shop.setup) as (setup, store), store.view(setup.webstore_code) as view:
        assert view.suggestions.all()[["bc_id", "webstore_id"]].to_numpy().tolist() == [[namesake, account]]
    by_hand(reject, shop.setup, [f"{shop.number(namesake)}={account}"])
    assert shop.sync().summary.pull.created == 1
    assert shop.settle().summary.ambiguous == 0
