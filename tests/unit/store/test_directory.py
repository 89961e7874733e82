"""The directory: only what changed is written, erased customers stay away, and it ends with its retention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connector.store import DirectoryRow, Store, Work
from connector.store.columns import now
from connector.store.directory import account_number
from connector.store.schema import DIRECTORY

CARD, ACCOUNT = "business_central", "webstore"


def card(key: str, name: str = "Kari", version: int = 1) -> DirectoryRow:
    return DirectoryRow(CARD, key, f"C{key}", name, "0150 Oslo, NO", f"{key}@shop.example", "", version)


def account(key: int, name: str = "Kari", version: int = 1) -> DirectoryRow:
    return DirectoryRow(
        ACCOUNT, str(key), account_number(key), name, "0150 Oslo, NO", f"{key}@shop.example", "kari", version
    )


def replace(work: Work, *rows: DirectoryRow, digest: str = "") -> dict[str, int]:
    by_system = {system: [row for row in rows if row.system == system] for system in (CARD, ACCOUNT)}
    listed = {
        system: pa.table(
            {
                "key": pa.array([row.key for row in found], pa.large_string()),
                "fingerprint": pa.array([row.fingerprint for row in found], pa.int64()),
            }
        )
        for system, found in by_system.items()
    }

    def rows_at(system: str, positions: Sequence[int]) -> Iterator[list[DirectoryRow]]:
        yield [by_system[system][position] for position in positions]

    return work.directory.replace(listed, rows_at, digest)


def held(store: Store, code: str = "shop") -> dict[tuple[str, str], str]:
    with store.view(code) as view:
        c = DIRECTORY.c
        rows = view._connection.execute(sa.select(c.system, c.key, c.name).where(c.webstore_code == code))
        return {(system, key): name for system, key, name in rows}


def test_only_what_changed_came_or_went_is_written(store: Store) -> None:
    with store.work("shop") as work:
        assert work.directory.read_at is None
        assert replace(work, card("a"), card("b"), account(1)) == {"written": 3, "removed": 0}
    with store.work("shop") as work:
        assert replace(work, card("a"), card("b"), account(1)) == {"written": 0, "removed": 0}
        assert replace(work, card("a", "Ola", 2), account(1), account(2)) == {"written": 2, "removed": 1}
        assert work.directory.counts() == {CARD: 1, ACCOUNT: 2}
        assert work.directory.read_at is not None
    assert held(store) == {(CARD, "a"): "Ola", (ACCOUNT, "1"): "Kari", (ACCOUNT, "2"): "Kari"}
    assert held(store, "outlet") == {}


def test_the_same_digest_compares_nothing_until_something_else_is_written(store: Store) -> None:
    with store.work("shop") as work:
        replace(work, card("a"), digest="x")
        # a digest that lies shows whether rows were looked at
        assert replace(work, card("b"), digest="x")["written"] == 0
        work.directory.update([card("a", "Ola", 7)])
        assert replace(work, card("b"), digest="x") == {"written": 1, "removed": 1}
    assert held(store) == {(CARD, "b"): "Kari"}


def test_erased_customers_never_come_back_until_that_is_taken_back(store: Store) -> None:
    everybody = (card("a"), account(1), card("b"))
    with store.work("shop") as work:
        replace(work, *everybody, digest="x")
        work.tombstones.add("a", 1, "asked")
    assert store.forget_customer("shop", bc_id="A", webstore_id=1)["directory"] == 2
    with store.work("shop") as work:
        work.directory.update([card("a"), account(1)])
        replace(work, *everybody, digest="x")
    assert held(store) == {(CARD, "b"): "Kari"}
    with store.work("shop") as work:
        work.tombstones.remove("a", 1)
        replace(work, *everybody, digest="x")
    assert set(held(store)) == {(CARD, "a"), (CARD, "b"), (ACCOUNT, "1")}


def test_nothing_is_updated_where_there_is_no_directory(store: Store) -> None:
    with store.work("shop") as work:
        work.directory.update([card("a")])
        assert work.directory.state == ""
    assert held(store) == {}


def test_every_edit_is_another_state(store: Store) -> None:
    states = set()
    with store.work("shop") as work:
        replace(work, card("a"), card("b"))
        for edit in (
            lambda: work.directory.update([card("a", "Ola", 2)]),
            lambda: work.directory.update([card("a", "Per", 3)]),
            lambda: work.directory.remove(["B"]),
            work.directory.clear,
        ):
            states.add(work.directory.state)
            edit()
        states.add(work.directory.state)
    assert len(states) == 5


@pytest.mark.parametrize(("days", "kept"), [(1, True), (0, False)])
def test_it_goes_when_it_is_older_than_the_retention(store: Store, days: float, kept: bool) -> None:
    with store.work("shop") as work:
        replace(work, card("a"), account(1))
    with store.work("shop") as work:
        assert work.directory.read_at is not None and now() - work.directory.read_at < timedelta(hours=1)
        assert work.activity.purge(days)["directory"] == (0 if kept else 2)
        assert (work.directory.read_at is not None) == kept
    assert bool(held(store)) == kept


def test_accounts_sort_by_number() -> None:
    numbers = [2, 10, 1, 9_007_199_254_740_993]
    assert sorted(numbers) == sorted(numbers, key=account_number)
