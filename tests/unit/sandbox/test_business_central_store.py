"""The state behind the emulator: the same by seed, in memory or in a file, in several threads."""

import threading

import pytest
from running_company import ZEROS, running_company

from sandbox.business_central.store import Store
from sandbox.people import SandboxInputError

COMPANY = "CRONUS International Ltd."


@pytest.fixture
def store():
    store = Store(":memory:", seed=0, company=COMPANY)
    yield store
    store.close()


def test_the_same_seed_gives_the_same_ids_and_another_seed_others(store):
    same, other = Store(":memory:", seed=0, company=COMPANY), Store(":memory:", seed=1, company=COMPANY)
    made = [each.people_create({"displayName": "Kari"}) for each in (store, same, other)]
    terms = [each.references.id_of("paymentTerms", "30 DAYS") for each in (store, same, other)]
    for each in (same, other):
        each.close()
    assert made[0] == made[1] != made[2]
    assert terms[0] == terms[1] != terms[2]
    assert store.company_id == same.company_id != other.company_id


def test_loaded_records_keep_what_they_bring_and_get_what_they_lack(store):
    brought = {
        "id": "A1B2C3D4-5001-4F11-8A6B-6045BD9C4E10",
        "number": "c00170",
        "displayName": "Kari",
        "currencyCode": "NOK",
        "lastModifiedDateTime": "2026-08-19T16:02:07.400Z",
        "balanceDue": 12.0,
        "@odata.etag": "ignored",
    }
    assert store.load([brought, {"displayName": "Ola"}]) == 2
    kari = store.people_get("a1b2c3d4-5001-4f11-8a6b-6045bd9c4e10")
    assert (kari["number"], kari["currencyCode"], kari["balanceDue"]) == ("C00170", "NOK", 12)
    assert kari["lastModifiedDateTime"] == "2026-08-19T16:02:07.4Z"
    assert kari["currencyId"] == store.references.id_of("currencies", "NOK")
    ola = next(record for record in map(store.people_get, store.customer_ids()) if record["displayName"] == "Ola")
    assert (ola["number"], ola["paymentTermsId"]) == ("C00171", ZEROS)


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([{"number": "C1"}, {"number": "c1"}], "same number"),
        ([{"id": "a1b2c3d4-5001-4f11-8a6b-6045bd9c4e10"}] * 2, "same id"),
        ([{"mobilePhone": "1"}], "no property 'mobilePhone'"),
        ([{"city": 7}], "city .* cannot be 7"),
        ([{"creditLimit": "7"}], "creditLimit .* cannot be '7'"),
        ([{"lastModifiedDateTime": "yesterday"}], "lastModifiedDateTime .* cannot be 'yesterday'"),
    ],
)
def test_records_that_make_no_sense_are_refused_together(store, records, complaint):
    with pytest.raises(SandboxInputError, match=complaint):
        store.load([{"displayName": "Kari"}, *records])
    assert store.customer_ids() == []


def test_people_edit_past_the_rules_and_move_time_and_etag(store):
    made = store.people_create({"displayName": "Kari", "country": "NO", "city": "Namsos"})
    before = store.people_get(made)
    store.clock.advance(1)
    store.people_update(made, {"country": "SE", "phoneNumber": "call Kari", "currencyCode": "SEK"})
    after = store.people_get(made)
    assert (after["city"], after["phoneNumber"], after["currencyCode"]) == ("Namsos", "call Kari", "SEK")
    assert after["@odata.etag"] != before["@odata.etag"]
    assert after["lastModifiedDateTime"] != before["lastModifiedDateTime"]
    store.people_update(made, {"currencyId": store.references.id_of("currencies", "USD")})
    assert store.people_get(made)["currencyCode"] == "USD"
    with pytest.raises(KeyError):
        store.people_update("nobody", {"city": "Oslo"})


def test_people_may_say_when_they_edited(store):
    moment = "2026-08-19T16:02:07.4Z"
    made = store.people_create({"displayName": "Kari", "lastModifiedDateTime": moment})
    assert store.people_get(made)["lastModifiedDateTime"] == moment
    store.people_update(made, {"city": "Oslo", "lastModifiedDateTime": "2026-08-20T00:00:00Z"})
    assert store.people_get(made)["lastModifiedDateTime"] == "2026-08-20T00:00:00Z"


@pytest.mark.parametrize("is_tagged", [True, False])
def test_posting_moves_the_balance_and_not_the_time(store, is_tagged):
    store.balance_changes_etag = is_tagged
    made = store.people_create({"displayName": "Kari"})
    before = store.people_get(made)
    store.clock.advance(1)
    store.people_update(made, {"balanceDue": 99.5})
    after = store.people_get(made)
    assert after["balanceDue"] == 99.5
    assert after["lastModifiedDateTime"] == before["lastModifiedDateTime"]
    assert (after["@odata.etag"] != before["@odata.etag"]) == is_tagged


def test_deleting_somebody_who_has_gone_does_nothing(store):
    made = store.people_create({"displayName": "Kari"})
    for _ in range(2):
        store.people_delete(made)
    with pytest.raises(KeyError):
        store.people_get(made)


def test_clearing_starts_over_and_keeps_the_companys_tables(store):
    made = store.people_create({"displayName": "Kari"})
    store.references.put("countriesRegions", {"code": "XK"})
    store.clear()
    assert store.customer_ids() == []
    assert store.references.id_of("countriesRegions", "XK")
    assert store.people_create({"displayName": "Kari"}) == made


def test_a_file_keeps_customers_numbers_and_tokens(tmp_path):
    file = str(tmp_path / "company.sqlite")
    with running_company(file) as company:
        company.store.references.put("countriesRegions", {"code": "XK"})
        first = company.create(country="XK")
        authorization = company.session.headers["Authorization"]
    with running_company(file) as company:
        company.session.headers["Authorization"] = authorization
        kept = company.session.get(f"{company.customers}({first['id']})").json()
        assert kept["@odata.etag"] == first["@odata.etag"]
        assert company.create(country="XK")["number"] == "C00011"


def test_people_and_clients_may_work_at_the_same_time(cronus):
    customer = cronus.create()
    failures: list[Exception] = []

    def edit(thread: int) -> None:
        try:
            for number in range(25):
                cronus.store.people_update(customer["id"], {"addressLine2": f"{thread}-{number}"})
                cronus.store.people_create({"displayName": f"{thread}-{number}"})
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    statuses = {cronus.session.get(cronus.customers).status_code for _ in range(20)}
    for thread in threads:
        thread.join()
    assert (failures, statuses) == ([], {200})
    records = [cronus.store.people_get(key) for key in cronus.store.customer_ids()]
    assert len({record["number"] for record in records}) == len(records) == 101


def test_a_hundred_edits_at_once_with_one_etag_let_exactly_one_through(cronus):
    customer = cronus.create()
    statuses = []

    def patch(number: int) -> None:
        statuses.append(cronus.patch(customer, city=f"City {number}").status_code)

    threads = [threading.Thread(target=patch, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 19
