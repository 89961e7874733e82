"""Reading and writing webstore customers, and the surprises of WooCommerce that destroy data."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from connector.clients import WooCommerceClient
from connector.errors import (
    CredentialsRefused,
    CustomerNotFound,
    DataError,
    EmailTaken,
    InternalError,
    RemoteRefused,
    SetupError,
)
from sandbox.server import Running
from tests.contract.client_systems import webstore_client, webstore_connection


def person(systems: Running, email: str = "kari@mail.example", **more: Any) -> int:
    return int(systems.webstore.people_create({"email": email, **more}))


def crowd(systems: Running, count: int) -> list[int]:
    return [person(systems, f"c{number}@mail.example") for number in range(count)]


def read(client: WooCommerceClient, **options: Any) -> tuple[list[dict[str, Any]], Any]:
    records: list[dict[str, Any]] = []
    return records, client.read_customers(records.extend, **options)


class TestReading:
    def test_everybody_is_read_once_in_order_of_id(self, systems: Running, webstore: WooCommerceClient) -> None:
        ids = crowd(systems, 450)
        records, census = read(webstore)
        assert [record["id"] for record in records] == sorted(ids)
        assert (census.rows, census.announced, census.rereads) == (450, 450, 0)
        assert census.watermark is not None
        assert webstore.writes_made == 0
        assert webstore.requests_made == census.requests == len(systems.webstore_log)

    def test_an_empty_shop_is_an_empty_list(self, webstore: WooCommerceClient) -> None:
        records, census = read(webstore)
        assert records == []
        assert census.announced == 0

    def test_only_the_role_of_the_setup_is_read_unless_another_is_asked_for(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        customer, subscriber = person(systems), person(systems, "s@mail.example", role="subscriber")
        assert [record["id"] for record in read(webstore)[0]] == [customer]
        assert [record["id"] for record in read(webstore, role="all")[0]] == [customer, subscriber]

    def test_several_roles_are_one_list_in_any_letter_case_and_nobody_stands_in_it_twice(
        self, systems: Running
    ) -> None:
        buyer, seller = person(systems), person(systems, "w@mail.example", role="Wholesale_Customer")
        person(systems, "s@mail.example", role="subscriber")
        both = person(systems, "b@mail.example")
        account = systems.webstore.account(both)
        assert account is not None
        systems.webstore.remove(account)
        account.roles.append("Wholesale_Customer")
        systems.webstore.add(account)
        connection = webstore_connection(systems, customer_role_filter=["CUSTOMER", "wholesale customer"])
        with webstore_client(connection) as client:
            records, census = read(client)
            assert sorted(record["id"] for record in records) == [buyer, seller, both]
            assert (census.rows, census.announced) == (3, 3)
            assert client.listed([buyer, seller, both, 999]) == {buyer, seller, both}
            assert [finding.ok for finding in client.check()] == [True] * 3
            told = [finding.what for finding in client.check()]
        assert "reads: 2 customers of role Wholesale_Customer" in told

    def test_a_role_is_answered_with_those_of_the_shop(self, systems: Running) -> None:
        person(systems, role="wholesale")
        with webstore_client(webstore_connection(systems, customer_role_filter="wholesael")) as client:
            told = client.check()[0]
        assert "no such role as customer_role_filter in the setup: wholesael" in told.what
        assert "Did you mean wholesale? It has administrator" in told.remedy

    def test_a_role_that_the_shop_does_not_have_is_a_mistake_of_the_setup(self, systems: Running) -> None:
        connection = webstore_connection(systems, customer_role_filter="clients")
        with webstore_client(connection) as client, pytest.raises(SetupError, match="customer_role_filter"):
            read(client)

    def test_only_the_asked_fields_travel_and_always_the_id(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        identifier = person(systems, billing={"city": "Oslo"})
        records, _ = read(webstore, fields=("email", "billing.city"))
        assert records == [{"id": identifier, "email": "kari@mail.example", "billing": {"city": "Oslo"}}]

    def test_accounts_that_were_never_saved_by_woocommerce_have_no_date(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        person(systems, date_modified_gmt=None)
        records, census = read(webstore)
        assert records[0]["date_modified_gmt"] is None
        assert census.watermark is None

    @pytest.mark.parametrize("rows", [1, 3, 120])
    def test_customers_deleted_while_their_list_is_read_hide_nobody(
        self, systems: Running, webstore: WooCommerceClient, rows: int
    ) -> None:
        crowd(systems, 700)
        systems.webstore_faults.add("row-deleted-while-paging", after=1, rows=rows)
        records, census = read(webstore)
        assert {record["id"] for record in records} >= set(systems.webstore.customer_ids())
        assert len(records) == len({record["id"] for record in records}) == census.announced

    def test_customers_inserted_while_their_list_is_read_are_seen_or_wait_for_the_next_run(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        before = crowd(systems, 500)
        systems.webstore_faults.add("row-inserted-while-paging", after=1, rows=150)
        records, census = read(webstore)
        ids = [record["id"] for record in records]
        assert set(before) <= set(ids)
        assert len(ids) == len(set(ids)) == census.rows == census.announced


class TestLookingUp:
    def test_customers_of_any_role_are_found_by_id_and_missing_ones_are_asked_for_by_name(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        ids = [*crowd(systems, 130), person(systems, "s@mail.example", role="subscriber")]
        found = webstore.customers_by_id([*ids, 99_999_999])
        assert set(found) == set(ids)
        assert [entry.status for entry in systems.webstore_log if entry.path.endswith("/99999999")] == [404]
        assert all(len(record) > 5 for record in found.values())
        assert set(webstore.customers_by_id([ids[0]], fields=["email"])[ids[0]]) == {"id", "email"}

    def test_an_empty_list_of_ids_asks_nothing(self, systems: Running, webstore: WooCommerceClient) -> None:
        person(systems)
        assert webstore.customers_by_id([]) == {}
        assert len(systems.webstore_log) == 0

    @pytest.mark.parametrize("email", ["kari@mail.example", "o'brien+shop=1@mail.example", "x/y#z@mail.example"])
    def test_an_account_is_found_by_its_e_mail_whatever_its_role_and_letter_case(
        self, systems: Running, webstore: WooCommerceClient, email: str
    ) -> None:
        identifier = person(systems, email, role="subscriber")
        person(systems, f"x{email}")
        assert [record["id"] for record in webstore.customers_by_email(f" {email.upper()} ")] == [identifier]

    def test_a_star_is_a_character_and_not_any_text(self, systems: Running, webstore: WooCommerceClient) -> None:
        crowd(systems, 3)
        assert webstore.customers_by_email("*@mail.example") == []
        starred = person(systems, "*1@mail.example")
        assert [record["id"] for record in webstore.customers_by_email("*1@mail.example")] == [starred]

    @pytest.mark.parametrize("email", ["", "kari", "jürgen@müller.example", "a&b@mail.example"])
    def test_what_cannot_be_an_accounts_e_mail_is_not_asked_for(
        self, systems: Running, webstore: WooCommerceClient, email: str
    ) -> None:
        assert webstore.customers_by_email(email) == []
        assert len(systems.webstore_log) == 0

    def test_a_customer_who_is_not_there_is_said_to_be_not_there(self, webstore: WooCommerceClient) -> None:
        with pytest.raises(CustomerNotFound, match="woo:4711"):
            webstore.get(4711)

    def test_the_shops_own_countries(self, webstore: WooCommerceClient) -> None:
        countries = {country["code"]: country for country in webstore.countries()}
        assert countries["US"]["states"][0].keys() >= {"code", "name"}


class TestWriting:
    def test_a_created_account_is_answered_as_it_is(self, systems: Running, webstore: WooCommerceClient) -> None:
        record = webstore.create({"email": "kari@mail.example", "billing": {"city": "Oslo", "email": ""}})
        assert record == webstore.get(record["id"])
        assert record["billing"]["city"] == "Oslo"
        assert webstore.writes_made == 1

    def test_a_second_account_with_an_e_mail_is_refused(self, systems: Running, webstore: WooCommerceClient) -> None:
        person(systems, "kari@mail.example", role="subscriber")
        with pytest.raises(EmailTaken):
            webstore.create({"email": "Kari@mail.example"})

    def test_an_update_changes_what_was_sent_and_nothing_else(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        identifier = person(systems, first_name="Kari", billing={"city": "Oslo", "company": "Lie AS"})
        record = webstore.update(identifier, {"billing": {"city": "Bergen"}})
        assert (record["first_name"], record["billing"]["city"], record["billing"]["company"]) == (
            "Kari",
            "Bergen",
            "Lie AS",
        )

    def test_an_id_in_a_payload_redirects_nothing(self, systems: Running, webstore: WooCommerceClient) -> None:
        one, other = crowd(systems, 2)
        webstore.update(one, {"id": one, "first_name": "Kari"})
        with pytest.raises(InternalError):
            webstore.update(one, {"id": other, "first_name": "WRONG"})
        assert systems.webstore.people_get(one)["first_name"] == "Kari"
        assert systems.webstore.people_get(other)["first_name"] == ""

    @pytest.mark.parametrize(
        "email", [None, "", "not an email", "jürgen@müller.example", "a b@c.de", "a&b@mail.example"]
    )
    def test_no_way_of_writing_wipes_or_mangles_an_e_mail(
        self, systems: Running, webstore: WooCommerceClient, email: Any
    ) -> None:
        identifier = person(systems)
        with pytest.raises(DataError):
            webstore.update(identifier, {"email": email})
        with pytest.raises(DataError):
            webstore.create({"email": email})
        outcomes = webstore.batch(create=[{"email": email}], update=[{"id": identifier, "email": email}])
        assert isinstance(outcomes.create[0].error, DataError)
        assert isinstance(outcomes.update[0].error, DataError)
        assert systems.webstore.people_get(identifier)["email"] == "kari@mail.example"
        assert systems.webstore.customer_ids() == [identifier]
        assert systems.webstore_log.writes() == []

    def test_a_change_of_letter_case_alone_is_said_to_be_taken(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        identifier = person(systems)
        with pytest.raises(EmailTaken, match="upper and lower case"):
            webstore.update(identifier, {"email": "Kari@mail.example"})
        assert isinstance(
            webstore.batch(update=[{"id": identifier, "email": "Kari@mail.example"}]).update[0].error, EmailTaken
        )

    def test_a_billing_e_mail_can_be_cleared_although_the_single_endpoint_refuses_it(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        identifier = person(systems, billing={"email": "faktura@mail.example", "city": "Oslo"})
        record = webstore.update(identifier, {"billing": {"email": ""}})
        assert (record["billing"]["email"], record["billing"]["city"]) == ("", "Oslo")
        assert record["email"] == "kari@mail.example"

    def test_an_update_of_somebody_who_is_gone(self, webstore: WooCommerceClient) -> None:
        with pytest.raises(CustomerNotFound):
            webstore.update(4711, {"first_name": "Kari"})

    def test_names_with_signs_come_back_as_the_shop_keeps_them(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        record = webstore.create({"email": "tom@mail.example", "first_name": "Tom & Jerry", "last_name": "<b>"})
        assert record == webstore.get(record["id"])
        assert "&" in record["first_name"]


class TestBatches:
    def test_every_item_has_its_own_outcome_at_its_own_place(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        one, other = crowd(systems, 2)
        outcomes = webstore.batch(
            create=[
                {"email": "new1@mail.example"},
                {"email": "c0@mail.example"},
                {"email": "not an email"},
                {"email": "new2@mail.example"},
            ],
            update=[
                {"id": one, "first_name": "Kari"},
                {"id": 4711, "first_name": "Nobody"},
                {"id": other, "email": "c0@mail.example"},
                {"id": other, "last_name": "Lie"},
            ],
        )
        assert [type(outcome.error) for outcome in outcomes.create] == [type(None), EmailTaken, DataError, type(None)]
        assert [type(o.error) for o in outcomes.update] == [type(None), CustomerNotFound, EmailTaken, type(None)]
        made = [outcome.record for outcome in outcomes.create if outcome.record]
        assert [record["email"] for record in made] == ["new1@mail.example", "new2@mail.example"]
        assert outcomes.update[3].record == webstore.get(other)
        assert outcomes.update[1].error is not None
        assert outcomes.update[1].error.customer == "woo:4711"

    def test_more_than_a_request_takes_are_sent_in_several(self, systems: Running, webstore: WooCommerceClient) -> None:
        ids = crowd(systems, 230)
        outcomes = webstore.batch(update=[{"id": identifier, "first_name": f"N{identifier}"} for identifier in ids])
        assert all(outcome.ok for outcome in outcomes.update)
        assert [outcome.record["id"] for outcome in outcomes.update if outcome.record] == ids
        assert len(systems.webstore_log.writes()) == 3 == webstore.writes_made

    def test_creates_go_in_smaller_requests_for_they_take_the_shop_long(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        outcomes = webstore.batch(create=[{"email": f"n{number}@mail.example"} for number in range(120)])
        assert all(outcome.ok for outcome in outcomes.create)
        assert [len(entry.operations) for entry in systems.webstore_log.writes()] == [50, 50, 20]

    def test_no_batch_carries_fields_and_no_empty_one_is_sent(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        assert webstore.batch().update == []
        webstore.batch(update=[{"id": person(systems), "first_name": "Kari"}])
        assert [entry.query for entry in systems.webstore_log] == [""]

    def test_deleted_accounts_are_told_by_id(self, systems: Running, webstore: WooCommerceClient) -> None:
        one, other = crowd(systems, 2)
        outcomes = webstore.batch(delete=[one, 4711, other]).delete
        assert [outcome.ok for outcome in outcomes] == [True, False, True]
        assert isinstance(outcomes[1].error, CustomerNotFound)
        assert systems.webstore.customer_ids() == []

    def test_one_broken_update_does_not_stop_the_others(self, systems: Running, webstore: WooCommerceClient) -> None:
        one, other = crowd(systems, 2)
        outcomes = webstore.batch(
            update=[{"id": one, "billing": {"city": None}}, {"id": other, "billing": {"city": "Oslo"}}]
        ).update
        assert isinstance(outcomes[0].error, DataError)
        assert outcomes[1].ok
        assert systems.webstore.people_get(one)["billing"]["city"] == ""


class TestWebhooks:
    def test_webhooks_are_made_listed_changed_and_removed(self, systems: Running, webstore: WooCommerceClient) -> None:
        made = webstore.create_webhook("customer.updated", "http://127.0.0.1:9/hook", "a secret of ours")
        assert [hook["id"] for hook in webstore.list_webhooks()] == [made["id"]]
        assert webstore.update_webhook(made["id"], {"id": 4711, "status": "paused"})["status"] == "paused"
        webstore.delete_webhook(made["id"])
        assert webstore.list_webhooks() == []


class TestChecking:
    def test_a_good_connection_is_said_to_be_good_and_nothing_is_changed(
        self, systems: Running, webstore: WooCommerceClient
    ) -> None:
        identifier = person(systems)
        before = systems.webstore.people_get(identifier)
        findings = webstore.check()
        assert all(finding.ok for finding in findings)
        assert "1 customer of role customer" in findings[0].what
        assert systems.webstore.people_get(identifier) == before
        assert systems.webstore_log.operations("update") == systems.webstore_log.operations("create") == []
        assert webstore.writes_made == 0

    def test_a_key_that_may_only_read_is_told(self, systems: Running) -> None:
        connection = webstore_connection(
            systems, consumer_key=systems.read_only_key, consumer_secret=systems.read_only_secret
        )
        with webstore_client(connection) as client:
            findings = client.check()
            with pytest.raises(CredentialsRefused, match="Read/Write"):
                client.create({"email": "kari@mail.example"})
        assert [finding.ok for finding in findings] == [True, False]
        assert "may only read" in findings[1].what
        assert "Read/Write" in findings[1].remedy

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"consumer_key": "ck_unknown"}, "does not know the key"),
            ({"consumer_secret": "cs_wrong"}, "the secret is wrong"),
            ({"customer_role_filter": "clients"}, "no such role"),
            ({"url": "http://127.0.0.1:9"}, "cannot be reached"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_remedy(self, systems: Running, change: dict[str, Any], text: str) -> None:
        with webstore_client(webstore_connection(systems, **change)) as client:
            (finding,) = client.check()
        assert not finding.ok
        assert text in finding.what
        assert finding.remedy


def logged_by_clients(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged, without the access log of the emulated server."""
    return "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn"))


class TestSecrets:
    def test_keys_are_in_no_address_log_or_message(self, systems: Running, caplog: pytest.LogCaptureFixture) -> None:
        person(systems)
        with caplog.at_level(logging.DEBUG), webstore_client(webstore_connection(systems)) as client:
            client.customers_by_email("kari@mail.example")
            with pytest.raises(RemoteRefused) as caught:
                client._api.get("customers", {"per_page": 101})
        logged = logged_by_clients(caplog)
        shown = logged + str(caught.value) + "".join(entry.query for entry in systems.webstore_log)
        assert "consumer_" not in shown
        assert systems.consumer_key not in shown
        assert systems.consumer_secret not in shown
        assert "GET /wp-json/wc/v3/customers" in logged
        assert "kari" not in logged

    def test_keys_travel_in_the_query_only_when_the_setup_says_so_and_even_then_are_not_logged(
        self, systems: Running, caplog: pytest.LogCaptureFixture
    ) -> None:
        crowd(systems, 250)
        connection = webstore_connection(systems, api_key_as_query_param=True)
        with caplog.at_level(logging.DEBUG), webstore_client(connection) as client:
            records, _ = read(client)
            created = client.create({"email": "kari@mail.example"})
            assert client.update(created["id"], {"first_name": "Kari"})["first_name"] == "Kari"
        assert len(records) == 250
        assert all("consumer_key=redacted" in entry.query for entry in systems.webstore_log)
        logged = logged_by_clients(caplog)
        assert "POST /wp-json/wc/v3/customers" in logged
        assert systems.consumer_key not in logged
        assert systems.consumer_secret not in logged
