"""Reading and writing Business Central customers, and the surprises of its API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from connector.clients import BusinessCentralClient, Create, Update
from connector.errors import (
    CustomerChanged,
    CustomerNotFound,
    DataError,
    InternalError,
    OutcomeUnknown,
    RemoteRefused,
)
from sandbox.server import Running, start
from tests.contract.client_systems import company_client, company_connection

NOBODY = "a1b2c3d4-5001-ef11-8a6b-6045bd9c4e10"


def person(systems: Running, name: str = "Kari Lie", **more: Any) -> str:
    return str(systems.business_central.people_create({"displayName": name, **more}))


def crowd(systems: Running, count: int) -> list[str]:
    return [person(systems, f"Customer {number}") for number in range(count)]


def read(client: BusinessCentralClient, **options: Any) -> tuple[list[dict[str, Any]], Any]:
    records: list[dict[str, Any]] = []
    return records, client.read_customers(records.extend, **options)


class TestReading:
    @pytest.mark.parametrize("page_size", [7, 20_000])
    def test_everybody_is_read_once_in_order_of_number(
        self, systems: Running, company: BusinessCentralClient, page_size: int
    ) -> None:
        ids = crowd(systems, 50)
        records, census = read(company, page_size=page_size)
        assert [record["id"] for record in records] == ids
        assert sorted(record["number"] for record in records) == [record["number"] for record in records]
        assert (census.rows, census.announced, census.pages) == (50, 50, -(-50 // page_size))
        latest = max(records, key=lambda record: datetime.fromisoformat(record["lastModifiedDateTime"]))
        assert census.watermark == latest["lastModifiedDateTime"]
        assert company.writes_made == 0

    def test_an_empty_company_is_an_empty_list(self, company: BusinessCentralClient) -> None:
        records, census = read(company)
        assert records == []
        assert census.announced == 0
        assert census.watermark is None

    def test_only_the_asked_properties_travel_and_always_id_number_tag_and_time(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        person(systems)
        records, _ = read(company, select=("email",))
        assert set(records[0]) == {"@odata.etag", "id", "number", "lastModifiedDateTime", "email"}

    def test_who_changed_since_is_read_with_an_overlap(self, systems: Running, company: BusinessCentralClient) -> None:
        old = person(systems, "Old")
        watermark = read(company)[1].watermark
        systems.business_central.clock.advance(60)
        new = person(systems, "New")
        systems.business_central.people_update(old, {"displayName": "Old but changed"})
        records, census = read(company, changed_since=watermark)
        assert {record["id"] for record in records} == {old, new}
        later = census.watermark
        assert {r["id"] for r in read(company, changed_since=later, overlap_seconds=0)[0]} <= {old, new}
        systems.business_central.clock.advance(60)
        newest = person(systems, "Newest")
        assert [r["id"] for r in read(company, changed_since=later, overlap_seconds=-30)[0]] == [newest]

    def test_a_name_in_every_script_comes_as_it_is(self, systems: Running, company: BusinessCentralClient) -> None:
        for name in ("Åse Ødegård", "O'Brien & Søn", 'Quote " Slash / Back \\', "李雷 😀"):
            person(systems, name)
        assert [r["displayName"] for r in read(company)[0]] == [
            "Åse Ødegård",
            "O'Brien & Søn",
            'Quote " Slash / Back \\',
            "李雷 😀",
        ]


class TestLookingUp:
    def test_customers_are_found_by_id_and_missing_ones_are_said_to_be_missing(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        ids = crowd(systems, 130)
        found = company.customers_by_id([*ids, NOBODY, "no id at all", f"{{{ids[0].upper()}}}"])
        assert set(found) == set(ids)
        assert all(found[identifier]["id"] == identifier for identifier in ids)
        assert company.customers_by_id([]) == {}
        assert company.writes_made == 0

    def test_one_customer_is_found_without_a_batch(self, systems: Running, company: BusinessCentralClient) -> None:
        identifier = person(systems)
        assert company.get(identifier.upper())["id"] == identifier
        with pytest.raises(CustomerNotFound):
            company.get(NOBODY)
        with pytest.raises(InternalError):
            company.get("')/companies")

    def test_customers_are_found_by_number_whatever_its_letter_case(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        ids = crowd(systems, 30)
        numbers = [str(company.get(identifier)["number"]) for identifier in ids]
        found = company.customers_by_number([*numbers, numbers[0].lower(), "NOBODY", "X" * 21, ""])
        assert set(found) == {*numbers, numbers[0].lower()}
        assert found[numbers[3]]["id"] == ids[3]

    def test_a_star_in_a_number_is_a_character_and_not_any_text(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        crowd(systems, 3)
        assert company.customers_by_number(["*", "C*"]) == {}
        starred = person(systems, number="A*B")
        person(systems, number="AXB")
        assert company.customers_by_number(["A*B"])["A*B"]["id"] == starred

    @pytest.mark.parametrize("many", [1, 70])
    def test_customers_are_found_by_any_of_their_e_mails_whatever_the_letter_case(
        self, systems: Running, company: BusinessCentralClient, many: int
    ) -> None:
        plain = person(systems, email="Kari@Mail.example")
        twin = person(systems, email="kari@mail.example")
        several = person(systems, email="first@mail.example; KARI@mail.example;o'brien+x@mail.example")
        person(systems, email="xkari@mail.example")
        person(systems)
        others = [f"nobody{number}@mail.example" for number in range(many)]
        found = company.customers_by_email(
            ["KARI@mail.example", "o'brien+x@mail.example", "", "y" * 90 + "@x.example", *others]
        )
        assert set(found) == {"kari@mail.example", "o'brien+x@mail.example"}
        assert {record["id"] for record in found["kari@mail.example"]} == {plain, twin, several}
        assert [record["id"] for record in found["o'brien+x@mail.example"]] == [several]
        assert company.customers_by_email([]) == {}
        assert company.writes_made == 0

    def test_customers_are_found_by_a_filter(self, systems: Running, company: BusinessCentralClient) -> None:
        identifier = person(systems, "O'Brien & Søn #1", postalCode="0150")
        person(systems, "Somebody else")
        assert [record["id"] for record in company.find("displayName eq 'O''Brien & Søn #1'")] == [identifier]
        with pytest.raises(InternalError):
            company.find("displayName in ('A','B')")

    def test_whole_reference_lists(self, company: BusinessCentralClient) -> None:
        assert {"code", "id"} <= set(company.reference("countriesRegions")[0])
        assert company.reference("paymentTerms")
        with pytest.raises(InternalError):
            company.reference("customers?$top=1")

    def test_look_ups_ask_the_database_itself_and_only_the_great_list_may_come_from_a_copy(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        headers: list[tuple[str, dict[str, str]]] = []
        real = company._api.transport.send

        def spy(method: str, url: str, **options: Any) -> Any:
            headers.append((method, dict(options["headers"])))
            return real(method, url, **options)

        company._api.transport.send = spy  # type: ignore[method-assign]
        record = company.create({"displayName": "Kari"})
        read(company)
        company.customers_by_id([record["id"]])
        assert not [sent for _, sent in headers if "Data-Access-Intent" in sent]
        with company_client(company_connection(systems)) as fresh:
            real = fresh._api.transport.send
            fresh._api.transport.send = spy  # type: ignore[method-assign]
            headers.clear()
            read(fresh)
        intents = [(method, sent.get("Data-Access-Intent")) for method, sent in headers]
        assert ("GET", "ReadOnly") in intents
        assert {sent["Accept-Language"] for _, sent in headers} == {"en-US"}


class TestWriting:
    def test_a_created_customer_is_answered_as_it_is(self, company: BusinessCentralClient) -> None:
        record = company.create(
            {"displayName": "Kari Lie", "type": "Person", "email": "kari@mail.example", "blocked": "", "id": NOBODY}
        )
        assert record["id"] != NOBODY
        assert record["number"]
        assert record == company.get(record["id"])

    @pytest.mark.parametrize("payload", [{}, {"displayName": ""}, {"displayName": " "}, {"displayName": None}])
    def test_nobody_without_a_name_is_sent(
        self, systems: Running, company: BusinessCentralClient, payload: dict[str, Any]
    ) -> None:
        with pytest.raises(DataError):
            company.create(payload)
        assert systems.business_central_log.writes() == []

    def test_the_answer_is_the_truth_and_not_what_was_sent(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        identifier = person(systems, country="DE", city="Hamburg", postalCode="99999")
        record = company.get(identifier)
        changed = company.update(identifier, record["@odata.etag"], {"country": "NO"})
        assert (changed["country"], changed["city"], changed["postalCode"]) == ("NO", "", "")
        assert changed == company.get(identifier)

    def test_a_change_under_an_old_tag_is_refused_and_changes_nothing(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        identifier = person(systems)
        tag = company.get(identifier)["@odata.etag"]
        company.update(identifier, tag, {"displayName": "First"})
        with pytest.raises(CustomerChanged):
            company.update(identifier, tag, {"displayName": "Second"})
        assert company.get(identifier)["displayName"] == "First"

    @pytest.mark.parametrize("tag", ["", "*", "W/\n"])
    def test_nothing_is_sent_without_a_tag_or_with_one_that_fits_everything(
        self, systems: Running, company: BusinessCentralClient, tag: str
    ) -> None:
        identifier = person(systems)
        with pytest.raises(RemoteRefused, match="tag"):
            company.update(identifier, tag, {"displayName": "First"})
        assert isinstance(company.batch([Update(identifier, tag, {"displayName": "First"})])[0].error, RemoteRefused)
        assert systems.business_central_log.writes() == []

    def test_a_whole_record_can_be_sent_back(self, systems: Running, company: BusinessCentralClient) -> None:
        record = company.get(person(systems))
        changed = company.update(record["id"], record["@odata.etag"], {**record, "city": "Oslo"})
        assert changed["city"] == "Oslo"

    @pytest.mark.parametrize(
        ("payload", "code"),
        [
            ({"phoneNumber": "ext. 5"}, ""),
            ({"email": "not an email"}, "Application_DialogException"),
            ({"country": "ATLANTIS"}, "Internal_InvalidTableRelation"),
            ({"city": "x" * 31}, "Application_StringExceededLength"),
            ({"displayName": ""}, "Application_DialogException"),
            ({"nonsense": 1}, "BadRequest"),
        ],
    )
    def test_refusals_carry_the_code_of_business_central(
        self, systems: Running, company: BusinessCentralClient, payload: dict[str, Any], code: str
    ) -> None:
        record = company.get(person(systems))
        with pytest.raises(RemoteRefused) as caught:
            company.update(record["id"], record["@odata.etag"], payload)
        assert caught.value.code.startswith(code)
        assert caught.value.customer == record["id"]
        assert "CorrelationId" not in str(caught.value)
        assert "x" * 31 not in str(caught.value)

    def test_a_change_of_somebody_who_is_gone(self, systems: Running, company: BusinessCentralClient) -> None:
        record = company.get(person(systems))
        systems.business_central.people_delete(record["id"])
        with pytest.raises(CustomerNotFound):
            company.update(record["id"], record["@odata.etag"], {"city": "Oslo"})


class TestBatches:
    def test_one_failure_stops_nobody_else_and_every_write_has_its_own_outcome(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        ids = crowd(systems, 3)
        records = company.customers_by_id(ids)
        tags = [records[identifier]["@odata.etag"] for identifier in ids]
        systems.business_central.people_update(ids[1], {"displayName": "Mine"})
        outcomes = company.batch(
            [
                Update(ids[0], tags[0], {"city": "Oslo"}),
                Update(ids[1], tags[1], {"city": "Oslo"}),
                Create({"displayName": ""}),
                Create({"displayName": "New", "email": "not an email"}),
                Update(NOBODY, tags[0], {"city": "Oslo"}),
                Create({"displayName": "New"}),
                Update(ids[2], tags[2], {"city": "Bergen"}),
            ]
        )
        kinds = [type(outcome.error) for outcome in outcomes]
        nothing = type(None)
        assert kinds == [nothing, CustomerChanged, DataError, RemoteRefused, CustomerNotFound, nothing, nothing]
        assert outcomes[0].record == company.get(ids[0])
        assert outcomes[6].record is not None
        assert outcomes[6].record["city"] == "Bergen"
        assert len(systems.business_central_log.writes()) == 1 == company.writes_made

    def test_more_than_a_request_takes_are_sent_in_several(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        outcomes = company.batch([Create({"displayName": f"C{number}"}) for number in range(205)])
        names = [outcome.record["displayName"] for outcome in outcomes if outcome.record]
        assert names == [f"C{number}" for number in range(205)]
        assert [len(entry.operations) for entry in systems.business_central_log.writes()] == [100, 100, 5]
        assert company.batch([]) == []


MOVED = {"country": "SE", "taxRegistrationNumber": "SE123456789012", "city": "Lund"}
CLEARED = ("taxRegistrationNumber",)


class TestAnotherCountryAndAnotherNumber:
    """Neither can stand first: the new country refuses the old number, and the old country the new one."""

    def german(self, systems: Running, client: BusinessCentralClient) -> dict[str, Any]:
        return client.get(person(systems, country="DE", taxRegistrationNumber="DE123456789", city="Ulm"))

    def test_both_arrive_in_one_write_beside_others(self, systems: Running, company: BusinessCentralClient) -> None:
        old, other = self.german(systems, company), company.get(person(systems))
        moved, plain = company.batch(
            [
                Update(old["id"], old["@odata.etag"], MOVED, CLEARED),
                Update(other["id"], other["@odata.etag"], {"city": "Oslo"}),
            ]
        )
        assert moved.record is not None
        assert plain.ok
        assert MOVED.items() <= company.get(old["id"]).items()
        assert moved.record["@odata.etag"] == company.get(old["id"])["@odata.etag"]
        assert company.writes_made == 2

    def test_a_refused_number_leaves_everything_as_it_was(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        old = self.german(systems, company)
        (outcome,) = company.batch(
            [Update(old["id"], old["@odata.etag"], MOVED | {"taxRegistrationNumber": "12"}, CLEARED)]
        )
        assert isinstance(outcome.error, RemoteRefused)
        assert company.get(old["id"]) == old

    def test_what_somebody_has_edited_meanwhile_is_left_alone(
        self, systems: Running, company: BusinessCentralClient
    ) -> None:
        old = self.german(systems, company)
        systems.business_central.people_update(old["id"], {"taxRegistrationNumber": "DE987654321"})
        (outcome,) = company.batch([Update(old["id"], old["@odata.etag"], MOVED, CLEARED)])
        assert isinstance(outcome.error, CustomerChanged)
        assert company.get(old["id"])["taxRegistrationNumber"] == "DE987654321"

    def test_a_server_that_takes_nothing_back_is_looked_at_again(self) -> None:
        with (
            start(empty=True, business_central_settings={"snapshots_are_known": False}) as systems,
            company_client(company_connection(systems)) as company,
        ):
            old = self.german(systems, company)
            wrong = MOVED | {"taxRegistrationNumber": "12"}
            (outcome,) = company.batch([Update(old["id"], old["@odata.etag"], wrong, CLEARED)])
            assert isinstance(outcome.error, OutcomeUnknown)
