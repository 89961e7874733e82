"""What both sides held when they last agreed."""

from __future__ import annotations

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
    assert hashes.iloc[1201].to_list() == ["id-1202", 1202, "w-city 1202", "c-city 1202"]
    assert hashes["webstore_id"].dtype == "Int64"


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
