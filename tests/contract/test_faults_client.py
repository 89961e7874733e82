"""What the clients make of servers that refuse, break, and lose answers. Nothing is ever written twice."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Create, Update, WooCommerceClient
from connector.errors import (
    AnswerNotUnderstood,
    ConnectionRefused,
    CustomerChanged,
    OutcomeUnknown,
    RemoteThrottled,
    RemoteTrouble,
)
from sandbox.server import Running
from tests.contract.client_systems import company_client, company_connection, webstore_client, webstore_connection

READ_FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("429", {"retry_after": 0.05}),
    ("429", {}),
    ("503", {"retry_after": 0.05}),
    ("503", {}),
    ("500", {}),
    ("500", {"handled": True}),
    ("504-after-write", {}),
    ("drop-before", {}),
    ("drop-after-write", {}),
    ("torn-json", {}),
    ("html", {}),
    ("html", {"status": 502}),
]
LOST_WRITES: list[tuple[str, dict[str, Any]]] = [
    ("503", {}),
    ("503", {"retry_after": 1}),
    ("500", {}),
    ("500", {"handled": True}),
    ("504-after-write", {}),
    ("drop-before", {}),
    ("drop-after-write", {}),
    ("torn-json", {}),
    ("html", {"status": 502}),
    ("html", {"status": 200}),
]


def ids_of(faults: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [" ".join([kind, *map(str, options.items())]) for kind, options in faults]


class TestWebstore:
    @pytest.mark.parametrize(("kind", "options"), READ_FAULTS, ids=ids_of(READ_FAULTS))
    def test_a_read_is_repeated_until_it_succeeds(
        self, systems: Running, webstore: WooCommerceClient, kind: str, options: dict[str, Any]
    ) -> None:
        for number in range(250):
            systems.webstore.people_create({"email": f"c{number}@mail.example"})
        systems.webstore_faults.add(kind, count=2, **options)
        records: list[Any] = []
        census = webstore.read_customers(records.extend)
        assert len(records) == 250 == census.announced
        assert len(systems.webstore_faults.fired) == 2

    def test_the_server_is_left_alone_as_long_as_it_asked_for(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        systems.webstore_faults.add("429", retry_after=0.3)
        began = time.monotonic()
        webstore.read_customers(lambda _page: None)
        assert time.monotonic() - began >= 0.3

    def test_a_server_that_asks_to_come_back_much_later_is_not_waited_for(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        systems.webstore_faults.add("503", retry_after=600)
        with pytest.raises(RemoteThrottled) as caught:
            webstore.read_customers(lambda _page: None)
        assert caught.value.retry_after == 600

    def test_a_server_that_stays_ill_is_given_up(self, systems: Running, webstore: WooCommerceClient) -> None:
        systems.webstore_faults.add("503", count=99)
        with pytest.raises(RemoteTrouble, match="503"):
            webstore.read_customers(lambda _page: None)
        assert len(systems.webstore_log) == 4

    @pytest.mark.parametrize(("kind", "options"), LOST_WRITES, ids=ids_of(LOST_WRITES))
    def test_a_create_whose_answer_is_lost_is_sent_once_and_said_to_be_unknown(
        self, systems: Running, webstore: WooCommerceClient, kind: str, options: dict[str, Any]
    ) -> None:
        webstore.customers_by_email("kari@mail.example")
        systems.webstore_faults.add(kind, **options)
        with pytest.raises(OutcomeUnknown, match="looked up"):
            webstore.create({"email": "kari@mail.example"})
        (write,) = systems.webstore_log.writes()
        assert len(webstore.customers_by_email("kari@mail.example")) == write.handled

    @pytest.mark.parametrize(("kind", "options"), LOST_WRITES, ids=ids_of(LOST_WRITES))
    def test_a_batch_whose_answer_is_lost_is_sent_once_and_said_to_be_unknown(
        self, systems: Running, webstore: WooCommerceClient, kind: str, options: dict[str, Any]
    ) -> None:
        identifier = systems.webstore.people_create({"email": "kari@mail.example"})
        webstore.get(identifier)
        systems.webstore_faults.add(kind, **options)
        with pytest.raises(OutcomeUnknown):
            webstore.batch(update=[{"id": identifier, "first_name": "Kari"}])
        assert len(systems.webstore_log.writes()) == 1

    @pytest.mark.parametrize("options", [{"retry_after": 0.02}, {}])
    def test_a_write_that_was_refused_because_the_server_is_busy_is_sent_again(
        self, systems: Running, webstore: WooCommerceClient, options: dict[str, Any]
    ) -> None:
        systems.webstore_faults.add("429", count=2, **options)
        webstore.create({"email": "kari@mail.example"})
        assert [entry.handled for entry in systems.webstore_log.writes()] == [False, False, True]

    def test_what_a_batch_wrote_before_a_later_request_was_lost_is_not_forgotten(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        systems.webstore_faults.add("504-after-write", method="POST", after=1)
        outcomes = webstore.batch(create=[{"email": f"n{number}@mail.example"} for number in range(120)]).create
        assert all(outcome.ok for outcome in outcomes[:50])
        assert all(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes[50:100])
        assert all(type(outcome.error) is RemoteTrouble for outcome in outcomes[100:])
        assert len(systems.webstore_log.writes()) == 2

    def test_an_answer_that_is_late_is_waited_for_and_one_that_is_too_late_is_lost(self, systems: Running) -> None:
        with webstore_client(webstore_connection(systems)) as client:
            systems.webstore_faults.add("slow", seconds=0.2)
            assert client.customers_by_email("kari@mail.example") == []
        with webstore_client(webstore_connection(systems, timeout_seconds=0.1), retries=0) as client:
            client.read_customers(lambda _page: None)
            systems.webstore_faults.add("slow", seconds=0.5)
            with pytest.raises(RemoteTrouble, match="ReadTimeout"):
                client.read_customers(lambda _page: None)
            systems.webstore_faults.add("slow", seconds=0.5)
            with pytest.raises(OutcomeUnknown):
                client.batch(update=[{"id": 1, "first_name": "Kari"}])

    def test_a_create_is_waited_for_at_least_a_minute_whatever_the_setup_says(self, systems: Running) -> None:
        with webstore_client(webstore_connection(systems, timeout_seconds=0.1), retries=0) as client:
            systems.webstore_faults.add("slow", seconds=0.4, method="POST", count=2)
            assert client.create({"email": "kari@mail.example"})["id"]
            assert client.batch(create=[{"email": "ola@mail.example"}]).create[0].ok

    def test_a_page_instead_of_the_api_at_the_first_contact_is_a_wrong_setup(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        systems.webstore_faults.add("html", status=200, count=9)
        with pytest.raises(ConnectionRefused, match="web page"):
            webstore.read_customers(lambda _page: None)

    def test_a_page_instead_of_the_api_later_is_trouble_of_the_server(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        webstore.read_customers(lambda _page: None)
        systems.webstore_faults.add("html", status=200, count=9)
        with pytest.raises(AnswerNotUnderstood, match="web page"):
            webstore.read_customers(lambda _page: None)


def change(systems: Running, company: BusinessCentralClient, number: int = 1) -> list[Update]:
    ids = [systems.business_central.people_create({"displayName": f"C{n}"}) for n in range(number)]
    records = company.customers_by_id(ids)
    return [Update(i, records[i]["@odata.etag"], {"displayName": f"New {i[:4]}"}) for i in ids]


class TestBusinessCentral:
    @pytest.mark.parametrize(("kind", "options"), [*READ_FAULTS, ("xml", {}), ("expired-token", {})])
    def test_a_read_is_repeated_until_it_succeeds(
        self, systems: Running, company: BusinessCentralClient, kind: str, options: dict[str, Any]
    ) -> None:
        for number in range(25):
            systems.business_central.people_create({"displayName": f"C{number}"})
        # a token that is refused when it is new will be refused again
        times = 1 if kind == "expired-token" else 2
        systems.business_central_faults.add(kind, path="customers", count=times, **options)
        records: list[Any] = []
        census = company.read_customers(records.extend, page_size=10)
        assert len(records) == 25 == census.announced
        assert len(systems.business_central_faults.fired) == times

    @pytest.mark.parametrize(("kind", "options"), [*LOST_WRITES, ("xml", {}), ("xml", {"status": 200})])
    def test_a_create_whose_answer_is_lost_is_sent_once_and_said_to_be_unknown(
        self, systems: Running, company: BusinessCentralClient, kind: str, options: dict[str, Any]
    ) -> None:
        company.companies()
        systems.business_central_faults.add(kind, path="customers", **options)
        with pytest.raises(OutcomeUnknown, match="looked up"):
            company.create({"displayName": "Kari", "email": "kari@mail.example"})
        (write,) = systems.business_central_log.writes()
        assert len(systems.business_central.customer_ids()) == write.handled

    @pytest.mark.parametrize(("kind", "options"), LOST_WRITES, ids=ids_of(LOST_WRITES))
    def test_a_change_whose_answer_is_lost_is_sent_once_and_said_to_be_unknown(
        self, systems: Running, company: BusinessCentralClient, kind: str, options: dict[str, Any]
    ) -> None:
        (update,) = change(systems, company)
        systems.business_central_faults.add(kind, method="PATCH", **options)
        with pytest.raises(OutcomeUnknown):
            company.update(update.bc_id, update.etag, update.payload)
        systems.business_central_faults.add(kind, path="batch", **options)
        with pytest.raises(OutcomeUnknown):
            company.batch([update])
        assert len(systems.business_central_log.writes()) == 2

    def test_a_write_that_was_refused_because_the_server_is_busy_is_sent_again(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        systems.business_central_faults.add("429", method="POST", count=2, path="customers")
        company.create({"displayName": "Kari"})
        assert [entry.handled for entry in systems.business_central_log.writes()] == [False, False, True]

    def test_a_token_that_is_refused_is_renewed_and_the_write_sent_again(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        (update,) = change(systems, company)
        systems.business_central_faults.add("expired-token", method="PATCH")
        assert company.update(update.bc_id, update.etag, update.payload)["displayName"].startswith("New")
        systems.business_central_faults.add("expired-token", path="batch")
        assert company.batch([Create({"displayName": "Kari"})])[0].ok
        tokens = [entry for entry in systems.business_central_log if entry.is_token_request]
        assert len(tokens) == 3

    def test_somebody_who_was_faster_keeps_what_they_wrote(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        one, other = change(systems, company, 2)
        systems.business_central_faults.add("stale-tag", method="PATCH", changes={"displayName": "Mine"})
        with pytest.raises(CustomerChanged):
            company.update(one.bc_id, one.etag, one.payload)
        systems.business_central_faults.add("stale-tag", path="batch", changes={"displayName": "Mine"})
        outcomes = company.batch([other, Create({"displayName": "Kari"})])
        assert isinstance(outcomes[0].error, CustomerChanged)
        assert outcomes[1].ok
        names = {systems.business_central.people_get(update.bc_id)["displayName"] for update in (one, other)}
        assert names == {"Mine"}

    def test_what_a_batch_wrote_before_a_later_request_was_lost_is_not_forgotten(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        systems.business_central_faults.add("drop-after-write", path="batch", after=1)
        outcomes = company.batch([Create({"displayName": f"C{number}"}) for number in range(250)])
        assert all(outcome.ok for outcome in outcomes[:100])
        assert all(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes[100:200])
        assert all(type(outcome.error) is RemoteTrouble for outcome in outcomes[200:])
        assert len(systems.business_central.customer_ids()) == 200

    @pytest.mark.parametrize("kind", ["row-deleted-while-paging", "row-inserted-while-paging"])
    def test_customers_who_come_or_go_while_the_list_is_read_hide_nobody(
        self, systems: Running, company: BusinessCentralClient, kind: str
    ) -> None:
        ids = {systems.business_central.people_create({"displayName": f"C{number}"}) for number in range(95)}
        systems.business_central_faults.add(kind, after=2, rows=5)
        records: list[Any] = []
        census = company.read_customers(records.extend, page_size=10)
        found = {record["id"] for record in records}
        assert ids & set(systems.business_central.customer_ids()) <= found
        assert len(records) == len(found) == census.rows == census.announced

    def test_a_page_whose_beginning_was_deleted_does_not_end_the_read(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        ids = [systems.business_central.people_create({"displayName": f"C{number}"}) for number in range(50)]
        # the row that ended page 1 goes, so the server has forgotten where page 2 begins
        systems.business_central_faults.add("row-deleted-while-paging", ids=[ids[9]])
        records: list[Any] = []
        census = company.read_customers(records.extend, page_size=10)
        assert [record["id"] for record in records] == ids
        assert census.rereads == 1

    def test_a_late_answer_is_waited_for(self, systems: Running) -> None:
        connection = company_connection(systems, timeout_seconds=0.3)
        with company_client(connection, retries=0) as client:
            client.companies()
            systems.business_central_faults.add("slow", seconds=0.1, path="customers")
            client.read_customers(lambda _page: None)
            systems.business_central_faults.add("slow", seconds=1, path="customers")
            with pytest.raises(RemoteTrouble, match="ReadTimeout"):
                client.read_customers(lambda _page: None)
