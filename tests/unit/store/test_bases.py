"""What both sides held when they last agreed."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from connector.core.base_comparison import SETTLED
from connector.store import Base, Store


def base(bc_id: str, webstore_id: int, city: str) -> Base:
    values = {"city": city, "name": 'Ünïcode "q" \\ \u0000'}
    return Base(bc_id, webstore_id, values, {"city": city.upper()}, f"w-{city}", f"c-{city}", "run-1")


def test_a_base_comes_back_as_it_went_in_and_is_replaced_whole(store: Store) -> None:
    with store.work("shop") as work:
        work.bases.put([base("A", 1, "Oslo"), base("b", 2, "Rome")])
        work.bases.put([base("a", 1, "Bergen")])
    with store.view("shop") as view:
        found = view.bases.find(["A", "B", "c"])
        frame = view.bases.read()
        some = view.bases.read(["B"])
    assert found == {("a", 1): base("a", 1, "Bergen"), ("b", 2): base("b", 2, "Rome")}
    assert frame["webstore_hash"].tolist() == ["w-Bergen", "w-Rome"]
    assert some["business_central"].tolist() == ['{"city":"ROME"}']
    assert str(frame["updated_at"].dtype) == "datetime64[us, UTC]"


def test_fingerprints_of_all_pairs_of_one_webstore_are_read_at_once(store: Store) -> None:
    with store.work("outlet") as work:
        work.bases.put([base("z", 9, "Paris")])
    with store.work("shop") as work:
        work.bases.put(base(f"id-{n}", n, f"city {n}") for n in range(1, 1203))
    with store.view("shop") as view:
        hashes = view.bases.hashes()
    assert len(hashes) == 1202
    assert hashes.iloc[1201].to_list()[:4] == ["id-1202", 1202, "w-city 1202", "c-city 1202"]
    assert hashes["webstore_seen"].isna().all()
    assert hashes["webstore_id"].dtype == "Int64"


def settled(*rows: tuple[str, int, int, int, str]) -> pa.Table:
    names = ["bc_id", "webstore_id", "webstore_seen", "business_central_seen", "webstore_hash", "business_central_hash"]
    known = dict(zip(names, zip(*((*row[:4], f"w-{row[4]}", f"c-{row[4]}") for row in rows), strict=True), strict=True))
    return pa.table(known | {name: pa.nulls(len(rows), SETTLED.field(name).type) for name in SETTLED.names[6:]})


def seen(store: Store) -> dict[str, int | None]:
    with store.view("shop") as view:
        hashes = view.bases.hashes()
    return {
        bc_id: None if pd.isna(w) else (int(w), int(c))
        for bc_id, w, c in zip(hashes["bc_id"], hashes["webstore_seen"], hashes["business_central_seen"], strict=True)
    }


def test_records_that_hold_their_base_are_remembered_until_the_base_moves(store: Store) -> None:
    with store.work("shop") as work:
        work.bases.put([base("a", 1, "Oslo"), base("b", 2, "Rome"), base("c", 3, "Bonn")])
    with store.work("outlet") as work:
        work.bases.put([base("a", 1, "Oslo")])
    with store.work("shop") as work:
        # of c another base was read, and of nobody is there any
        work.bases.saw(
            settled(("a", 1, 7, -(2**63), "Oslo"), ("b", 2, 5, 6, "Rome"), ("c", 3, 1, 1, "Bern"), ("d", 4, 1, 1, "X"))
        )
    assert seen(store) == {"a": (7, -(2**63)), "b": (5, 6), "c": None}
    with store.view("outlet") as view:
        assert view.bases.hashes()["webstore_seen"].isna().all()
    with store.work("shop") as work:
        work.bases.put([base("b", 2, "Roma")])
    assert seen(store)["b"] is None


def test_a_webstore_without_bases_has_empty_columns_of_the_same_types(store: Store) -> None:
    with store.work("shop") as work:
        work.bases.put([base("a", 1, "Oslo")])
    with store.view("shop") as full, store.view("new") as empty:
        assert empty.bases.hashes().dtypes.to_dict() == full.bases.hashes().dtypes.to_dict()
        assert empty.bases.read().dtypes.to_dict() == full.bases.read().dtypes.to_dict()
        assert empty.mapping.current().dtypes.to_dict() == full.mapping.current().dtypes.to_dict()


def test_the_bases_of_a_forgotten_customer_are_gone_with_their_values(store: Store) -> None:
    with store.work("shop") as work:
        work.bases.put([base("a", 1, "Oslo"), base("b", 2, "Rome")])
        work.bases.remove("A")
    with store.view("shop") as view:
        assert view.bases.read()["bc_id"].tolist() == ["b"]
