"""A partner's page: the field map follows what it shows, and nothing is expected of what it does not have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.clients.business_central.metadata import page_of
from connector.core.customer import Direction, FieldRules
from connector.core.fingerprints import reading_key
from connector.core.properties import Page, Property
from connector.errors import PremiseBroken
from connector.rules import load_rules
from connector.rules.page import fitted, keep_page, kept_page
from connector.run.run import Run
from connector.setup import parse_setup
from connector.store import open_store
from tests.unit.run.test_metadata_not_shown import SETUP

TEXTS = {
    name: Property("text", 100, type="String")
    for name in (
        "number", "displayName", "email", "lastModifiedDateTime", "addressLine1", "addressLine2", "city", "state", "country",
        "postalCode", "phoneNumber", "taxRegistrationNumber",
    )
}  # fmt: skip
FIELDS = load_rules().fields


def page(**changes: Property | None) -> Page:
    shown = {name: found for name, found in {**TEXTS, **changes}.items() if found}
    return Page("customers of contoso/webshop/v1.0", shown)


def rule(fields: FieldRules, name: str) -> Any:
    return fields.by_name[name]


def test_what_is_known_of_api_v2_stays_and_the_page_only_narrows_it() -> None:
    fields, told = fitted(FIELDS, page(city=Property("text", 20), phoneNumber=Property("text")))
    assert told == []
    assert (rule(fields, "city").max_length, rule(fields, "phone").max_length) == (20, 30)
    assert (rule(fields, "country").kind, rule(fields, "country").max_length) == ("code", 10)
    assert fields.absent == {"type", "blocked"}


def test_another_page_means_that_every_record_is_read_anew() -> None:
    geography = load_rules().geography
    one, same, other = (fitted(FIELDS, shown)[0] for shown in (page(), page(), page(city=Property("text", 20))))
    keys = [reading_key(fields, geography) for fields in (FIELDS, one, same, other)]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": None}, "email is missing, which everybody is read by"),
        ({"city": None}, "city: the page has no city"),
        ({"city": Property("decimal", type="Decimal")}, "city: city is a decimal (Decimal) there, so normalizer must be"),
        ({"city": Property("", type="Stream")}, "city: city is Stream, which no field can hold"),
        ({"phoneNumber": None, "addressLine1": None}, "phone: the page has no phoneN.*address_1: the page has no addr"),
    ],
)  # fmt: skip
def test_a_page_that_could_look_cleared_is_a_broken_premise(changes: dict[str, Property | None], said: str) -> None:
    with pytest.raises(PremiseBroken, match=said.replace("(", r"\(").replace(")", r"\)")):
        fitted(FIELDS, page(**changes))


def test_a_property_that_cannot_be_written_is_still_pushed() -> None:
    fields, told = fitted(FIELDS, page(city=Property("text", 30, writable=False)))
    assert rule(fields, "city").directions == {Direction.PUSH}
    assert [("city" in text, "phone" in text) for text in told] == [(True, False)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    with Run(parse_setup(SETUP, origin="test"), store, load_rules(), run_id="r") as opened:
        yield opened
    store.close()


def test_nothing_is_expected_of_what_the_page_does_not_have(run: Run) -> None:
    def looked_at() -> set[str]:
        return {name for expectation in run.rules.suites["business_central"] for name in expectation.fields}

    assert "type" in looked_at()
    run.follow(*fitted(run.rules.fields, page()))
    assert "type" not in looked_at()
    assert "displayName" in looked_at()


def test_a_copy_is_the_page_again_and_one_of_another_page_is_none(tmp_path: Path) -> None:
    shown = page(day=Property("option", options=("Monday", "Any Day"), writable=False, type="Day"))
    keep_page(tmp_path, shown, "2026-01-31 10:00 UTC")
    assert kept_page(tmp_path, shown.name) == (shown, "2026-01-31 10:00 UTC")
    assert kept_page(tmp_path, "customers of v2.0") is None


DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="shop"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/>{lines}
<NavigationProperty Name="addresses" Type="Collection(Microsoft.NAV.address)"/></EntityType>
<EntityType Name="address"><Property Name="id" Type="Edm.Guid"/><Property Name="code" Type="Edm.String" MaxLength="10"/>
</EntityType>
<EnumType Name="day"><Member Name="_x0020_" Value="0"/><Member Name="Mon_x002F_Tue" Value="1"/></EnumType>
<EntityContainer Name="NAV"><EntitySet Name="shops" EntityType="Microsoft.NAV.shop"/></EntityContainer></Schema>
</edmx:DataServices></edmx:Edmx>"""


@pytest.mark.parametrize(
    ("line", "kind", "length", "writable"),
    [
        ('Type="Edm.String" MaxLength="50"/>', "text", 50, True),
        ('Type="Edm.String" MaxLength="max"/>', "text", 0, True),
        ('Type="Edm.Int32"><Annotation Term="NAV.AllowEdit" Bool="false"/></Property>', "integer", 0, False),
        ('Type="Edm.Int32"><Annotation Term="NAV.AllowEdit" Bool="true"/></Property>', "integer", 0, True),
        ('Type="Edm.Date"><Annotation Term="Org.OData.Core.V1.Computed"/></Property>', "date", 0, False),
        ('Type="Edm.Date"><Annotation Term="Org.OData.Core.V1.Computed" Bool="false"/></Property>', "date", 0, True),
        ('Type="Edm.Boolean"><Annotation Term="Org.OData.Core.V1.Permissions"><EnumMember>Org.OData.Core.V1.PermissionType/Read'
         "</EnumMember></Annotation></Property>", "boolean", 0, False),
        ('Type="Edm.Boolean"><Annotation Term="Org.OData.Core.V1.Permissions"><EnumMember>Org.OData.Core.V1.Permission/ReadWrite'
         "</EnumMember></Annotation></Property>", "boolean", 0, True),
        ('Type="Microsoft.NAV.day"/>', "option", 0, True),
        ('Type="Edm.Stream"/>', "", 0, True),
        ('Type="Collection(Edm.String)"/>', "", 0, True),
    ],
)  # fmt: skip
def test_metadata_is_read_however_it_says_it(line: str, kind: str, length: int, writable: bool) -> None:
    document = DOCUMENT.format(lines=f'<Property Name="x" {line}')
    found = page_of(document, "shops", "addresses", "a page").properties
    assert (found["x"].kind, found["x"].length, found["x"].writable) == (kind, length, writable)
    assert found["x"].options == (("Mon/Tue",) if kind == "option" else ())
    assert found["shipTo.code"] == replace(Property("text", 10), type="String")
