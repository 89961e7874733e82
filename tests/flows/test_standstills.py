"""A run stands still at any moment, for seconds or for longer than its lease, and goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from connector.desk import editing
from connector.desk.activity import activity_log
from connector.desk.mapping_list import list_mapping
from connector.run.fence import Fence
from connector.store import LeaseLost
from tests.by_hand import by_hand, seen
from tests.flows.moments import REQUEST, Clock, Killed, bury, clock_of_the_machine, elsewhere, watched
from tests.flows.shop import Shop

LONGER_THAN_THE_LEASE, SHORTER = 60, 30
# arguments of a run over everybody, over one customer, and over partitions
HOW = pytest.mark.parametrize(
    ("kept", "how"),
    [("sqlite", "plain"), ("sqlite", "selected"), ("sqlite", "partitioned"), ("postgresql", "plain")],
    indirect=["kept"],
)


@pytest.fixture
def clock() -> Iterator[Clock]:
    with clock_of_the_machine() as moved:
        yield moved


@pytest.fixture
def shop(kept: Shop) -> Shop:
    """A webstore, a company, and a store of either kind."""
    return kept


def linked(shop: Shop) -> tuple[int, str]:
    account = shop.register("kari@nord.example", address_1="Storgata 1", phone="+47 40000001")
    shop.sync()
    return account, shop.customers()["kari@nord.example"]


def stopped(
    shop: Shop, clock: Clock, number: int, meanwhile: Callable[[], object], run: Callable[..., Any] | None = None,
    *, seconds: float = LONGER_THAN_THE_LEASE, how: str = "plain", select: str = "",
) -> Any:  # fmt: skip
    """A run that stands still right before its number-th writing request after it has planned.

    Look-ups in Business Central are requests of the same kind, so they are counted, too.
    """
    more: dict[str, Any] = {"partitions": 2} if how == "partitioned" else {}
    chosen = [select] if how == "selected" else []

    def stand_still() -> None:
        clock.forward(seconds)
        elsewhere(meanwhile)
        shop.forget_requests()

    with watched() as moments:
        plan = {"when_planned": lambda: moments.before(number, stand_still, REQUEST)}
        return run(**plan) if run is not None else shop.sync(*chosen, **more, **plan)


def takes_over(shop: Shop, then: Callable[[], object] = lambda: None) -> Callable[[], None]:
    """Another run takes the lease and does all there is to do; then somebody does something."""

    def meanwhile() -> None:
        shop.sync()
        then()

    return meanwhile


@HOW
def test_a_customer_that_another_run_has_created_meanwhile_is_not_created_again(
    shop: Shop, clock: Clock, how: str
) -> None:
    account = shop.register("kari@nord.example")
    with pytest.raises(LeaseLost):
        stopped(shop, clock, 2, takes_over(shop), how=how, select=f"woo:{account}")
    assert (len(shop.company.customer_ids()), shop.writes()) == (1, [])
    shop.settle(2)
    assert len(shop.company.customer_ids()) == 1


@HOW
def test_an_account_that_another_run_has_created_meanwhile_is_not_created_again(
    shop: Shop, clock: Clock, how: str
) -> None:
    """Its owner has given it another e-mail since, so that the shop itself would refuse nothing."""
    customer = shop.employ("kari@nord.example", ticked=True)

    def change_email() -> None:
        (account,) = shop.accounts().values()
        shop.running.webstore.people_update(account, {"email": "kari.ny@nord.example"})

    with pytest.raises(LeaseLost):
        stopped(shop, clock, 1, takes_over(shop, change_email), how=how, select=shop.number(customer))
    assert (list(shop.accounts()), shop.writes()) == (["kari.ny@nord.example"], [])
    shop.settle()
    assert len(shop.accounts()) == 1


@HOW
def test_what_a_visitor_types_after_another_run_took_over_is_not_overwritten(
    shop: Shop, clock: Clock, how: str
) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    typed = takes_over(shop, lambda: shop.type_in_webstore(account, address_1="Strandgaten 7"))
    with pytest.raises(LeaseLost):
        stopped(shop, clock, 1, typed, how=how, select=f"woo:{account}")
    assert shop.account(account)["billing"]["address_1"] == "Strandgaten 7"
    shop.settle()
    assert shop.customer(customer)["addressLine1"] == "Strandgaten 7"


@HOW
def test_a_pull_that_another_run_has_done_is_not_even_sent(shop: Shop, clock: Clock, how: str) -> None:
    account, customer = linked(shop)
    shop.type_in_webstore(account, address_1="Nygaten 2")
    typed = takes_over(shop, lambda: shop.type_in_company(customer, addressLine1="Strandgaten 7"))
    with pytest.raises(LeaseLost):
        stopped(shop, clock, 1, typed, how=how, select=f"woo:{account}")
    assert (shop.customer(customer)["addressLine1"], shop.writes()) == ("Strandgaten 7", [])
    shop.settle()
    assert shop.account(account)["billing"]["address_1"] == "Strandgaten 7"


def test_an_undo_that_stood_still_puts_nothing_back(shop: Shop, clock: Clock) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()

    def undo(**plan: Any) -> Any:
        return shop.undo(run.run_id, **plan)

    typed = takes_over(shop, lambda: shop.type_in_webstore(account, address_1="Strandgaten 7"))
    with pytest.raises(LeaseLost):
        stopped(shop, clock, 1, typed, undo)
    assert (shop.account(account)["billing"]["address_1"], shop.writes()) == ("Strandgaten 7", [])
    shop.settle()
    assert shop.customer(customer)["addressLine1"] == "Strandgaten 7"


@pytest.mark.parametrize("seconds", [LONGER_THAN_THE_LEASE, SHORTER])
def test_an_undo_that_stood_still_deletes_no_account(shop: Shop, clock: Clock, seconds: float) -> None:
    shop.employ("ola@nord.example", "Ola Nordmann", ticked=True)
    run = shop.sync()
    (account,) = shop.accounts().values()

    def undo(**plan: Any) -> Any:
        return shop.undo(run.run_id, delete_accounts=True, **plan)

    def typed() -> None:
        if seconds == LONGER_THAN_THE_LEASE:
            shop.sync()
        shop.type_in_webstore(account, phone="+47 40000009")

    if seconds == LONGER_THAN_THE_LEASE:
        with pytest.raises(LeaseLost):
            stopped(shop, clock, 1, typed, undo)
    else:
        stopped(shop, clock, 1, typed, undo, seconds=seconds)
    assert shop.account(account)["billing"]["phone"] == "+47 40000009"


@HOW
def test_after_a_shorter_standstill_the_account_is_looked_at_again(shop: Shop, clock: Clock, how: str) -> None:
    """Nobody took over; but a visitor has typed since the account was read."""
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    done = stopped(
        shop, clock, 1, lambda: shop.type_in_webstore(account, address_1="Strandgaten 7"),
        seconds=SHORTER, how=how, select=f"woo:{account}",
    )  # fmt: skip
    assert shop.account(account)["billing"]["address_1"] == "Strandgaten 7"
    assert (done.summary.push.updated, done.summary.push.dropped) == (0, 1)


def test_after_a_shorter_standstill_a_write_that_nobody_overtook_is_done_in_the_same_run(
    shop: Shop, clock: Clock
) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    done = stopped(shop, clock, 1, lambda: None, seconds=SHORTER)
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2"
    assert (done.summary.push.updated, done.summary.push.dropped) == (1, 0)


def test_after_a_shorter_standstill_a_customer_is_looked_up_again_before_it_is_created(
    shop: Shop, clock: Clock
) -> None:
    """The office has made the customer by hand meanwhile."""
    shop.register("kari@nord.example")
    done = stopped(shop, clock, 2, lambda: shop.employ("kari@nord.example"), seconds=SHORTER)
    assert (len(shop.company.customer_ids()), done.summary.pull.dropped) == (1, 1)
    shop.settle()
    assert len(shop.company.customer_ids()) == 1


def test_after_a_shorter_standstill_nobody_is_written_who_was_unlinked_meanwhile(shop: Shop, clock: Clock) -> None:
    account, customer = linked(shop)
    shop.type_in_webstore(account, address_1="Nygaten 2")
    number = shop.number(customer)
    stopped(shop, clock, 1, lambda: by_hand(editing.unlink, shop.setup, number), seconds=SHORTER)
    assert (shop.customer(customer)["addressLine1"], shop.writes()) == ("Storgata 1", [])


def test_a_shop_that_asks_to_be_waited_for_is_written_to_in_the_end(shop: Shop, clock: Clock) -> None:
    """Each of the first two attempts is refused for a while, for longer than its look is good for."""
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")

    def wait_again() -> None:
        clock.forward(50)

    with watched() as moments:

        def twice() -> None:
            moments.before(1, lambda: clock.forward(25), REQUEST)
            moments.before(2, wait_again, REQUEST)

        done = shop.sync(when_planned=twice)
    assert done.summary.push.updated == 1
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2"


def test_a_standstill_below_the_session_is_noticed_as_well(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is built, its connection chosen, and nothing of it has left."""
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    endheaders = HTTPConnection.endheaders
    stops = [takes_over(shop, lambda: shop.type_in_webstore(account, address_1="Strandgaten 7"))]

    def stand_still(self: HTTPConnection, *arguments: Any, **more: Any) -> None:
        if stops and self._method == "POST":  # type: ignore[attr-defined]
            meanwhile = stops.pop()
            clock.forward(LONGER_THAN_THE_LEASE)
            elsewhere(meanwhile)
        endheaders(self, *arguments, **more)

    with pytest.raises(LeaseLost):
        shop.sync(when_planned=lambda: monkeypatch.setattr(HTTPConnection, "endheaders", stand_still))
    assert shop.account(account)["billing"]["address_1"] == "Strandgaten 7"


# what happens between the last question and the network: a run is stopped there, goes on after others have done its work, and
# what it sends arrives


def stopped_on_the_wire(
    shop: Shop, clock: Clock, meanwhile: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that stands still after its last question for the lease, before the first byte of its n-th writing request."""
    check, stops = Fence.__call__, [meanwhile]

    def stand_still(self: Fence) -> None:
        # the first piece is a request's headers; what comes afterwards is asked no more
        if not stops:
            return
        check(self)
        act = stops.pop()
        clock.forward(LONGER_THAN_THE_LEASE)
        with monkeypatch.context() as usual:
            usual.setattr(Fence, "__call__", check)
            elsewhere(act)

    with monkeypatch.context() as patched, pytest.raises(LeaseLost):
        shop.sync(when_planned=lambda: patched.setattr(Fence, "__call__", stand_still))


def links(shop: Shop) -> dict[str, int]:
    return {row["bc_id"]: row["webstore_id"] for row in seen(list_mapping, shop.setup, shop.setup)}


def failed(shop: Shop) -> list[tuple[str, str]]:
    return [(row["outcome"], row["code"]) for row in seen(activity_log, shop.setup, limit=20, failed_only=True)]


def late_warnings(done: Any) -> list[str]:
    return [text for text in done.summary.warnings if "stood still" in text]


def test_a_customer_that_was_created_late_is_told_as_a_possible_duplicate(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = shop.register("kari@nord.example")
    stopped_on_the_wire(shop, clock, takes_over(shop), monkeypatch)
    twins = shop.company.customer_ids()
    assert len(twins) == 2, "nothing could keep it back"
    done = shop.sync()
    (twin,) = set(twins) - links(shop).keys()
    (warning,) = late_warnings(done)
    assert shop.number(twin) in warning
    assert ("held", "late-write") in failed(shop)
    assert links(shop) == {(set(twins) - {twin}).pop(): account}, "no link is changed by it"
    assert late_warnings(shop.sync()) == [], "told once; the log keeps it"


def test_a_customer_that_was_created_late_and_has_no_twin_is_linked(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that took over settled the write and wrote nothing itself."""
    account, other = shop.register("kari@nord.example"), shop.employ("ola@nord.example", "Ola Lie")
    number = shop.number(other)
    stopped_on_the_wire(shop, clock, lambda: shop.sync(number), monkeypatch)
    done = shop.sync()
    assert links(shop) == {shop.customers()["kari@nord.example"]: account}
    assert (len(late_warnings(done)), done.summary.pull.created) == (1, 0)


def test_an_account_that_was_created_late_is_told_as_a_possible_duplicate(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.employ("kari@nord.example", ticked=True)

    def change_email() -> None:
        (account,) = shop.accounts().values()
        shop.running.webstore.people_update(account, {"email": "kari.ny@nord.example"})

    stopped_on_the_wire(shop, clock, takes_over(shop, change_email), monkeypatch)
    assert len(shop.accounts()) == 2
    done = shop.sync()
    (warning,) = late_warnings(done)
    assert f"woo:{shop.accounts()['kari@nord.example']} may be a duplicate" in warning
    assert ("held", "late-write") in failed(shop)


def test_an_update_that_arrived_late_is_no_edit_and_overwrites_nothing_on_the_other_side(
    shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, customer = linked(shop)
    shop.type_in_company(customer, addressLine1="Nygaten 2")

    def meanwhile() -> None:
        shop.sync()
        shop.type_in_webstore(account, address_1="Strandgaten 7")
        shop.sync()

    stopped_on_the_wire(shop, clock, meanwhile, monkeypatch)
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2", "nothing could keep it back"
    done = shop.sync()
    assert shop.customer(customer)["addressLine1"] == "Strandgaten 7"
    assert (done.summary.conflicts, len(late_warnings(done))) == (1, 1)
    assert ("held", "late-write") in failed(shop)


def test_a_write_of_a_process_that_is_known_to_be_dead_is_not_waited_for(shop: Shop) -> None:
    """Each run would look it up again for a day."""
    if shop.setup.store.url.startswith("postgresql"):
        pytest.skip("the lease is buried in a file")
    shop.register("kari@nord.example")
    with watched() as moments, pytest.raises(Killed):
        shop.sync(when_planned=lambda: moments.kill_before(2, REQUEST))
    bury(shop.store_file)
    shop.sync()
    assert [(row["outcome"], row["code"]) for row in shop.journal()] == [("not-happened", ""), ("confirmed", "")]
