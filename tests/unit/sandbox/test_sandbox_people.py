"""Generated customers: the same by the same seed, varied, and valid for the system that holds them."""

import gzip
import json
import re
from collections import Counter

import pytest

from sandbox.company_people import MAXIMUM_LENGTHS
from sandbox.people import (
    RECORDED_WEBSTORE_CUSTOMERS,
    SandboxInputError,
    generated_webstore_customers,
    load_business_central_customers,
    load_webstore_customers,
    overlapping_business_central_customers,
)

RECORDED = load_webstore_customers(RECORDED_WEBSTORE_CUSTOMERS)
GENERATED = generated_webstore_customers(3000, seed=1)


def _emails(records) -> set[str]:
    return {record["email"].lower() for record in records if record["email"]}


def test_the_same_seed_gives_the_same_people_and_another_seed_others():
    assert generated_webstore_customers(50, 1) == generated_webstore_customers(50, 1)
    assert generated_webstore_customers(50, 1) != generated_webstore_customers(50, 2)
    assert overlapping_business_central_customers(RECORDED, 50, 1) == overlapping_business_central_customers(
        RECORDED, 50, 1
    )
    assert overlapping_business_central_customers(RECORDED, 50, 1) != overlapping_business_central_customers(
        RECORDED, 50, 2
    )


def test_so_many_customers_come_as_were_asked_for_and_some_other_users_besides():
    roles = Counter(record["role"] for record in GENERATED)
    assert roles["customer"] == 3000
    assert {"subscriber", "editor"} <= roles.keys()


def test_ids_usernames_and_emails_are_unique():
    filled = [record["email"].lower() for record in GENERATED if record["email"]]
    assert len(set(filled)) == len(filled)
    assert len({record["id"] for record in GENERATED}) == len(GENERATED)
    assert len({record["username"] for record in GENERATED}) == len(GENERATED)
    assert all(filled_in.endswith(".example") for filled_in in filled)


def test_generated_customers_have_the_shape_of_recorded_ones():
    def shape(record):
        return {
            key: sorted(value) if isinstance(value, dict) else type(value).__name__
            for key, value in record.items()
            if not key.startswith("date_modified")
        }

    example = next(record for record in RECORDED if record["role"] == "customer")
    assert all(shape(record) == shape(example) for record in GENERATED)


def test_generated_customers_have_the_mishaps_of_real_shops():
    customers = [record for record in GENERATED if record["role"] == "customer"]
    assert any("&amp;" in record["last_name"] for record in customers)
    assert any("\\" in record["first_name"] for record in customers)
    assert any("\t" in record["billing"]["company"] for record in customers)
    assert any(not record["first_name"] and record["billing"]["first_name"] for record in customers)
    assert any(record["first_name"] and not record["billing"]["country"] for record in customers)
    assert any(record["date_modified_gmt"] is None for record in customers)
    assert any(not record["email"] for record in customers)
    assert any(record["billing"]["postcode"] != record["billing"]["postcode"].upper() for record in customers)
    assert len({record["billing"]["country"] for record in customers}) >= 13


@pytest.mark.parametrize("webstore", [RECORDED, GENERATED], ids=["recorded", "generated"])
def test_business_central_customers_obey_the_rules_of_business_central(webstore):
    records = overlapping_business_central_customers(webstore, None, 4)
    for record in records:
        assert record["displayName"].strip()
        for field, length in MAXIMUM_LENGTHS.items():
            assert len(record[field]) <= length
            assert record[field] == record[field].strip()
            assert not re.search(r"[\t\n\\]|&amp;", record[field])
        assert not any(letter.isalpha() for letter in record["phoneNumber"])
        assert record["postalCode"] == record["postalCode"].upper()
        assert record["country"] != "GR"
        assert all(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", part) for part in record["email"].split(";") if part)
    assert len({record["number"] for record in records}) == len(records)
    assert len({record["id"] for record in records}) == len(records)


def test_about_sixty_percent_are_twins_of_webstore_customers():
    records = overlapping_business_central_customers(RECORDED, 1000, 0)
    known = _emails(RECORDED)
    twins = [record for record in records if record["email"].partition(";")[0].lower() in known]
    assert len(records) == 1000
    assert 600 <= len(twins) <= 640


def test_twins_hold_what_a_person_would_have_typed():
    original = {
        "id": 9,
        "email": "tom@twin.example",
        "role": "customer",
        "first_name": "Tom &amp; Jerry",
        "last_name": "O\\Neil",
        "billing": {
            **dict.fromkeys(("first_name", "last_name", "company", "address_1", "address_2", "city"), ""),
            **{"postcode": " 105 57", "country": "GR", "state": "I", "phone": "+30 21012345", "email": ""},
        },
        "meta_data": [],
    }
    twins = [overlapping_business_central_customers([original], 2, seed)[0] for seed in range(40)]
    mine = [twin for twin in twins if twin["email"].lower().startswith("tom@twin.example")]
    assert mine
    assert Counter(twin["displayName"] for twin in mine).most_common(1)[0][0] == "Tom & Jerry ONeil"
    assert Counter(twin["state"] for twin in mine).most_common(1)[0][0] == "Attica"
    assert Counter(twin["postalCode"] for twin in mine).most_common(1)[0][0] == "105 57"
    assert "EL" in {twin["country"] for twin in mine}


def test_the_companys_own_customers_are_hard_to_match():
    records = overlapping_business_central_customers(RECORDED, None, 0)
    counted = Counter(record["email"].lower() for record in records)
    assert counted[""] > 5
    assert any(number > 1 for email, number in counted.items() if email)
    assert any(";" in record["email"] for record in records)
    assert any(record["blocked"] == "All" for record in records)


def test_with_few_webstore_customers_the_rest_are_the_companys_own():
    assert len(overlapping_business_central_customers(RECORDED[:20], 200, 0)) == 200
    assert overlapping_business_central_customers([], None, 0) == []


def test_files_are_read_plain_and_packed(tmp_path):
    line = json.dumps({"id": 5, "email": "åse@file.example"}, ensure_ascii=False) + "\n\n"
    (tmp_path / "a.jsonl").write_text(line, encoding="utf-8")
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(line)
    plain, packed = (load_webstore_customers(tmp_path / name) for name in ("a.jsonl", "a.jsonl.gz"))
    assert plain == packed
    assert (plain[0]["role"], plain[0]["billing"]["email"]) == ("customer", "")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: no JSON"),
        ("[1]", "line 2: not a JSON object"),
        ('{"email": "a@file.example"}', "line 2: id must be a number"),
        ('{"id": 6}', "line 2: email must be a text"),
        ('{"id": 5, "email": "b@file.example"}', "line 2: the id 5 stands in line 1"),
        ('{"id": 6, "email": "KARI@file.example"}', "line 2: the email .* stands in line 1"),
        ('{"id": 6, "email": "", "billing": []}', "line 2: billing must be an object"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, complaint):
    file = tmp_path / "customers.jsonl"
    file.write_text('{"id": 5, "email": "kari@file.example"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(SandboxInputError, match=complaint):
        load_webstore_customers(file)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"displayName": " "}', "line 2: displayName"),
        ('{"displayName": "B", "id": "7"}', "line 2: id must be a GUID"),
        ('{"displayName": "B", "number": "c1"}', "line 2: the number 'C1' stands in line 1"),
    ],
)
def test_a_bad_line_of_the_company_is_named(tmp_path, line, complaint):
    file = tmp_path / "customers.jsonl"
    file.write_text('{"displayName": "A", "number": "C1"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(SandboxInputError, match=complaint):
        load_business_central_customers(file)


def test_a_missing_or_broken_file_is_named(tmp_path):
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"not packed")
    for path in (tmp_path / "absent.jsonl", broken):
        with pytest.raises(SandboxInputError, match=path.name):
            load_webstore_customers(path)
