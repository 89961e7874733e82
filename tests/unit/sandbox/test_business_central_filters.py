"""$filter: what finds whom, what is refused, what is silently ignored."""

import pytest
from running_company import running_company

PEOPLE = (
    {"number": "C1", "displayName": "O'Brien & Sons", "email": "Ann@Mail.example", "city": "Bergen", "creditLimit": 10},
    {"number": "C2", "displayName": "Ødegård AS", "email": "bo@mail.example;cc@mail.example", "taxLiable": True},
    {"number": "C3", "displayName": "Kari [x] Lie", "email": "", "city": "bergen", "creditLimit": 2.5},
    {"number": "D4", "displayName": "KARI LIE", "email": "kari@mail.example", "blocked": "All"},
)


@pytest.fixture
def people(cronus):
    cronus.store.load(PEOPLE)
    return cronus


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("number eq 'C2'", ["C2"]),
        ("number eq 'c2'", ["C2"]),
        ("'C2' eq number", ["C2"]),
        ("number gt 'C2'", ["C3", "D4"]),
        ("number ge 'C2' and number lt 'C3'", ["C2"]),
        ("'C2' lt number", ["C3", "D4"]),
        ("displayName eq 'O''Brien & Sons'", ["C1"]),
        ("city eq 'Bergen'", ["C1"]),
        ("tolower(city) eq 'bergen'", ["C1", "C3"]),
        ("toupper(city) eq 'BERGEN'", ["C1", "C3"]),
        ("tolower(displayName) eq 'ødegård as'", ["C2"]),
        ("email eq 'ann@mail.example'", []),
        ("tolower(email) eq 'ann@mail.example'", ["C1"]),
        ("email eq ''", ["C3"]),
        ("email ne ''", ["C1", "C2", "D4"]),
        ("contains(email,'cc@mail')", ["C2"]),
        ("startswith(displayName,'Kari')", ["C3"]),
        ("endswith(displayName,'LIE')", ["D4"]),
        ("substring(displayName,5,3) eq 'LIE'", ["D4"]),
        ("displayName eq '*ari*'", ["C3"]),
        ("displayName eq 'Kari [x]*'", ["C3"]),
        ("displayName ne 'K*'", ["C1", "C2"]),
        ("number eq 'C1' or number eq 'D4'", ["C1", "D4"]),
        ("(number eq 'C1' or number eq 'C3') and creditLimit lt 5", ["C3"]),
        ("creditLimit eq 2.5", ["C3"]),
        ("creditLimit ge 10", ["C1"]),
        ("taxLiable eq true", ["C2"]),
        ("taxLiable", ["C2"]),
        ("currencyId eq 00000000-0000-0000-0000-000000000000 and number eq 'C1'", ["C1"]),
        ("lastModifiedDateTime ge 2020-01-01T00:00:00Z and number eq 'C1'", ["C1"]),
        ("lastModifiedDateTime lt 2020-01-01T01:00:00.123456%2B01:00".replace("%2B", "+"), []),
        ("number in ('C1','C2')", ["C1", "C2", "C3", "D4"]),
        ("number in ('C1','C2') and creditLimit eq 2.5", ["C3"]),
        ("defaultDimensions/any(d: d/code eq 'A (b)') and number eq 'C1'", ["C1"]),
    ],
)
def test_a_filter_finds(people, text, numbers):
    assert people.find(text) == numbers


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("mobilePhone eq 'x'", "BadRequest", "named 'mobilePhone' on type 'Microsoft.NAV.customer'"),
        ("email eq 'x' or number eq 'y'", "BadRequest", "The 'OR' operator is not supported on distinct fields"),
        (
            "(city eq 'x' and number eq 'a') or (city eq 'y' and number eq 'b')",
            "BadRequest",
            "The 'OR' operator is not supported on distinct fields",
        ),
        ("not (number eq 'C1')", "BadRequest", "'not' is not supported"),
        ("number eq", "BadRequest", "Syntax error at position 9"),
        ("number eq 'C1' and", "BadRequest", "Syntax error"),
        ("number eq 'C1')", "BadRequest", "Syntax error at position 14"),
        ("number eq 'C1", "BadRequest", "Syntax error"),
        ("number % 'C1'", "BadRequest", "Syntax error"),
        ("number eq C1", "BadRequest", "other comparisons are not supported"),
        ("number eq city", "BadRequest", "other comparisons are not supported"),
        ("'a' eq 'b'", "BadRequest", "other comparisons are not supported"),
        ("number eq 7", "BadRequest", "'Edm.String' and 'Edm.Decimal'"),
        ("creditLimit eq '7'", "BadRequest", "'Edm.Decimal' and 'Edm.String'"),
        ("id eq 'a1b2c3d4-5001-4f11-8a6b-6045bd9c4e10'", "BadRequest", "'Edm.Guid' and 'Edm.String'"),
        ("lastModifiedDateTime gt '2024-01-01T00:00:00Z'", "BadRequest", "'Edm.DateTimeOffset' and 'Edm.String'"),
        ("lastModifiedDateTime gt 2024-01-01", "BadRequest", "'Edm.DateTimeOffset' and 'Edm.Date'"),
        ("lastModifiedDateTime gt 2024-01-01T00:00:00", "BadRequest", "should be in format"),
        ("lastModifiedDateTime gt 2024-13-01T00:00:00Z", "BadRequest", "should be in format"),
        ("blocked eq 'All'", "BadRequest", "incompatible types"),
        ("contains(tolower(email),'x')", "BadRequest", "Nested functions"),
        ("contains(creditLimit,'x')", "BadRequest", "No function signature"),
        ("length(email) eq 3", "BadRequest", "An unknown function with name 'length'"),
        ("year(lastModifiedDateTime) eq 2024", "BadRequest", "An unknown function with name 'year'"),
        ("tolower(email)", "BadRequest", "is no condition"),
        ("contains(email,'x') eq true", "BadRequest", "is a condition of its own"),
        (
            "number eq 'WOO-ORDER-2026-000012345'",
            "Application_FilterErrorException",
            "The filter \"='WOO-ORDER-2026-000012345'\" is not valid for the No. field on the Customer table. "
            "The length of the string is 24, but it must be less than or equal to 20 characters.",
        ),
        ("(" * 200 + "number eq 'C1'" + ")" * 200, "BadRequest", "nested too deeply"),
    ],
)
def test_a_filter_is_refused(people, text, code, part):
    status, found_code, message = people.refused(text)
    assert (status, found_code) == (400, code)
    assert part in message


def test_a_plus_that_is_not_encoded_is_a_blank_and_breaks_the_time(people):
    answer = people.session.get(f"{people.customers}?$filter=lastModifiedDateTime gt 2024-01-01T00:00:00+01:00")
    assert answer.status_code == 400


def test_what_the_newer_schema_allows_works_where_a_company_honours_it():
    with running_company(honours_schema_version=True) as company:
        company.store.load(PEOPLE)
        newer = {"$schemaversion": "2.1"}
        assert company.find("number in ('C1','D4')", **newer) == ["C1", "D4"]
        assert company.find("contains(tolower(displayName),'kari')", **newer) == ["C3", "D4"]
        assert company.find("number in ('C1','D4')") == ["C1", "C2", "C3", "D4"]
    with running_company(in_operator="works", nested_functions="works", enums_in_filters=True) as company:
        company.store.load(PEOPLE)
        assert company.find("number in ('C1','d4')") == ["C1", "D4"]
        assert company.find("endswith(tolower(displayName),'lie')") == ["C3", "D4"]
        assert company.find("blocked eq 'All'") == ["D4"]
        assert company.find("blocked eq Microsoft.NAV.customerBlocked'All'") == ["D4"]


def test_switched_off_a_star_is_a_star_and_codes_keep_their_case():
    with running_company(star_is_a_wildcard=False, codes_are_filtered_in_upper_case=False) as company:
        company.store.load([*PEOPLE, {"number": "E5", "displayName": "K*"}])
        assert company.find("displayName eq 'K*'") == ["E5"]
        assert company.find("number eq 'c1'") == []
