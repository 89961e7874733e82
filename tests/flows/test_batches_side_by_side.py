"""Several batches of new accounts under way together: as safe as one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from connector.desk.editing import tick
from connector.load import push, side_by_side
from connector.load.side_by_side import UnderWay, batches_of
from connector.load.together import Together
from tests.by_hand import by_hand
from tests.flows.moments import COMMIT, REQUEST, Killed, bury, watched
from tests.flows.shop import Shop

MANY = 130


@pytest.fixture
def waiting(shop: Shop) -> Shop:
    """A hundred and thirty customers who are to get an account: three batches."""
    keys = [shop.employ(f"p{n}@batch.example", f"Ann{n} Lee") for n in range(MANY)]
    by_hand(tick, shop.setup, [shop.number(key) for key in keys])
    shop.setup = shop.setup.model_copy(
        update={"breakers": shop.setup.breakers.model_copy(update={"creates_percent": None, "updates_percent": 100})}
    )
    return shop


def outcomes(shop: Shop) -> dict[str, int]:
    found = [row["outcome"] for row in shop.journal()]
    return {name: found.count(name) for name in set(found)}


def test_two_batches_are_under_way_together(waiting: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2, timeout=30)
    sent = iter(range(100))
    create = push._create

    def both_are_there(*given: Any) -> Any:
        if next(sent) < 2:
            together.wait()
        return create(*given)

    monkeypatch.setattr(push, "_create", both_are_there)
    assert waiting.sync().summary.push.created == MANY
    assert outcomes(waiting) == {"confirmed": MANY}
    assert sorted(waiting.links().values()) == sorted(waiting.accounts().values())
    assert len(waiting.accounts()) == MANY
    waiting.settle(1)


@pytest.mark.parametrize("fault", ["504-after-write", "drop-after-write", "torn-json"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lost_answer_is_looked_up_when_nothing_else_is_under_way(waiting: Shop, fault: str, number: int) -> None:
    waiting.running.webstore_faults.add(fault, path="customers/batch", method="POST", after=number)
    assert waiting.sync().summary.push.created == MANY
    assert len(waiting.accounts()) == MANY
    waiting.settle(1)


@pytest.mark.parametrize(("kind", "number"), [(REQUEST, 1), (REQUEST, 2), (COMMIT, 2), (COMMIT, 3), (COMMIT, 4)])
def test_a_run_that_dies_in_between_leaves_nobody_twice(waiting: Shop, kind: str, number: int) -> None:
    with watched() as moments, pytest.raises(Killed):
        waiting.sync(when_planned=lambda: moments.kill_before(number, kind))
    bury(waiting.store_file)
    waiting.settle(3)
    assert len(waiting.accounts()) == MANY
    assert sorted(waiting.links().values()) == sorted(waiting.accounts().values())


def test_updates_are_sent_side_by_side_but_for_those_that_hand_on_an_e_mail(waiting: Shop) -> None:
    waiting.settle(2)
    for number, key in enumerate(waiting.links()):
        waiting.type_in_company(key, city="Oslo" if number else "Moss")
    people = sorted(waiting.links(), key=waiting.number)
    first, last = waiting.customer(people[0])["email"], waiting.customer(people[-1])["email"]
    waiting.type_in_company(people[0], email="new@batch.example")
    waiting.type_in_company(people[-1], email=first)
    assert waiting.sync().summary.push.updated == MANY
    cities = {waiting.account(key)["billing"]["city"] for key in waiting.accounts().values()}
    assert cities == {"Oslo", "Moss"}
    assert last not in waiting.accounts()
    assert waiting.accounts()[first] == waiting.links()[people[-1]]
    waiting.settle(1)


def test_a_shop_that_refuses_one_batch_has_the_others_recorded(waiting: Shop) -> None:
    waiting.running.webstore_faults.add("429", path="customers/batch", method="POST", count=20, after=1)
    stopped = waiting.sync().summary
    made = len(waiting.accounts())
    assert stopped.stopped
    assert stopped.push.created == made == outcomes(waiting)["confirmed"]
    waiting.running.webstore_faults.clear()
    waiting.settle(3)
    assert len(waiting.accounts()) == MANY


def test_an_answer_that_was_lost_beside_a_refusal_is_told(waiting: Shop) -> None:
    waiting.running.webstore_faults.add("drop-after-write", path="customers/batch", method="POST")
    waiting.running.webstore_faults.add("429", path="customers/batch", method="POST", count=20, after=1)
    stopped = waiting.sync().summary
    assert stopped.stopped
    assert stopped.push.created + stopped.push.failed >= len(waiting.accounts()) > 0
    waiting.running.webstore_faults.clear()
    waiting.settle(3)
    assert len(waiting.accounts()) == MANY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ann@a.example", ""), ("ann@b.example", "")),
        (("Ann@a.example".lower(), ""), ("b@b.example", "ANN")),
        (("info@shop.example", ""), ("mail@shop.example", "")),
        (("a@a.example", "zoë"), ("b@b.example", "zoe")),
        (("an.n@a.example", ""), ("an-n@b.example", "")),
    ],
)
def test_who_may_get_the_same_user_name_is_never_sent_at_the_same_time(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    def write(email: str, username: str) -> Any:
        return SimpleNamespace(natural_key=email, payload={"username": username} if username else {})

    gate = threading.Event()

    def beside_the_first(*writes: Any) -> list[bool]:
        first, *others = batches_of(writes, 1, push._names)
        with UnderWay(lambda *_: gate.wait(30)) as under_way:
            under_way.begin(first)
            room = [under_way.has_room(other, 3) for other in others]
            gate.set()
        return room

    stranger = write("kai@c.example", "kai")
    assert beside_the_first(write(*one), stranger, write(*other), write("moe@d.example", "")) == [True, False, True]


def test_as_many_batches_as_the_shop_takes_look_ahead_unless_batches_are_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches = list(batches_of([SimpleNamespace(key=n) for n in range(10)], 1, lambda write: {str(write.key)}))

    def most(at_once: int, looks_ahead: bool = True) -> int:
        gate = threading.Event()
        with UnderWay(lambda writes, _: writes[0].key == 9 or gate.wait(30)) as under_way:
            under_way.begin(batches[9])
            under_way.ended()  # it is known by now how long a batch takes
            for number, batch in enumerate(batches[:9]):
                if not under_way.has_room(batch, at_once, looks_ahead=looks_ahead):
                    gate.set()
                    return number
                under_way.begin(batch)
            gate.set()
        return 9

    assert [most(1), most(2), most(2, looks_ahead=False)] == [1, 4, 2]
    monkeypatch.setattr(side_by_side, "_QUICK_SECONDS", 0.0)
    assert [most(1), most(2)] == [1, 2]


def test_what_is_being_settled_keeps_no_other_batch_from_being_sent_but_who_claims_the_same() -> None:
    first, same, other, third, fourth = batches_of(
        [SimpleNamespace(key=key) for key in "aabcd"], 1, lambda write: {write.key}
    )
    settled = threading.Event()

    def answered_at_once(_: Any, answered: Any) -> None:
        answered()
        settled.wait(30)

    with UnderWay(answered_at_once) as under_way:
        under_way.begin(first)
        assert under_way.ended() is None
        assert not under_way.has_room(same, 1)
        assert under_way.has_room(other, 1)
        under_way.begin(other)
        assert under_way.ended() is None
        # what waits for the store does not become more and more
        assert not under_way.has_room(third, 1)
        assert under_way.has_room(third, 2)
        under_way.begin(third)
        assert under_way.ended() is None
        assert not under_way.has_room(fourth, 2)
        settled.set()
        assert {under_way.ended()[0].writes[0].key for _ in range(3)} == {"a", "b", "c"}  # type: ignore[index]
        assert not under_way


def test_what_waits_for_the_store_is_committed_together_and_fails_together() -> None:
    turn, begun, go_on = threading.Lock(), threading.Event(), threading.Event()
    done: list[list[int]] = []

    def do(some: Any) -> None:
        done.append(sorted(some))
        begun.set()
        go_on.wait(30)
        if 3 in some:
            raise OSError("the disk is full")

    together: Together[int] = Together(turn, do)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(together, 1)
        assert begun.wait(30)
        others = [threads.submit(together, number) for number in (2, 3)]
        while len(together._waiting) < 2:
            threading.Event().wait(0.01)
        go_on.set()
        assert first.result(30) is None
        assert [type(other.exception(30)) for other in others] == [OSError, OSError]
        together(4)
    assert done == [[1], [2, 3], [4]]
