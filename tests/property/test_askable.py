"""Whoever shares evidence and is askable is found by the texts in which Business Central is asked for it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core import business_central_customer
from connector.core.evidence import evidence_of
from connector.core.spellings import email_texts, name_texts, unaskable, vat_texts
from tests.hypothesis_profiles import crowds
from tests.property.spellings import RULES, customers

_LETTERS = st.sampled_from("abzABZßsS øÅéñžŁşiİıДжё,.'-&*?\u00a0\u200b́王ﬁ１ς")
_WORDS = st.lists(st.text(_LETTERS, min_size=1, max_size=6), min_size=1, max_size=4)
NAMES = st.builds(lambda words, between: between.join(words), _WORDS, st.sampled_from((" ", ", ", ",", "  ")))
_HEADS = st.sampled_from(
    ("", "NO", "no ", "NO-", "CHE-", "CHE", "CH", "GB", "XI", "EL", "GR", "DE ", "ATU", "SE", "\u200bNO")
)
_BODIES = st.sampled_from(
    (
        "918273645",
        "918 273 645",
        "918.273.645",
        "918-273-645",
        "91 82 73 64 5",
        "123456789B01",
        "1234567",
        "918273645 01",
    )
)
_TAILS = st.sampled_from(("", "MVA", " MVA", " mva", " MWST", "TVA", " HR/MWST", " VAT", "."))
NUMBERS = st.one_of(st.just(""), st.builds(lambda *parts: "".join(parts), _HEADS, _BODIES, _TAILS))
EMAILS = st.text(st.sampled_from("abAB@.;, x\u200b１é＠，"), max_size=12)
COUNTRIES = st.sampled_from(("", "NO", "no", "CH", "GB", "GR", "SE", "JP", "HU", "N1", "NORWAY", "EL", "IM"))
CARDS = st.fixed_dictionaries(
    {
        "displayName": NAMES,
        "type": st.sampled_from(("Person", "Company")),
        "email": EMAILS,
        "taxRegistrationNumber": NUMBERS,
        "country": COUNTRIES,
    }
)


def of(cards: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[bool], pa.Table]:
    """Evidence of Business Central customers, whether they are unaskable, and their rows."""
    raw = business_central_customer.columns([{"id": str(n), "number": f"C{n}", **card} for n, card in enumerate(cards)])
    evidence = evidence_of(business_central_customer.canonical(raw, RULES.fields, RULES.geography))
    return evidence.to_pylist(), unaskable(raw).to_pylist(), raw


def assert_found(evidence: dict[str, str], card: dict[str, str]) -> None:
    """As a filter does: the whole text in any letter case."""
    for field, said, texts in (
        ("name", card["displayName"], name_texts),
        ("vat", card["taxRegistrationNumber"], vat_texts),
        ("email", card["email"], email_texts),
    ):
        asked = [text.lower() for text in texts(evidence[field])]
        several = field == "email" and (";" in said or "," in said)
        assert not evidence[field] or several or said.lower() in asked, (field, said, evidence[field])


@settings(crowds(60))
@given(st.lists(CARDS, min_size=60, max_size=60))
def test_whoever_is_not_found_by_his_own_evidence_is_unaskable(cards: list[dict[str, str]]) -> None:
    evidence, odd, raw = of(cards)
    for card, its, is_odd in zip(raw.to_pylist(), evidence, odd, strict=True):
        if not is_odd:
            assert_found(its, card)


@settings(crowds(20))
@given(st.tuples(*[customers(key) for key in range(20)]))
def test_people_of_all_countries_are_found_or_unaskable(people: tuple[object, ...]) -> None:
    evidence, odd, raw = of([one.customer for one in people])  # type: ignore[attr-defined]
    for card, its, is_odd in zip(raw.to_pylist(), evidence, odd, strict=True):
        if not is_odd:
            assert_found(its, card)


def test_usual_customers_are_askable() -> None:
    """Were all of them unaskable, everything would hold, and every run would read everybody."""
    cards = [
        {"displayName": "Bjørn Ødegård", "type": "Person", "email": "Bjorn@x.example", "country": "NO"},
        {"displayName": "Ødegård, Bjørn", "type": "Person", "email": "", "country": "NO"},
        {"displayName": "Berg, Anna Marie", "type": "Person", "email": "a@x.example;b@x.example", "country": "DE"},
        {"displayName": "Straußwirt & Co, Wien", "type": "Company", "country": "AT", "taxRegistrationNumber": "ATU12345678"},
        {"displayName": "Nord AS", "type": "Company", "country": "NO", "taxRegistrationNumber": "NO 918 273 645 MVA"},
        {"displayName": "Kantor", "type": "Company", "country": "CH", "taxRegistrationNumber": "CHE-123.456.789 MWST"},
        {"displayName": "Иванов Пётр", "type": "Person", "country": "RU"},
        {"displayName": "Łucja Żak", "type": "Person", "country": "PL", "taxRegistrationNumber": "pl1234567890"},
    ]  # fmt: skip
    evidence, odd, raw = of(cards)
    assert not any(odd)
    for card, its in zip(raw.to_pylist(), evidence, strict=True):
        assert_found(its, card)
    assert pc.sum(pc.cast(pa.array(odd), pa.int64())).as_py() == 0
