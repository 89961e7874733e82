"""The first synchronisation of 2,123 recorded accounts with a company that partly knows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from connector.core.customer import Direction, Side
from connector.core.extracts import extract_of
from connector.core.normalize import NORMALIZERS
from connector.extract.extraction import divide_mapping, extract_business_central, extract_webstore
from connector.extract.memory_partition import MemoryPartition
from connector.run.open_run import open_run
from connector.run.request import RunReport
from connector.store import open_store
from sandbox.server import Running, start
from tests.flows import runs
from tests.flows.shop import setup_of

PAGE, BATCH, COMPANY_PAGE = 100, 100, 20_000


class Story:
    """Both systems after two runs, and what was asked of them."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.accounts, self.customers = (
            len(running.webstore.customer_ids("customer")),
            len(running.business_central.customer_ids()),
        )
        # the sandbox's own choice: a newly linked customer's differing fields are taken from Business Central
        policies = {"conflict": "ask", "first_link": "business-central"}
        self.setup = setup_of(running, folder, "first", policies=policies)
        self.first = self._run()
        self.first_requests = self._requests()
        self.second = self._run()
        self.second_requests = self._requests()

    def _run(self) -> RunReport:
        self.running.webstore_log.clear()
        self.running.business_central_log.clear()
        return runs.synchronize(self.setup)

    def _requests(self) -> dict[str, list[Any]]:
        return {
            "webstore": self.running.webstore_log.entries,
            "business_central": self.running.business_central_log.entries,
        }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with start(seed=0) as running:
        yield Story(running, tmp_path_factory.mktemp("first"))


def test_nobody_is_created_twice(story: Story) -> None:
    store = story.running.business_central
    emails = Counter(store.people_get(key)["email"].lower() for key in store.customer_ids())
    names = Counter(e for e in emails.elements() if e and ";" not in e)
    before = {record["email"].lower() for record in _company_before()}
    doubled = {email for email, count in names.items() if count > 1}
    assert not doubled - {e for e, n in Counter(_company_emails()).items() if n > 1}
    assert before <= set(emails)


def test_everybody_is_linked_created_asked_about_or_quarantined_and_nothing_failed(story: Story) -> None:
    summary = story.first.summary
    assert summary.errors == ()
    with open_store(story.setup.store.url).view("first") as view:
        linked = int(view.mapping.current()["webstore_id"].notna().sum())
    assert linked == summary.linked + summary.pull.created
    waiting = {key for a in story.first.plan.ambiguous for key in a.webstore_ids}
    quarantined = {q.webstore_id for q in story.first.plan.quarantined if q.webstore_id}
    assert linked + len(waiting | quarantined) >= story.accounts
    assert linked > 0.9 * story.accounts


def test_every_linked_pair_that_is_not_quarantined_agrees_on_every_field(story: Story) -> None:
    setup = story.setup
    with open_run(setup, run_id="look", mode="all", trigger="manual", actor="test", dry_run=True) as opened:
        run = opened.run
        partitions = MemoryPartition()
        placement = divide_mapping(run, partitions)
        extract_webstore(run, partitions, placement)
        extract_business_central(run, partitions, placement)
        w, c = (extract_of(side, partitions.read(str(side), 0), run.terms).canonical.to_pylist() for side in Side)
        with run.store.view(run.code) as view:
            mapping = view.mapping.current()
        rules = run.rules.fields.rules
    by_w, by_c = {row["webstore_id"]: row for row in w}, {row["bc_id"]: row for row in c}
    left = {q.webstore_id for q in story.second.plan.quarantined} | {s.webstore_id for s in story.second.plan.standing}
    differing = [
        (bc_id, webstore_id, rule.field)
        for bc_id, webstore_id in zip(mapping["bc_id"], mapping["webstore_id"], strict=True)
        if webstore_id not in left
        for rule in rules
        if NORMALIZERS[rule.normalizer](by_w[webstore_id][rule.field])
        != NORMALIZERS[rule.normalizer](by_c[bc_id][rule.field])
    ]
    accepted = _accepted(story)
    assert [row for row in differing if (row[0], row[2]) not in accepted] == []


def test_a_second_run_makes_no_write_request(story: Story) -> None:
    for entries in story.second_requests.values():
        assert [entry for entry in entries if entry.is_write] == []
    assert story.second.plan.writes == ()


def test_each_side_is_read_in_as_few_pages_as_there_are(story: Story) -> None:
    for requests, extra, plan in (
        (story.first_requests, 0, story.first.plan),
        (story.second_requests, 2, story.second.plan),
    ):
        reads = [e for e in requests["webstore"] if e.method == "GET" and e.path.endswith("/customers")]
        lists = [e for e in reads if "include=" not in e.query]
        assert len(lists) == ceil((story.accounts + extra) / (PAGE - 1))  # pages overlap by one row
        # each batch of updates is looked at once more, in one request, and so is whom a batch of creates is made of
        created = ceil(len(plan.of(Direction.PULL, "create")) / BATCH)
        assert len(reads) - len(lists) == sum(e.is_write for e in requests["webstore"]) + created
        company = [e for e in requests["business_central"] if e.path.endswith("/customers") and "$count" in e.query]
        assert len(company) == ceil(story.customers / COMPANY_PAGE)


def test_writes_go_in_batches_and_not_one_by_one(story: Story) -> None:
    pushes = len(story.first.plan.of(Direction.PUSH, "update"))
    written = [entry for entry in story.first_requests["webstore"] if entry.is_write]
    assert {entry.path.rsplit("/", 1)[-1] for entry in written} == {"batch"}
    assert len(written) == ceil(pushes / BATCH)
    pulls = story.first.plan.of(Direction.PULL)
    creates = sum(write.operation == "create" for write in pulls)
    batches = [entry for entry in story.first_requests["business_central"] if entry.is_write]
    assert {entry.path.rsplit("/", 1)[-1] for entry in batches} == {"$batch"}
    assert len(batches) == ceil(creates / BATCH) + ceil((len(pulls) - creates) / BATCH)


def _company_before() -> list[dict[str, Any]]:
    from sandbox.people import (  # noqa: PLC0415 - only this question needs the generator
        RECORDED_WEBSTORE_CUSTOMERS,
        load_webstore_customers,
        overlapping_business_central_customers,
    )

    return overlapping_business_central_customers(load_webstore_customers(RECORDED_WEBSTORE_CUSTOMERS), None, 0)


def _company_emails() -> list[str]:
    return [record["email"].lower() for record in _company_before() if record["email"]]


def _accepted(story: Story) -> set[tuple[str, str]]:
    """Differences that both bases know: a server stored what it was sent in its own way."""
    with open_store(story.setup.store.url).view("first") as view:
        bases = view.bases.find(view.mapping.current()["bc_id"])
    return {
        (bc_id, field)
        for (bc_id, _), base in bases.items()
        for field in base.webstore
        if base.webstore[field] != base.business_central.get(field)
    }
