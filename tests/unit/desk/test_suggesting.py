"""Suggest Customer Mapping against both emulated systems: suggest, accept, reject, and what is remembered."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connector.core.customer import Side
from connector.core.extracts import Extract
from connector.desk.suggesting import accept, pairs_in, reject, suggest
from connector.desk.versions import list_versions
from connector.errors import InputError
from connector.setup import Setup, parse_setup
from connector.store import StandingSuggestion, open_store
from sandbox.server import Running, start
from tests.by_hand import by_hand, seen

PEOPLE = {
    "Ann Lee": ("ann.lee@x.example", "ann.lee@x.example"),
    "Bo Dahl": ("bo@x.example", "dahl@y.example"),
    "Kari Holm": ("kari@x.example", "holm@y.example"),
}


@pytest.fixture
def systems() -> Iterator[Running]:
    with start(empty=True, seed=3) as running:
        yield running


@pytest.fixture
def setup(systems: Running, tmp_path: Path) -> Setup:
    """Three people who are on both sides; two of them with another e-mail there, and Kari's name is written Kari Hoolm."""
    for name, (email, other) in PEOPLE.items():
        first, last = name.split()
        address = {
            "address_1": f"{last}gata 5",
            "city": "Oslo",
            "postcode": "0150",
            "country": "NO",
            "phone": "22334455",
        }
        systems.webstore.people_create(
            {"email": email, "username": first.lower(), "first_name": first, "last_name": last, "billing": address}
        )
        systems.business_central.people_create(
            {
                "displayName": name.replace("Holm", "Hoolm"), "email": other, "addressLine1": f"{last}gata 5",
                "city": "Oslo", "postalCode": "0150", "country": "NO", "phoneNumber": "+47 22334455",
            }
        )  # fmt: skip
    return made(systems, tmp_path)


def made(systems: Running, folder: Path) -> Setup:
    environ = {
        "KEY": systems.consumer_key, "SECRET": systems.consumer_secret,
        "ID": systems.client_id, "PASSWORD": systems.client_secret,
    }  # fmt: skip
    return parse_setup(
        {
            "webstore_code": "shop",
            "webstore": {"url": systems.webstore_url, "consumer_key": "env:KEY", "consumer_secret": "env:SECRET"},
            "business_central": {
                "base_url": systems.base_url, "company": systems.company, "token_url": systems.token_url,
                "client_id": "env:ID", "client_secret": "env:PASSWORD",
            },
            "store": {"url": f"sqlite:///{folder / 'store.sqlite'}"},
        },
        origin="test",
        environ=environ,
    )  # fmt: skip


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["business_central"], row["webstore"], row["standing"]) for row in rows]


def linked(setup: Setup) -> list[tuple[str, int]]:
    store = open_store(setup.store.url)
    with store.view("shop") as view:
        mapping = view.mapping.current()
    store.close()
    return [(str(n), int(k)) for n, k in zip(mapping["bc_number"], mapping["webstore_id"], strict=True)]


def test_suggestions_are_accepted_and_rejected_and_both_is_remembered(setup: Setup, systems: Running) -> None:
    rows = by_hand(suggest, setup)
    assert told(rows) == [("Ann Lee", "Ann Lee", "links by itself"), ("Bo Dahl", "Bo Dahl", "doubtful")]
    assert "same name and postcode: bo dahl, 0150, NO" in rows[1]["because"]
    assert rows[1]["because"].endswith("; but the e-mails differ")
    ann, bo = rows[0]["pair"], rows[1]["pair"]

    assert by_hand(accept, setup, pairs_in(rows), actor="ann") == {
        "mapping_version": 1, "reason": "accept 1 suggested pairs", "pairs": 1,
    }  # fmt: skip
    assert linked(setup) == [(rows[0]["bc_number"], rows[0]["webstore_id"])]
    assert told(by_hand(suggest, setup)) == [("Bo Dahl", "Bo Dahl", "doubtful")]

    by_hand(reject, setup, [bo], actor="ann", reason="father and son")
    assert by_hand(suggest, setup) == []
    assert told(by_hand(suggest, setup, likely=True)) == [("Kari Hoolm", "Kari Holm", "suggested")]
    with pytest.raises(InputError, match="Unlink it first"):
        by_hand(reject, setup, [ann], actor="ann")

    by_hand(accept, setup, [bo], actor="ann")  # a person may think again
    assert len(linked(setup)) == 2


def test_only_the_wanted_evidence_suggests(setup: Setup) -> None:
    assert [row["pair"] for row in by_hand(suggest, setup, rungs=["email"])] == [
        row["pair"] for row in by_hand(suggest, setup)[:1]
    ]
    with pytest.raises(InputError, match=r"vat, email, phone_name(.|\n)*shoe_size: no such rung"):
        by_hand(suggest, setup, rungs=["shoe_size"])


def test_record_linkage_shows_probability_and_weights(setup: Setup) -> None:
    (kari,) = [row for row in by_hand(suggest, setup, likely=True, threshold=0.5) if row["webstore"] == "Kari Holm"]
    assert kari["probability"] > 0.5
    assert kari["weight_name"] > 0
    assert "names hardly differ (+" in kari["because"]


def test_an_answer_closes_the_suggestion_that_a_run_has_left(setup: Setup) -> None:
    bo = by_hand(suggest, setup)[1]
    store = open_store(setup.store.url)
    with store.work("shop") as work:
        work.describe(actor="run", reason="a run")
        work.suggestions.replace(
            [
                StandingSuggestion(bo["bc_id"], bo["webstore_id"], "name"),
                StandingSuggestion("another", bo["webstore_id"], "name"),
            ]
        )
    by_hand(reject, setup, [bo["pair"]], actor="ann")
    with store.view("shop") as view:
        left = view.suggestions.all()
        states = dict(zip(left["bc_id"], left["state"], strict=True))
        assert view.mapping.rejections() == {(bo["bc_id"], bo["webstore_id"])}
    store.close()
    assert states == {bo["bc_id"]: "rejected", "another": "open"}


def test_a_pair_that_cannot_be_read_changes_nothing(systems: Running, tmp_path: Path) -> None:
    setup = made(systems, tmp_path)
    for pairs in ([], ["C00010"], ["=5"], ["C00010=x"], ["C00010="]):
        with pytest.raises(InputError, match="NUMBER=WEBSTORE-ID"):
            by_hand(accept, setup, pairs, actor="ann")
    assert seen(list_versions, setup) == []


def test_customers_who_do_not_exist_are_named_together(setup: Setup) -> None:
    with pytest.raises(InputError) as caught:
        by_hand(accept, setup, ["NOBODY=999", by_hand(suggest, setup)[0]["pair"]], actor="ann")
    assert len(caught.value.problems) == 2
    assert linked(setup) == []


def test_partitions_change_no_suggestion(setup: Setup, systems: Running, tmp_path: Path) -> None:
    """Somebody who is linked shares evidence with the others, wherever he is; and a run at work keeps what it has read."""
    of_a_run = tmp_path / "shop" / "webstore" / "0000-0.parquet"
    of_a_run.parent.mkdir(parents=True)
    of_a_run.touch()
    for n in range(12):
        address = {"country": "NO", "postcode": f"01{n // 3:02}", "phone": f"2233440{n // 4}"}
        systems.webstore.people_create(
            {"email": f"p{n}@x.example", "first_name": f"P{n // 2}", "last_name": "Lie", "billing": address}
        )
        systems.business_central.people_create(
            {
                "displayName": f"P{n // 2} Lie",
                "email": f"p{n // 3}@x.example",
                "postalCode": f"01{n // 3:02}",
                "country": "NO",
            }
        )
    by_hand(accept, setup, [by_hand(suggest, setup)[0]["pair"]])
    divided = setup.model_copy(
        update={"partitions": setup.partitions.model_copy(update={"count": 5, "folder": str(tmp_path)})}
    )
    for how in ({}, {"likely": True}):
        whole = by_hand(suggest, setup, **how)
        assert len(whole) > 3
        assert by_hand(suggest, divided, **how) == whole
    assert of_a_run.exists()


def test_no_more_is_held_than_a_partition_and_what_is_compared_of_the_unmapped(
    setup: Setup, systems: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records of a partition are let go before the next one is read."""
    for n in range(60):
        systems.webstore.people_create({"email": f"p{n}@x.example", "first_name": f"P{n}", "last_name": "Lie"})
    divided = setup.model_copy(
        update={"partitions": setup.partitions.model_copy(update={"count": 5, "folder": str(tmp_path)})}
    )
    alive: weakref.WeakSet[Extract] = weakref.WeakSet()
    most, make = [0], Extract.__init__

    def watched(self: Extract, side: Side, raw: pa.Table, *more: Any) -> None:
        make(self, side, raw, *more)
        alive.add(self)
        most[0] = max(most[0], sum(one.raw.num_rows for one in alive if one.side is Side.WEBSTORE))

    monkeypatch.setattr(Extract, "__init__", watched)
    by_hand(suggest, divided)
    assert 0 < most[0] < 0.6 * (60 + len(PEOPLE))
