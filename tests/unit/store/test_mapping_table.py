"""The versioned mapping table: edits, versions, comparisons, restoring."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
import sqlalchemy as sa

from connector.errors import InputError, InternalError, StoreError
from connector.store import MappingRow, Store, Work
from connector.store.schema import MAPPING_ROW

ALICE, BOB, CAROL = "a0000000-0000-0000-0000-000000000001", "b0000000-0000-0000-0000-000000000002", "c-3"


def edit(store: Store, change: Callable[[Work], object], *, reason: str = "test", code: str = "shop") -> None:
    with store.work(code) as work:
        work.describe(actor="ann", reason=reason)
        change(work)


def current(store: Store, code: str = "shop") -> dict[str, tuple[str, int | None, bool]]:
    with store.view(code) as view:
        return shown(view.mapping.current())


def shown(frame: pd.DataFrame) -> dict[str, tuple[str, int | None, bool]]:
    return {
        row.bc_id: (
            row.bc_number,
            None if pd.isna(row.webstore_id) else int(row.webstore_id),
            bool(row.webstore_customer),
        )
        for row in frame.itertuples()
    }


def versions(store: Store) -> list[tuple[int, str, str, str | None, int, int, int]]:
    with store.view("shop") as view:
        found = view.mapping.versions()
    return [(v.number, v.actor, v.reason, v.run_id, v.added, v.removed, v.changed) for v in found]


def test_all_edits_of_one_transaction_are_one_version_with_author_reason_and_counts(store: Store) -> None:
    def change(work: Work) -> None:
        work.mapping.link(ALICE, "C100", 5, name="Alice")
        work.mapping.tick(BOB, "C200")
        work.mapping.renumber(ALICE, "C101")

    edit(store, change, reason="first customers")
    assert versions(store) == [(1, "ann", "first customers", None, 2, 0, 0)]
    assert current(store) == {ALICE: ("C101", 5, True), BOB: ("C200", None, True)}


def test_an_edit_that_changes_nothing_makes_no_version(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    edit(store, lambda work: work.mapping.tick(ALICE, "C100"))
    assert [number for number, *_ in versions(store)] == [1]


def test_edits_that_take_each_other_back_make_no_version(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))

    def there_and_back(work: Work) -> None:
        work.mapping.unlink(ALICE)
        work.mapping.link(ALICE, "C100", 5)
        work.mapping.tick(BOB, "C200")
        work.mapping.untick(BOB)

    edit(store, there_and_back)
    assert [number for number, *_ in versions(store)] == [1]
    with store.view("shop") as view:
        assert view.mapping.rejections() == set()


def test_all_batches_of_a_run_are_one_version_until_a_person_edits_in_between(store: Store) -> None:
    def batch(bc_id: str, number: str, webstore_id: int, reason: str) -> None:
        with store.work("shop") as work:
            work.describe(actor="customer-sync", reason=reason, run_id="run-1")
            work.mapping.link(bc_id, number, webstore_id)

    batch(ALICE, "C100", 5, "matched")
    batch(BOB, "C200", 6, "created")
    assert versions(store) == [(1, "customer-sync", "matched; created", "run-1", 2, 0, 0)]
    edit(store, lambda work: work.mapping.untick(ALICE))
    batch(CAROL, "C300", 7, "created")
    assert [(v[0], v[3]) for v in versions(store)] == [(1, "run-1"), (2, None), (3, "run-1")]


def test_an_edit_without_author_is_a_bug_and_changes_nothing(store: Store) -> None:
    with pytest.raises(InternalError), store.work("shop") as work:
        work.mapping.link(ALICE, "C100", 5)
    assert current(store) == {}


def test_an_edit_that_fails_half_way_leaves_nothing(store: Store) -> None:
    def change(work: Work) -> None:
        work.mapping.link(ALICE, "C100", 5)
        work.mapping.unlink(BOB)

    with pytest.raises(InputError, match="not in the mapping table"):
        edit(store, change)
    assert (current(store), versions(store)) == ({}, [])


def test_neither_customer_can_be_linked_twice(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    with pytest.raises(InputError, match="woo:5 is linked to C100"):
        edit(store, lambda work: work.mapping.link(BOB, "C200", 5))
    with pytest.raises(InputError, match="C100 is linked to woo:5"):
        edit(store, lambda work: work.mapping.link(ALICE, "C100", 6))


def test_linking_many_names_every_clash_and_links_nobody(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    links = [MappingRow(BOB, "C200", 5, True), MappingRow(CAROL, "C300", 7, True), MappingRow("d", "C400", 7, True)]
    with pytest.raises(InputError) as caught:
        edit(store, lambda work: work.mapping.link_many(links))
    assert len(caught.value.problems) == 2
    assert list(current(store)) == [ALICE]


@pytest.mark.parametrize(("column", "value"), [("bc_id", "x"), ("webstore_id", 5)])
def test_the_database_itself_refuses_a_customer_twice(store: Store, column: str, value: object) -> None:
    row = {"webstore_code": "shop", "bc_number": "", "webstore_customer": True, "v_from": 1}
    rows = [row | {"bc_id": "x", "webstore_id": 5}, row | {"bc_id": "y", "webstore_id": 6, column: value}]
    with pytest.raises(StoreError, match="rule of the database"), store.work("shop") as work:
        for values in rows:
            work._connection.execute(sa.insert(MAPPING_ROW).values(values))


def test_one_id_written_in_upper_and_lower_case_is_one_customer(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE.upper(), "C100", 5))
    with store.view("shop") as view:
        row = view.mapping.row(bc_id=ALICE.upper())
        assert row is not None and row.bc_id == ALICE
    assert list(current(store)) == [ALICE]


def test_unlinking_removes_the_row_and_remembers_the_pair_as_rejected(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    edit(store, lambda work: work.mapping.unlink(ALICE))
    with store.view("shop") as view:
        assert view.mapping.rejections() == {(ALICE, 5)}
        rejected = view.mapping.rejected()
    assert rejected[["reason", "actor", "version"]].to_numpy().tolist() == [["unlinked by hand", "ann", 2]]
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    with store.view("shop") as view:
        assert view.mapping.rejections() == set()


def test_an_orphan_is_forgotten_without_being_rejected(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    edit(store, lambda work: work.mapping.forget(ALICE))
    with store.view("shop") as view:
        assert (len(view.mapping.current()), view.mapping.rejections()) == (0, set())


def test_unticking_keeps_a_link_and_drops_a_row_without_one(store: Store) -> None:
    edit(store, lambda work: (work.mapping.link(ALICE, "C100", 5), work.mapping.tick(BOB, "C200")))
    edit(store, lambda work: (work.mapping.untick(ALICE), work.mapping.untick(BOB)))
    assert current(store) == {ALICE: ("C100", 5, False)}


def test_webstore_ids_can_be_set_cleared_and_change_places(store: Store) -> None:
    edit(store, lambda work: (work.mapping.link(ALICE, "C100", 5), work.mapping.link(BOB, "C200", 6)))
    edit(store, lambda work: work.mapping.set_webstore_id(ALICE, None))
    assert current(store)[ALICE] == ("C100", None, True)
    edit(store, lambda work: work.mapping.set_webstore_id(ALICE, 7))
    with pytest.raises(InputError, match="woo:6 is linked to C200"):
        edit(store, lambda work: work.mapping.set_webstore_id(ALICE, 6))
    swapped = [MappingRow(ALICE, "C100", 6, True), MappingRow(BOB, "C200", 7, True)]
    edit(store, lambda work: work.mapping.put(swapped))
    assert current(store) == {ALICE: ("C100", 6, True), BOB: ("C200", 7, True)}


def test_a_user_name_for_an_account_to_be_created_stays_until_another_is_given(store: Store) -> None:
    edit(store, lambda work: work.mapping.tick(ALICE, "C100", name="Alice", username="alice"))
    edit(store, lambda work: work.mapping.tick(ALICE, "C100"))
    edit(store, lambda work: work.mapping.link(ALICE, "", 5))
    with store.view("shop") as view:
        assert view.mapping.row(webstore_id=5) == MappingRow(ALICE, "C100", 5, True, "Alice", "alice")


def test_a_rejected_match_is_a_version_of_its_own_and_shows_in_the_comparison(store: Store) -> None:
    edit(store, lambda work: work.mapping.reject(ALICE, 5, "two people of one name"))
    with store.view("shop") as view:
        assert view.mapping.rejections() == {(ALICE, 5)}
        assert view.mapping.versions()[0].rejections == 1
        diff = view.mapping.diff(0, 1)
    assert diff[["change", "webstore_id_after", "reason", "actor"]].to_numpy().tolist() == [
        ["rejected", 5, "two people of one name", "ann"]
    ]
    edit(store, lambda work: work.mapping.unreject(ALICE, 5))
    with store.view("shop") as view:
        assert view.mapping.diff(1, 2)["change"].tolist() == ["allowed"]
        assert view.mapping.diff(0, 2)["change"].tolist() == []


def test_a_linked_pair_cannot_be_rejected(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5))
    with pytest.raises(InputError, match="Unlink it first"):
        edit(store, lambda work: work.mapping.reject(ALICE, 5, "no"))


def three_versions(store: Store) -> None:
    edit(store, lambda work: (work.mapping.link(ALICE, "C100", 5), work.mapping.tick(BOB, "C200")), reason="one")
    edit(store, lambda work: (work.mapping.unlink(ALICE), work.mapping.link(BOB, "C200", 6)), reason="two")
    edit(store, lambda work: (work.mapping.tick(CAROL, "C300"), work.mapping.renumber(BOB, "C201")), reason="three")


def test_the_comparison_says_what_was_added_removed_and_changed_by_whom_and_why(store: Store) -> None:
    three_versions(store)
    with store.view("shop") as view:
        forth, back = view.mapping.diff(1, 3), view.mapping.diff(3, 1)
    columns = ["change", "bc_number", "bc_number_before", "webstore_id_after", "version", "actor", "reason"]
    found = forth[columns].astype(object).where(forth[columns].notna(), None).to_numpy().tolist()
    assert found == [
        ["removed", "C100", "C100", None, 2, "ann", "two"],
        ["rejected", "C100", "", 5, 2, "ann", "unlinked by hand"],
        ["changed", "C201", "C200", 6, 3, "ann", "three"],
        ["added", "C300", "", None, 3, "ann", "three"],
    ]
    assert sorted(back["change"]) == ["added", "allowed", "changed", "removed"]
    assert [v[4:] for v in versions(store)] == [(2, 0, 0), (0, 1, 1), (1, 0, 1)]


def test_a_version_can_be_restored_and_the_restoring_taken_back(store: Store) -> None:
    three_versions(store)
    with store.view("shop") as view:
        as_of = {number: shown(view.mapping.as_of(number)) for number in range(4)}
    for number in (1, 3, 2, 0):
        edit(store, lambda work, number=number: work.mapping.restore(number), reason=f"back to {number}")
        assert current(store) == as_of[number]
    with store.view("shop") as view:
        assert view.mapping.version() == 7
        assert shown(view.mapping.as_of(3)) == as_of[3]


def test_restoring_brings_rejections_back_and_takes_them_away(store: Store) -> None:
    three_versions(store)
    edit(store, lambda work: work.mapping.restore(1))
    with store.view("shop") as view:
        assert view.mapping.rejections() == set()
    edit(store, lambda work: work.mapping.restore(3))
    with store.view("shop") as view:
        assert view.mapping.rejections() == {(ALICE, 5)}


def test_restoring_what_is_current_makes_no_version_and_an_unknown_one_is_refused(store: Store) -> None:
    three_versions(store)
    edit(store, lambda work: work.mapping.restore(3))
    assert len(versions(store)) == 3
    for number in (4, -1):
        with pytest.raises(InputError, match="There is no version"):
            edit(store, lambda work, number=number: work.mapping.restore(number))


def test_webstores_share_a_company_without_touching_each_other(store: Store) -> None:
    edit(store, lambda work: work.mapping.link(ALICE, "C100", 5), code="shop")
    edit(store, lambda work: work.mapping.link(BOB, "C200", 5), code="outlet")
    edit(store, lambda work: work.mapping.unlink(ALICE), code="shop")
    assert (current(store, "shop"), current(store, "outlet")) == ({}, {BOB: ("C200", 5, True)})
    with store.view("outlet") as view:
        assert (view.mapping.version(), view.mapping.rejections()) == (1, set())


def test_names_in_every_script_with_quotes_and_line_breaks_come_back_as_they_went_in(store: Store) -> None:
    names = ['O\'Hara "Red", Ltd.', "两行\n名字", "تجربة", "=1+1", "", "NA", "\t", "\\N", "é\u0301"]
    edit(store, lambda work: [work.mapping.tick(f"id-{n}", f"C{n}", name=name) for n, name in enumerate(names)])
    with store.view("shop") as view:
        assert view.mapping.current()["name"].tolist() == names


def test_characters_that_no_database_keeps_are_replaced_and_do_not_fail_the_batch(store: Store) -> None:
    edit(store, lambda work: work.mapping.tick("x", "C1", name="a\0b\ud800c"))
    with store.view("shop") as view:
        assert view.mapping.current()["name"].tolist() == ["a\ufffdb\ufffdc"]
