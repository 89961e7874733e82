"""Behaviour of which only one of two ways can be right: both can be had."""

import pytest
from running_company import ZEROS, refusal, running_company

UNKNOWN_ID = "deadbeef-0000-4000-8000-000000000000"


def test_properties_are_validated_in_the_order_of_the_body_or_of_the_page():
    sent = {"postalCode": "5003", "city": "Bergen sentrum", "country": "NO"}
    with running_company() as company:
        assert company.create(**sent)["city"] == "Bergen sentrum"
    with running_company(trigger_order="page") as company:
        assert company.create(**sent)["city"] == "Bergen"


def test_a_patch_without_a_change_moves_the_time_or_does_not():
    for is_change in (True, False):
        with running_company(unchanged_patch_is_a_change=is_change) as company:
            before = company.create(city="Oslo", currencyCode="NOK")
            company.store.clock.advance(1)
            after = company.patch(before, city="Oslo", currencyCode="nok").json()
            assert (after["lastModifiedDateTime"] != before["lastModifiedDateTime"]) == is_change
            assert (after["@odata.etag"] != before["@odata.etag"]) == is_change
            assert company.patch(after, city="Bergen").json()["city"] == "Bergen"


def test_a_number_in_use_is_a_400_or_a_409():
    with running_company(duplicate_number_status=409) as company:
        company.create(number="C1")
        answer = company.session.post(company.customers, json={"displayName": "Ola", "number": "C1"})
        assert refusal(answer)[:2] == (409, "Internal_EntityWithSameKeyExists")


def test_an_unknown_id_has_one_code_or_the_other():
    with running_company(unknown_id_code="BadRequest_NotFound") as company:
        answer = company.session.get(f"{company.customers}({UNKNOWN_ID})")
        assert refusal(answer)[:2] == (404, "BadRequest_NotFound")


def test_an_unknown_relation_is_refused_by_the_table_or_by_the_page():
    with running_company(unknown_relation_error="page") as company:
        answer = company.session.post(company.customers, json={"displayName": "K", "paymentTermsId": UNKNOWN_ID})
        expected = 'The "paymentTermsId" does not match to a Payment Terms.'
        assert refusal(answer) == (400, "Application_DialogException", expected)


def test_null_is_refused_or_clears_a_text():
    with running_company(null_clears_text=True) as company:
        customer = company.create(city="Oslo")
        assert company.patch(customer, city=None).json()["city"] == ""
        assert refusal(company.patch(customer, taxLiable=None))[1] == "BadRequest_RequiredParamNotProvided"


def test_an_id_may_not_be_posted_or_may():
    with running_company(id_may_be_posted=True) as company:
        assert company.create(id=UNKNOWN_ID)["id"] == UNKNOWN_ID
        assert company.create(id=ZEROS)["id"] != ZEROS
        again = company.session.post(company.customers, json={"displayName": "Ola", "id": UNKNOWN_ID})
        assert refusal(again)[:2] == (400, "Internal_EntityWithSameKeyExists")
        assert refusal(company.patch(company.create(), id=UNKNOWN_ID))[1] == "BadRequest_InvalidOperation"


def test_a_delete_may_need_an_etag():
    with running_company(delete_requires_if_match=True) as company:
        customer = company.create()
        url = f"{company.customers}({customer['id']})"
        assert refusal(company.session.delete(url))[:2] == (400, "BadRequest_InvalidToken")
        assert company.session.delete(url, headers={"If-Match": "*"}).status_code == 204


def test_a_posted_document_makes_an_etag_old_or_does_not():
    for is_tagged, status in ((True, 409), (False, 200)):
        with running_company(balance_changes_etag=is_tagged) as company:
            customer = company.create()
            company.store.people_update(customer["id"], {"balanceDue": 10})
            assert company.patch(customer, city="Oslo").status_code == status


def test_a_created_customer_has_an_address_in_the_header_or_not():
    with running_company(location_after_create=False) as company:
        answer = company.session.post(company.customers, json={"displayName": "Kari"})
        assert "Location" not in answer.headers


@pytest.mark.parametrize(("checks", "status"), [(True, 400), (False, 200)])
def test_vat_numbers_are_checked_or_not(checks, status):
    with running_company(checks_vat_numbers=checks) as company:
        assert company.patch(company.create(country="DE"), taxRegistrationNumber="12").status_code == status


def test_application_servers_may_disagree_about_the_time():
    with running_company(clock_offsets_ms=(0, -4_000)) as company:
        first, second = company.create(), company.create()
        later_first = company.find(f"lastModifiedDateTime lt {first['lastModifiedDateTime']}")
        assert later_first == [second["number"]]


def test_a_new_customers_address_is_cleared_by_a_late_country_or_kept():
    sent = {"postalCode": "5003", "city": "Bergen", "country": "SE"}
    for clears, city in ((True, ""), (False, "Bergen")):
        with running_company(country_clears_new_addresses=clears) as company:
            assert company.create(**sent)["city"] == city


def test_of_a_patch_with_two_faults_one_or_the_other_is_told():
    for first, status in (("body", 400), ("etag", 409)):
        with running_company(first_error_of_a_patch=first) as company:
            old = company.create()
            company.patch(old, city="Oslo")
            assert company.patch(old, nonsense=1).status_code == status
    for tag_first, status in ((False, 404), (True, 400)):
        with running_company(missing_if_match_before_unknown_id=tag_first) as company:
            answer = company.session.patch(f"{company.customers}({UNKNOWN_ID})", json={"city": "Oslo"})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("settings", "sent", "found"),
    [
        ({"dates_stand_for_times": True}, "lastModifiedDateTime gt 2020-01-01", 1),
        ({"dates_stand_for_times": False}, "lastModifiedDateTime gt 2020-01-01", None),
        ({"null_in_filters": "blank"}, "city eq null", 1),
        ({"null_in_filters": "refused"}, "city eq null", None),
        ({"long_literals_in_functions": "refused"}, f"contains(city,'{'x' * 31}')", None),
        ({"long_literals_in_functions": "nothing"}, f"contains(city,'{'x' * 31}')", 0),
        ({"suffixed_numbers": True}, "creditLimit lt 1e1", 1),
        ({"suffixed_numbers": False}, "creditLimit lt 10m", None),
    ],
)
def test_a_filter_is_understood_or_refused(settings, sent, found):
    with running_company(**settings) as company:
        company.create()
        if found is None:
            assert company.refused(sent)[0] == 400
        else:
            assert len(company.find(sent)) == found


def test_the_rest_of_what_nobody_has_seen():
    with running_company(
        options_know_letter_case=True,
        batch_references=True,
        unknown_environment_needs_token=True,
        missing_secret_status=400,
    ) as company:
        assert company.session.get(company.customers, params={"$Top": 1}).status_code == 400
        create = {"method": "POST", "url": company.relative, "body": {"displayName": "A"}}
        change = {"method": "PATCH", "url": "$0", "headers": {"If-Match": "*"}, "body": {"city": "Oslo"}}
        assert company.batch(create, change).json()["responses"][1]["body"]["city"] == "Oslo"
        other = company.customers.replace("/sandbox/api", "/other/api")
        assert company.session.get(other).status_code == 404
        company.session.headers["Authorization"] = "Bearer none"
        assert company.session.get(other).status_code == 401
