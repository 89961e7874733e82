"""Persons and companies of all countries that the rules know, and the ways in which people spell what is said of them.

`customers` gives one customer as both systems keep it: what is meant is the same, how it is written is not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import idna
import phonenumbers
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from connector.rules import load_rules

__all__ = ["RULES", "Spelled", "customers"]

RULES = load_rules()
_STATES: dict[str, dict[str, list[str]]] = {}
for _state in RULES.geography.states:
    _STATES.setdefault(_state.country, {}).setdefault(_state.code, []).append(_state.name)
_COUNTRIES = sorted(
    {*_STATES, *RULES.fields.cultures.by_country, "NO", "SE", "GB", "AT", "NL", "FR", "BE", "PL", "FI", "MC", "IM"}
)
_INVISIBLE = "\u200b\ufeff\u00ad\u2060\u200e\u200f\u202a\u202c"
_GIVEN = ("Ann", "Jürgen", "János", "Zoë", "Jean-Luc", "María José", "Dr. Ida", "Łucja", "小明", "Ирина", "محمد", "नेहा")
_FAMILY = (
    "Lee", "Müller", "Nagy", "O'Brien", "Ó Súilleabháin", "van den Berg", "von der Heide", "García Lorca", "Şahin", "王",
    "Иванова", "De Luca", "Smith Jr.", "علی\u200cزاده", "क\u094d\u200dष",
)  # fmt: skip
_FIRMS = ("Acme, Inc.", "Müller & Søn AS", "Smith, Jones LLP", "Café 4", "Ōsaka Trading", "R+D GmbH")
_STREETS = (
    "Karl Johans gate 1",
    "Straße des 17. Juni 135",
    "Calle de Alcalá 50",
    "Rua São João 7",
    "Flat 2, 1 Quay Row",
    "本町1-1",
)
_TOWNS = ("Tromsø", "São Paulo", "Bilbao", "Łódź", "Αθήνα", "大阪", "St. John's")
_POSTCODES = ("10115", "EH1 1YZ", "100-0001", "00-001", "D02 X285", "1000-205")
# number with the forms in which it is written: 0 stands for the digits
_VAT_FORMS: Mapping[str, tuple[str, ...]] = {
    "CH": ("CHE0", "CHE0 MWST", "CHE0 TVA", "CHE0 HR/MWST", "0"),
    "GB": ("GB0", "XI0", "0", "gb 0"),
    "GR": ("EL0", "GR0", "0"),
    "IM": ("GB0", "0"),
    "MC": ("FR0", "0"),
    "NO": ("NO0MVA", "0 MVA", "0"),
}
_LONGEST_VAT = 20
Texts = st.SearchStrategy[str]


@dataclass(frozen=True)
class Spelled:
    """One customer in both systems.

    Attributes:
        account: as WooCommerce would answer, without an id.
        customer: as Business Central would answer, without an id.
        understood: every spelling of the state is one that must be understood.
    """

    account: dict[str, Any]
    customer: dict[str, Any]
    understood: bool


def _same(text: str) -> str:
    return text


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not 0x300 <= ord(c) <= 0x36F)


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _apostrophes(text: str) -> str:
    return text.replace("'", "’")


_LOOKS: tuple[Callable[[str], str], ...] = (
    _same, _same, _same, _decomposed, lambda text: f"\u200b{text}\ufeff", lambda text: f" {text.replace(' ', chr(0xA0))} ",
    lambda text: text.replace(" ", " \u200e "), lambda text: text[:1] + "\u00ad" + text[1:],
)  # fmt: skip
_CODE_LOOKS: tuple[Callable[[str], str], ...] = (
    *_LOOKS[:3],
    str.lower,
    _full_width,
    lambda text: "\u202a" + text + "\u202c",
)
_STATE_LOOKS = (_same, _same, str.upper, str.lower, _apostrophes, _decomposed, _unaccented)


def _looks(
    texts: tuple[str, ...], looks: tuple[Callable[[str], str], ...] = _LOOKS
) -> st.SearchStrategy[tuple[str, str]]:
    """One of some texts as the webstore and as Business Central have it."""
    return st.tuples(st.sampled_from(texts), st.sampled_from(looks), st.sampled_from(looks)).map(
        lambda drawn: (drawn[1](drawn[0]), drawn[2](drawn[0]))
    )


@st.composite
def _emails(draw: st.DrawFn) -> tuple[str, str]:
    local = draw(st.sampled_from(("ann", "o'brien", "a+shop", "ann.lee", "x_1")))
    domain = draw(st.sampled_from(("x.example", "münchen.example", "例え.example", "grün.example")))
    ascii_domain = idna.encode(domain).decode()
    ours = f"{local}@{ascii_domain}"
    theirs = f"{local}@{draw(st.sampled_from((domain, ascii_domain)))}"
    invisible = draw(st.sampled_from(_INVISIBLE))
    looks = (_same, _same, str.upper, _full_width, _decomposed, lambda text: text + invisible)
    look = draw(st.sampled_from(looks))
    more = draw(st.sampled_from(("", "", "; office@x.example", ",office@x.example")))
    return draw(st.sampled_from((ours, ours.upper()))), look(theirs) + more


@st.composite
def _phones(draw: st.DrawFn, country: str) -> tuple[str, str]:
    number = phonenumbers.example_number(country)
    if number is None:
        return "", ""
    formats = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)
    written = [phonenumbers.format_number(number, form) for form in formats]
    written += [written[0].replace("+", "00"), f"\u202a{written[1]}\u202c", _full_width(written[1])]
    forms = st.sampled_from(written)
    return draw(forms), draw(forms)


@st.composite
def _vat_numbers(draw: st.DrawFn, country: str) -> tuple[str, str]:
    digits = draw(st.integers(100_000_002, 999_999_998).map(str))
    # what has another country's prefix must keep it; elsewhere the customer's own may be left out
    forms = _VAT_FORMS.get(country, (f"{country}0", "0", f"{country} 0"))
    written = st.tuples(st.sampled_from(forms), st.sampled_from(_CODE_LOOKS), st.sampled_from(("", ".", " ")))

    def spelled(form: str, look: Callable[[str], str], between: str) -> str:
        groups = (digits[:3], digits[3:6], digits[6:])
        written = look(form.replace("0", between.join(groups)))
        return written if len(written) <= _LONGEST_VAT else look(form.replace("0", digits))

    return spelled(*draw(written)), spelled(*draw(written))


@st.composite
def _states(draw: st.DrawFn, country: str) -> tuple[str, str, bool]:
    codes = _STATES.get(country)
    if not codes:
        return "", "", True
    code = draw(st.sampled_from(sorted(codes)))
    look = draw(st.sampled_from(_STATE_LOOKS))
    # without its accents a name may be another state's, too: then it must not be taken for either
    return code, look(draw(st.sampled_from((code, *codes[code])))), look is not _unaccented


@st.composite
def customers(draw: st.DrawFn, key: int) -> Spelled:
    """One customer.

    Args:
        key: makes e-mail and VAT number nobody else's.
    """
    country = draw(st.sampled_from(_COUNTRIES))
    w_email, c_email = draw(_emails())
    w_state, c_state, understood = draw(_states(country))
    w_phone, c_phone = draw(_phones(country))
    w_vat, c_vat = draw(st.one_of(st.just(("", "")), _vat_numbers(country)))
    (w_street, c_street), (w_town, c_town) = draw(_looks(_STREETS)), draw(_looks(_TOWNS))
    w_code, c_code = draw(_looks(_POSTCODES, _CODE_LOOKS))
    firm = draw(st.sampled_from((False, False, True)))
    name: dict[str, str]
    if firm:
        company, display = draw(_looks(_FIRMS))
        name, kind = {}, "Company"
    else:
        company, kind = "", draw(st.sampled_from(("Person", "Person", "Company")))
        given, family = draw(st.sampled_from(_GIVEN)), draw(st.sampled_from(_FAMILY))
        culture = RULES.fields.cultures.of(country)
        composed = f"{family} {given}" if culture.leads_with_family(given + family) else f"{given} {family}"
        display = draw(st.sampled_from(_LOOKS))(draw(st.sampled_from((composed, composed, f"{family}, {given}"))))
        name = {"first_name": given, "last_name": family}
    account = {
        "email": f"{key}.{w_email}",
        **name,
        "billing": {
            **name, "company": company, "address_1": w_street, "city": w_town, "postcode": w_code, "country": country,
            "state": w_state, "phone": w_phone, "email": f"{key}.{w_email}",
        },
        "meta_data": [{"key": "vat_number", "value": w_vat}] if w_vat else [],
    }  # fmt: skip
    customer = {
        "displayName": display, "type": kind, "addressLine1": c_street, "city": c_town, "postalCode": c_code,
        "country": RULES.geography.company_country(country) or "", "state": c_state, "phoneNumber": c_phone,
        "email": f"{key}.{c_email}", "taxRegistrationNumber": c_vat,
    }  # fmt: skip
    return Spelled(account, customer, understood)
