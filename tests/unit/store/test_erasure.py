"""Erasing a customer's personal data: nothing of it stays, and what was done stays known."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from connector.errors import InputError
from connector.store import (
    Base,
    ChangedValue,
    DirectoryRow,
    Intent,
    QuarantinedField,
    Settlement,
    StandingConflict,
    StandingSuggestion,
    Store,
    StoredDecision,
)
from connector.store.schema import METADATA

SECRET = "Zsuzsanna-Secret"
OTHER = "Bartholomew"


def remember(store: Store, bc_id: str, number: str, webstore_id: int, name: str, *, settled: bool = True) -> None:
    """Everything that a store can know of one customer, with the name in every place."""
    values = {"name": name, "email": f"{name}@example.com"}
    key = f"bc:{bc_id}"
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.runs.start(f"run-{number}", "full", "manual", "ann")
        work.mapping.tick(bc_id, number, name=name, username=name)
        work.mapping.link(bc_id, number, webstore_id)
        work.mapping.reject(bc_id, webstore_id + 1, f"{name} is somebody else")
        work.bases.put([Base(bc_id, webstore_id, values, values, "h", "h")])
        write = {"run_id": f"run-{number}", "direction": "push", "system": "webstore", "operation": "update"}
        intents = [
            Intent(
                **write,  # type: ignore[arg-type]
                bc_id=bc_id,
                bc_number=number,
                webstore_id=None,
                natural_key=values["email"],
                payload=values,
                before=values,
                after=values,
            )
        ] * 2
        ids = work.journal.intend(intents)
        work.journal.settle([Settlement(ids[0], "confirmed", record=values, remote_id=f"{webstore_id}")])
        if settled:
            work.journal.settle([Settlement(ids[1], "refused", message=f"{name} is not valid")])
        work.holds.failed(key, "push", signature="400", message=f"{name}!", scheduled=True, max_attempts=3)
        work.conflicts.replace(
            [StandingConflict(bc_id, number, webstore_id, "name", name, name, "x")], only_bc_ids=[bc_id]
        )
        work.changes.replace([ChangedValue(bc_id, webstore_id, "name", "webstore", name)], only_bc_ids=[bc_id])
        work.bases.mark(bc_id, webstore_id, 1, f"{name}\n2020-01-01T00:00:00")
        work.quarantine.replace([QuarantinedField("webstore", f"woo:{webstore_id}", "name", name)], only_keys=[])
        work.suggestions.replace([StandingSuggestion(bc_id, webstore_id + 9, "name", 1.0, values)], only_bc_ids=[bc_id])
        work.decisions.put(StoredDecision(bc_id, webstore_id, "name", "value", name, name, "ann", value=name))
        summary = {"errors": [{"customer": number, "code": "400", "message": f"{name} is not valid"}], "created": 1}
        work.runs.finish(f"run-{number}", "completed", summary, None, None)
        work.directory.update(
            [
                DirectoryRow("business_central", bc_id, number, name, name, values["email"], "", 1),
                DirectoryRow("webstore", str(webstore_id), str(webstore_id), name, name, values["email"], name, 1),
            ]
        )


def everything(store: Store) -> str:
    """All that the database would tell."""
    with store.view("shop") as view:
        return "\n".join(
            repr([bytes(v) if isinstance(v, memoryview) else v for v in row])
            for table in METADATA.sorted_tables
            for row in view._connection.execute(sa.select(table))
        )


@pytest.mark.parametrize("by", ["bc_id", "webstore_id"])
def test_nothing_personal_of_an_erased_customer_stays_and_others_keep_everything(store: Store, by: str) -> None:
    nobody = pa.table({"key": pa.array([], pa.large_string()), "fingerprint": pa.array([], pa.int64())})
    with store.work("shop") as work:
        work.directory.replace({"webstore": nobody, "business_central": nobody}, lambda *_: [])
    remember(store, "a", "C100", 105, SECRET)
    remember(store, "b", "C200", 205, OTHER)
    before = everything(store)
    counts = (
        store.forget_customer("shop", bc_id="A") if by == "bc_id" else store.forget_customer("shop", webstore_id=105)
    )
    after = everything(store)
    assert SECRET in before and SECRET not in after
    assert before.count(OTHER) == after.count(OTHER)
    expected = {"mapping": 1, "journal": 2, "bases": 1, "holds": 1, "conflicts": 1, "decisions": 1, "quarantine": 1}
    assert counts == expected | {"changes": 1, "suggestions": 1, "rejections": 1, "plans": 0, "runs": 1, "directory": 2}


def test_ids_operations_outcomes_and_times_stay(store: Store) -> None:
    remember(store, "a", "C100", 105, SECRET)
    store.forget_customer("shop", bc_id="a")
    with store.view("shop") as view:
        row = view.mapping.row(bc_id="a")
        writes = view.journal.of_customer(bc_id="a")
        assert view.holds.read()["failed_attempts"].tolist() == [1]
        assert view.mapping.rejections() == {("a", 106)}
        run = view.runs.show("run-C100")
    assert row is not None and (row.bc_number, row.webstore_id, row.name, row.username) == ("C100", 105, "", "")
    assert writes[["operation", "outcome", "payload"]].to_numpy().tolist() == [
        ["update", "confirmed", "{}"],
        ["update", "refused", "{}"],
    ]
    assert writes["settled_at"].notna().all()
    assert run is not None and run["summary"]["created"] == 1


def test_names_are_erased_from_old_versions_of_the_mapping_table_too(store: Store) -> None:
    remember(store, "a", "C100", 105, SECRET)
    with store.work("shop") as work:
        work.describe(actor="ann", reason="gone")
        work.mapping.forget("a")
    store.forget_customer("shop", bc_id="a", webstore_id=105)
    with store.view("shop") as view:
        assert view.mapping.as_of(1)["name"].tolist() == [""]


def test_plans_that_name_the_customer_or_cannot_be_read_are_removed(store: Store) -> None:
    documents = {
        "a1": b'{"writes":[{"bc_id":"AAAA-1","name":"Zsuzsanna"}]}',
        "a2": b'{"writes":[{"webstore_id": 105}]}',
        "a3": b'{"writes":[{"webstore_id": 1055, "bc_id": "aaaa-2"}]}',
        "a4": gzip.compress(b'{"writes":[]}'),
    }
    with store.work("shop") as work:
        for name, document in documents.items():
            work.plans.put(name, document, {})
        counts = work.forget_customer(bc_id="aaaa-1", webstore_id=105)
        assert (counts["plans"], work.plans.list()["hash"].tolist()) == (3, ["a3"])


def test_a_customer_with_an_interrupted_write_is_not_erased_before_it_is_known_what_happened(store: Store) -> None:
    remember(store, "a", "C100", 105, SECRET, settled=False)
    with pytest.raises(InputError, match="no outcome yet"):
        store.forget_customer("shop", bc_id="a")
    assert SECRET in everything(store)
    with pytest.raises(InputError, match="Whom"):
        store.forget_customer("shop")


def test_the_same_person_in_another_webstore_is_another_erasure(store: Store) -> None:
    remember(store, "a", "C100", 105, SECRET)
    assert not any(store.forget_customer("outlet", bc_id="a", webstore_id=105).values())
    assert SECRET in everything(store)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_files_of_an_sqlite_store_do_not_hold_erased_names_any_more(store: Store, tmp_path: Path) -> None:
    remember(store, "a", "C100", 105, SECRET)
    files = [path for path in tmp_path.iterdir() if path.name.startswith("store.sqlite")]
    assert any(SECRET.encode() in path.read_bytes() for path in files)
    store.forget_customer("shop", bc_id="a")
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
