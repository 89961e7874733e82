"""Field rules are data, and refused whole with file, line and remedy."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from pathlib import Path

import openpyxl
import pytest

from connector.core.normalize import NORMALIZERS
from connector.core.properties import PROPERTIES
from connector.errors import SetupError
from connector.rules import FILES, check_rules, explain_rules, load_rules

FIELDS = resources.files("mappings").joinpath("fields.csv").read_text(encoding="utf-8")
README = resources.files("mappings").joinpath("README.md").read_text(encoding="utf-8")


def said(folder: Path, webstore: str = "", **files: str) -> str:
    """What the check says of these files (`fields` is fields.csv) laid over the shipped ones."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return "\n".join(check_rules(folder, webstore))


def with_fields(*lines: str) -> str:
    return FIELDS + "\n".join(lines) + "\n"


def field(**changes: str) -> str:
    """A line of fields.csv; what is not given is harmless."""
    line = {
        "field": "extra", "webstore": "meta:extra", "business_central": "website", "direction": "both", "conflict": "",
        "first_link": "", "blank": "", "max_length": "255", "normalizer": "text", "too_long": "quarantine", "default": "",
        "options": "",
    } | changes  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(line.values())
    return out.getvalue()


def test_the_rules_that_ship_are_valid_and_have_a_digest() -> None:
    rules = load_rules()
    assert re.fullmatch(r"[0-9a-f]{64}", rules.digest)
    assert rules.fields.names[:2] == ("name", "email")
    assert rules.fields.by_name["vat_number"].webstore == "vat"
    assert rules.templates == ()


def test_a_file_of_fields_without_a_field_is_refused(tmp_path: Path) -> None:
    problems = said(tmp_path, fields=FIELDS.splitlines()[0] + "\n")
    assert "the field name (name ↔ displayName) is missing" in problems
    assert "the field email" in problems


@pytest.mark.parametrize("name", ["bc_id", "webstore_id", "malformed"])
def test_a_field_that_is_called_like_a_column_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    assert "choose another name" in said(tmp_path, fields=with_fields(field(field=name)))


def test_files_that_a_shop_does_not_have_are_the_ones_that_ship(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("not a rule file")
    assert load_rules(tmp_path) == load_rules()
    (tmp_path / "vat_keys.csv").write_text("webstore,order,meta_key\n,1,nif\n", encoding="utf-8")
    own = load_rules(tmp_path)
    assert own.fields.vat_keys == ("nif",)
    assert own.fields.rules == load_rules().fields.rules
    assert own.digest != load_rules().digest


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    (tmp_path / "fields.csv").write_bytes(b"\xef\xbb\xbf" + FIELDS.replace("\n", "\r\n").encode())
    assert load_rules(tmp_path).fields.rules == load_rules().fields.rules


def test_every_problem_of_every_file_is_named_in_one_message_and_nothing_loads(tmp_path: Path) -> None:
    header = FIELDS.split("\n", 1)[0]
    (tmp_path / "fields.csv").write_text(
        f"{header}\n"
        "name,name,displayName,sideways,,,,100,text,quarantine,,\n"
        "phone,billing.fax,faxNumber,both,maybe,,,30,roman,quarantine,,\n"
        "name,name,displayName,both,,,,101,text,quarantine,,\n"
        "city,billing.city\n",
        encoding="utf-8",
    )
    (tmp_path / "countries.csv").write_text("iso,business_central\nGreece,EL\n", encoding="utf-8")
    (tmp_path / "states.csv").write_text("country,code\n", encoding="utf-8")
    with pytest.raises(SetupError) as refused:
        load_rules(tmp_path)
    message = str(refused.value)
    for expected in (
        "fields.csv:2: direction is 'sideways'; it must be one of both, pull, push",
        "fields.csv:3: webstore is 'billing.fax'; it must be meta:KEY or one of billing.address_1,",
        "fields.csv:3: business_central is 'faxNumber'; it must be one of addressLine1,",
        "fields.csv:3: conflict is 'maybe'; it must be one of ask, business-central, newest, webstore or left blank",
        "fields.csv:3: normalizer is 'roman'",
        "fields.csv:4: max_length is '101'; it must be a whole number of characters, at most the 100",
        "fields.csv:4: field 'name' stands in line 2 already",
        "fields.csv:5: the line does not have 12 values",
        "fields.csv: the field email (email ↔ email) is missing",
        "countries.csv:2: iso is 'Greece'; it must be an ISO code",
        "states.csv:1: the columns name are missing",
    ):
        assert expected in message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "fields.csv is empty"),
        ('field,"webstore\n', "fields.csv: line 1: not readable as CSV"),
        (
            FIELDS.replace("too_long,default", "too_long,defualt"),
            "fields.csv:1: no such columns: defualt; there are field",
        ),
        (with_fields('extra,"meta:a"b,website'), "fields.csv:12: not readable as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_a_problem_not_a_crash(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in said(tmp_path, fields=text)


def test_a_file_in_another_encoding_a_misspelt_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "states.csv").write_bytes("country,code,name\nDE,BY,Bayern-München\n".encode("latin-1"))
    (tmp_path / "field.csv").write_text("field\n")
    problems = said(tmp_path)
    assert "states.csv: line 2 is not UTF-8. Save it as CSV UTF-8." in problems
    assert "field.csv: no such rule file; rename it to one of fields.csv" in problems
    assert "there is no such folder" in "\n".join(check_rules(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (field(webstore="meta:_bc_number"), "keys that begin with _ or wp_"),
        (field(webstore="meta:wp_number"), "keys that begin with _ or wp_"),
        (field(webstore="meta:billing_city"), "that key is a part of the account itself"),
        (field(webstore="meta:"), "name one meta key"),
        (field(business_central="lastModifiedDateTime"), "moves with every synchronisation"),
        (field(business_central="number", max_length="20", normalizer="code"), "number cannot be written, so it must be push"),
        (field(business_central="salespersonCode", max_length="20"), "salespersonCode needs code"),
        (field(business_central="creditLimit", max_length=""), "creditLimit needs decimal or integer"),
        (field(business_central="creditLimit", normalizer="decimal", max_length="9"), "creditLimit is no text"),
        (field(business_central="taxLiable", max_length="", normalizer="text"), "taxLiable needs boolean"),
        (field(business_central="blocked", max_length="", normalizer="option"), "options is blank"),
        (field(business_central="blocked", max_length="", normalizer="option", options="All|Some"), "Some are none of blocked"),
        (field(options="a|b"), "only the normalizer option has options"),
        (field(webstore="billing.email", normalizer="text"), "billing.email needs email"),
        (field(webstore="billing.company"), "billing.company is written by the field name already; direction must be pull"),
        (field(webstore="billing.city"), "the webstore's billing.city is written by line 9 already"),
        (field(webstore="meta:vat_number"), "the webstore's meta:vat_number is written by line 11 already"),
        (field(business_central="city", max_length="30"), "Business Central's city is written by line 9 already"),
        (field(webstore="shipping.country", business_central="country", max_length="10", normalizer="country"),
         "a country is mapped by line 7"),
        (field(webstore="billing.city", normalizer="state", direction="pull"), "which only fits billing.state"),
        (field(normalizer="integer", default="many"), "default is 'many'; the value is not a whole number"),
        (field(max_length="3", default="long"), "default is longer than max_length (3)"),
        (field(field="Extra Field"), "it must be a name of small letters"),
        (field(max_length="0"), "max_length is '0'"),
    ],
)  # fmt: skip
def test_a_line_that_could_not_work_says_why_and_what_to_do(tmp_path: Path, line: str, problem: str) -> None:
    problems = said(tmp_path, fields=with_fields(line))
    assert re.search(r"^fields\.csv:12: ", problems, re.MULTILINE)
    assert problem in problems


@pytest.mark.parametrize(
    "line",
    [
        field(
            webstore="meta:bc_customer_number",
            business_central="number",
            direction="push",
            max_length="20",
            normalizer="code",
        ),
        field(webstore="billing.company", direction="pull"),
        field(webstore="shipping.phone"),
        field(business_central="blocked", max_length="", normalizer="option", options="All | Ship", default="all"),
        field(business_central="taxLiable", max_length="", normalizer="boolean", default="yes"),
        field(business_central="balanceDue", direction="push", max_length="", normalizer="decimal"),
        field(business_central="paymentTermsId", direction="push", max_length="", normalizer="code"),
        field(normalizer="date"),
    ],
)
def test_a_shop_adds_a_field_by_a_line(tmp_path: Path, line: str) -> None:
    assert said(tmp_path, fields=with_fields(line)) == ""
    rule = load_rules(tmp_path).fields.by_name["extra"]
    assert rule.default in {"", "All", "true"}


@pytest.mark.parametrize(
    ("name", "lines", "problem"),
    [
        ("countries", "iso,business_central\nGR,EL\nGR,GR2\n", "countries.csv:3: iso 'GR' stands in line 2 already"),
        ("countries", "iso,business_central\nGR,EL\nCY,EL\n", "countries.csv:3: business_central 'EL' stands in line 2"),
        ("countries", "iso,business_central\nAT,AU\n", "countries.csv:2: business_central is 'AU', the ISO code of another"),
        ("countries", "iso,business_central\nAT,\n", "countries.csv:2: business_central is ''"),
        ("states", "country,code,name\nDE,BY,Bavaria\nDE,BW,bavaria\n", "states.csv:3: name 'bavaria' is state 'BY' above"),
        ("states", "country,code,name\nDE,BY,Bavaria\nDE,by,Bayern\n", "states.csv:3: code 'by' is spelled 'BY' above"),
        ("states", "country,code,name\nDE,BY,\n", "states.csv:2: code and name must both be there"),
        ("state_policies", "country,business_central,unknown\nUS,codes,\n", "state_policies.csv:2: business_central is 'codes'"),
        ("state_policies", "country,business_central,unknown\nUS,code,drop\n", "state_policies.csv:2: unknown is 'drop'"),
        ("vat_keys", "webstore,order,meta_key\n,first,nif\n", "vat_keys.csv:2: order is 'first'"),
        ("vat_keys", "webstore,order,meta_key\n,1,_vat\n", "vat_keys.csv:2: meta_key is '_vat'; WooCommerce drops keys"),
        ("vat_keys", "webstore,order,meta_key\n,1,nif\n,1,cif\n", "vat_keys.csv:3: webstore '', order '1' stands in line 2"),
        ("vat_keys", "webstore,order,meta_key\nMain Shop,1,nif\n", "vat_keys.csv:2: webstore is 'Main Shop'"),
        ("vat_keys", "webstore,order,meta_key\n", "fields.csv:11: webstore is 'vat', but vat_keys.csv has no key"),
        ("names", "country,order,surnames\nHU,last-first,1\n", "names.csv:2: order is 'last-first'; it must be one of by-script"),
        ("names", "country,order,surnames\nES,given-first,3\n", "names.csv:2: surnames is '3'"),
        ("name_particles", "word,belongs_to\nvan der,next\n", "name_particles.csv:2: word is 'van der'; it must be one word"),
        ("name_particles", "word,belongs_to\nvan,last\n", "name_particles.csv:2: belongs_to is 'last'"),
    ],
)  # fmt: skip
def test_problems_of_the_other_files_are_named(tmp_path: Path, name: str, lines: str, problem: str) -> None:
    assert problem in said(tmp_path, **{name: lines})


TEMPLATES = (
    "webstore,country,state,currency,payment_terms,shipment_method,payment_method,tax_area,salesperson,credit_limit,"
    "tax_liable,blocked\n"
)


def test_the_template_that_names_the_webstore_counts(tmp_path: Path) -> None:
    lines = ",,,,30 DAYS,,,,,,,\nmain,,,,14 DAYS,,,,,,,\nother,US,,,,,,,,,true,\n,US,CA,USD,,,,,,5000.5,false,Ship\n"
    (tmp_path / "templates.csv").write_text(TEMPLATES + lines, encoding="utf-8")
    main = {(t.country, t.state): t for t in load_rules(tmp_path, "main").templates}
    other = {(t.country, t.state): t for t in load_rules(tmp_path, "other").templates}
    assert main["", ""].payment_terms == "14 DAYS"
    assert other["", ""].payment_terms == "30 DAYS"
    assert ("US", "") not in main
    assert other["US", ""].tax_liable is True
    place = main["US", "CA"]
    assert (place.currency, place.credit_limit, place.tax_liable, place.blocked) == ("USD", 5000.5, False, "Ship")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",USA,,,,,,,,,,", "country is 'USA'"),
        (",,CA,,,,,,,,,", "a state needs its country"),
        (",,,,,,,,,-1,,", "credit_limit is '-1'"),
        (',,,,,,,,,"1,000",,', "credit_limit is '1,000', which may be a thousand or one"),
        (",,,,,,,,,,yes,", "tax_liable is 'yes'; it must be one of false, true or left blank"),
        (",,,,,,,,,,,Never", "blocked is 'Never'"),
    ],
)
def test_a_template_that_could_not_work_says_why(tmp_path: Path, line: str, problem: str) -> None:
    assert f"templates.csv:2: {problem}" in said(tmp_path, templates=TEMPLATES + line + "\n")


def test_a_webstore_with_vat_keys_of_its_own_uses_these_alone(tmp_path: Path) -> None:
    (tmp_path / "vat_keys.csv").write_text("webstore,order,meta_key\n,1,a\nmain,2,b\nmain,1,c\n", encoding="utf-8")
    assert load_rules(tmp_path, "main").fields.vat_keys == ("c", "b")
    assert load_rules(tmp_path, "other").fields.vat_keys == ("a",)


def test_the_rules_are_explained_in_words() -> None:
    rows = {row["field"]: row for row in explain_rules(load_rules())}
    assert rows["city"] == {
        "field": "city", "webstore": "billing.city", "direction": "↔", "business_central": "city",
        "kind": "text, up to 30 characters", "policies": "", "notes": "",
    }  # fmt: skip
    assert "meta keys vat_number, billing_vat_number" in rows["vat_number"]["notes"]
    assert rows["name"]["policies"] == "blank keep"


def undocumented(names: Iterable[str]) -> list[str]:
    return [name for name in names if f"`{name}`" not in README]


def test_every_file_column_kind_and_property_is_documented() -> None:
    headings = " ".join(line for line in README.splitlines() if line.startswith("## "))
    assert [name for name in FILES if name not in headings] == []
    assert undocumented(column for columns in FILES.values() for column in columns.needed + columns.optional) == []
    assert undocumented(NORMALIZERS) == []
    assert undocumented(PROPERTIES) == []


VAT_KEYS = "webstore,order,meta_key\n,1,billing_vat\nMain,2,nif\n"


@pytest.mark.parametrize(
    "data",
    [
        VAT_KEYS.replace(",", ";").encode(),
        VAT_KEYS.replace(",", "\t").encode("utf-16"),
        b"sep=;\r\n" + VAT_KEYS.replace(",", ";").replace("\n", "\r\n").encode(),
        VAT_KEYS.replace(",", ";").replace("\n", ";;\n").encode("utf-8-sig") + b";;;;\n\n",
        b"META_KEY;Webstore;Order\nbilling_vat;;1\nnif;MAIN;2\n",
        b'webstore,order,meta_key\r",1,billing_vat"\r"main,2,""nif"""\r',
        b'"webstore";"order";"meta_key"\n"";"1";"billing_vat"\n"main";"2";"nif"\n',
    ],
    ids=["semicolons", "unicode-text", "sep", "empty-columns", "capitals", "whole-lines", "all-quoted"],
)  # fmt: skip
def test_a_file_is_read_as_spreadsheets_of_any_country_save_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "vat_keys.csv").write_bytes(data)
    assert check_rules(tmp_path) == []
    assert load_rules(tmp_path).fields.vat_keys == ("billing_vat",)
    assert load_rules(tmp_path, "main").fields.vat_keys == ("nif",)


def test_the_same_rules_have_one_digest_however_they_were_saved_also_as_a_sheet(tmp_path: Path) -> None:
    digests = set()
    for name, data in (("a", VAT_KEYS.encode()), ("b", VAT_KEYS.replace(",", ";").encode("utf-8-sig")), ("c", None)):
        folder = tmp_path / name
        folder.mkdir()
        if data is None:
            book = openpyxl.Workbook()
            for row in csv.reader(io.StringIO(VAT_KEYS)):
                book.active.append([int(value) if value.isdigit() else value or None for value in row])
            book.save(folder / "VAT_keys.xlsx")
        else:
            (folder / "vat_keys.csv").write_bytes(data)
        digests.add(load_rules(folder, "main").digest)
    assert len(digests) == 1
    (tmp_path / "a" / "vat_keys.xlsx").write_bytes((tmp_path / "c" / "VAT_keys.xlsx").read_bytes())
    assert "vat_keys.csv is there, too; keep one of the two" in "\n".join(check_rules(tmp_path / "a"))


def test_numbers_and_choices_are_read_as_a_spreadsheet_writes_them(tmp_path: Path) -> None:
    lines = (
        TEMPLATES.replace(",", ";") + ';de;;;;;;;;1.000,50;WAHR;ship\n;fr;;;;;;;;1000,5;False;\n;it;;;;;;;;"1,000";;\n'
    )
    (tmp_path / "templates.csv").write_text(lines, encoding="utf-8-sig")
    (problem,) = check_rules(tmp_path)
    assert problem.startswith("templates.csv:4: credit_limit is '1,000', which may be a thousand or one")
    (tmp_path / "templates.csv").write_text(lines.rpartition(";it")[0], encoding="utf-8-sig")
    found = {template.country: template for template in load_rules(tmp_path).templates}
    assert (found["DE"].credit_limit, found["DE"].tax_liable, found["DE"].blocked) == (1000.5, True, "Ship")
    assert (found["FR"].credit_limit, found["FR"].tax_liable) == (1000.5, False)


def test_a_date_and_an_error_of_a_sheet_are_named_with_their_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["webstore", "order", "meta_key"], [None, 1, datetime(2026, 3, 1)], [None, 2, "=1/0"]):
        book.active.append(row)
    book.save(tmp_path / "vat_keys.xlsx")
    problems = "\n".join(check_rules(tmp_path))
    assert "vat_keys.csv:2: a date or time stands in C2" in problems
    assert "vat_keys.csv:3: a formula stands in C3" in problems
