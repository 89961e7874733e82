"""What speaks against a pair though its evidence is unique on both sides."""

from __future__ import annotations

import pytest

from connector.core.contradictions import contradictions, is_shared_mailbox, is_somebody_else
from connector.core.evidence import FIELDS
from connector.core.likeness import alike, one_slip, same_words, words


def values(**known: str) -> dict[str, str]:
    return dict.fromkeys(FIELDS, "") | known


OSLO = {"country": "NO", "postcode": "0150", "house": "5"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Berg", "anna berg"),
        ("Anna Berg", "Berg Anna"),
        ("Anna Berg", "Berg, Anna"),
        ("Müller", "Mueller"),
        ("Müller", "Muller"),
        ("Bjørn Ødegård", "Bjorn Odegard"),
        ("Bjørn Ødegård", "Bjoern Oedegaard"),
        ("José García", "Jose Garcia"),
        ("Jean-Pierre Roux", "Jean Pierre Roux"),
        ("Jan van den Berg", "Jan Vandenberg"),
        ("O'Neil Ltd.", "ONeil Ltd"),
        ("Berg A/S", "Berg AS"),
        ("Łukasz Groß", "Lukasz Gross"),
    ],
)
def test_the_same_words_written_differently_are_the_same(one: str, other: str) -> None:
    assert same_words(one, other)
    assert same_words(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Berg", "Anne Berg"),
        ("Anna Berg", "Anna Maria Berg"),
        ("Anna Berg", "A. Berg"),
        ("Ola Berg", "Ola Berg jr"),
        ("Anna Berg", "Anna Berg AS"),
        ("Berg GmbH", "Berg GmbH & Co. KG"),
        ("Anna Berg", "Berg"),
        ("Berg, Anna, Per", "Anna Per Berg Dahl"),
        ("***", "---"),
        ("", ""),
    ],
)
def test_other_words_are_not_the_same(one: str, other: str) -> None:
    assert not same_words(one, other)
    assert not same_words(other, one)


def test_words_are_bare_and_the_name_before_a_comma_is_the_last_one() -> None:
    assert words("Berg, Anna-Maria") == ("anna", "maria", "berg")
    assert words("Berg, Holm, Dahl") == ("berg", "holm", "dahl")
    assert words("under_score") == ("under", "score")


@pytest.mark.parametrize(
    ("one", "other", "country", "slip"),
    [
        ("Ann Lee", "Ann Lie", "NO", True),
        ("Anna Hansen", "Anna Hanssen", "", True),
        ("Anna Hansen", "Anna Hasnen", "DE", True),
        ("Anna Hansen", "Anna Hassnen", "DE", False),
        ("Anna Berg", "Anne Berg", "NO", False),
        ("Nagy Anna", "Nagy Anne", "HU", False),
        ("Anna Hansen", "Anna Hansen", "NO", False),
        ("Anna Lise Hansen", "Anna Hansen", "NO", False),
        ("Anna Lise Hansen", "Anna Lisa Hanssen", "NO", False),
        ("Berg Bygg 1", "Berg Bygg 2", "NO", False),
        ("Berg AG", "Berg KG", "DE", False),
        ("Berg Bau AG", "Berg Bau AB", "DE", False),
    ],
)
def test_one_slip_outside_of_the_given_name_is_forgiven(one: str, other: str, country: str, slip: bool) -> None:
    assert one_slip(one, other, country) is slip
    assert one_slip(other, one, country) is slip


def test_likeness_is_a_percentage_that_does_not_depend_on_the_order_of_words() -> None:
    assert alike("Anna Berg", "BERG Anna") == 100
    assert 0 < alike("Anna Berg", "Peter Berg") < 80


@pytest.mark.parametrize(
    ("email", "shared"),
    [
        ("info@berg.example", True),
        ("INFO@berg.example", True),
        ("sales.no@berg.example", True),
        ("post2@berg.example", True),
        ("familie.berg@mail.example", True),
        ("berg-family@mail.example", True),
        ("berg_family@mail.example", True),
        ("anna.berg@info.example", False),
        ("anna.berg+shop@mail.example", False),
        ("shop+anna.berg@mail.example", True),
        ("informatik@berg.example", False),
        ("", False),
    ],
)
def test_mailboxes_of_offices_and_families_are_known(email: str, shared: bool) -> None:
    assert is_shared_mailbox(email) is shared


def test_a_pair_with_one_name_and_one_own_mailbox_is_not_contradicted() -> None:
    assert contradictions("email", values(name="ann", email="ann@x"), values(name="ann", email="ann@x", **OSLO)) == {}


def test_different_vat_numbers_contradict_on_every_rung() -> None:
    for rung in ("email", "phone_name", "name"):
        one, other = (values(name="ann", email="a@x", vat=number) for number in ("NO911111112", "NO922222223"))
        assert contradictions(rung, one, other) == {"vat": "the VAT numbers differ"}


def test_different_countries_contradict_but_whoever_keeps_name_and_own_mailbox_may_have_moved() -> None:
    here, there = (values(name="ann lee", email="ann@x", country=country) for country in ("NO", "SE"))
    assert contradictions("phone_name", here, there) == {"country": "the countries differ"}
    assert contradictions("email", here, there) == {}
    assert set(contradictions("email", here, there | {"name": "ann lie"})) == {"country"}
    office = {"email": "info@x"}
    assert set(contradictions("email", here | office, there | office)) == {"country", "phone"}
    assert contradictions("phone_name", here, there | {"country": ""}) == {}
    assert contradictions("phone_name", here | {"country": ""}, there) == {}
    assert contradictions("phone_name", here, here) == {}


def test_namesakes_are_two_people_when_two_things_differ_and_nothing_agrees() -> None:
    one = values(name="ann lee", email="a@x", phone="22334455", vat="NO911111112", **OSLO)
    other = one | {"email": "b@x", "phone": "22334456", "vat": "NO922222223", "house": "7"}
    assert is_somebody_else(one, other)
    for field in ("email", "phone", "vat", "house"):
        assert not is_somebody_else(one, other | {field: one[field]})
    blank = {"email": "", "phone": "", "vat": "", "house": ""}
    for field in ("email", "phone", "vat", "house"):
        assert not is_somebody_else(one, {**other, **blank, field: other[field]})
        assert not is_somebody_else({**one, **blank, field: one[field]}, other)
    assert is_somebody_else(one, {**other, **blank, "email": "b@x", "phone": "22334456"})
    assert is_somebody_else(one, {**other, **blank, "house": "7", "vat": "NO922222223"})


def test_a_vat_number_with_and_without_its_prefix_is_one_number() -> None:
    one, other = values(name="ann", email="a@x", vat="NO911111112"), values(name="ann", email="a@x", vat="911111112")
    assert contradictions("email", one, other) == {}
    assert contradictions("email", other, one) == {}
    assert contradictions("email", one, one | {"vat": ""}) == contradictions("email", one | {"vat": ""}, one) == {}


def test_different_names_contradict_and_the_likeness_is_told_but_not_the_names() -> None:
    found = contradictions("email", values(name="anna berg", email="a@x"), values(name="peter berg", email="a@x"))
    assert found == {"name": f"the names differ ({alike('anna berg', 'peter berg')} % alike)"}


def test_a_slip_in_the_family_name_is_forgiven_in_an_own_mailbox_only() -> None:
    one, other = values(name="ann lee", **OSLO), values(name="ann lie", **OSLO)
    assert contradictions("email", one | {"email": "ann@x"}, other | {"email": "ann@x"}) == {}
    assert set(contradictions("email", one | {"email": "info@x"}, other | {"email": "info@x"})) == {"name"}
    vat = {"vat": "NO911111112", "email": "ann@x"}
    assert set(contradictions("vat", one | vat, other | vat)) == {"name"}
    hungarian = {"email": "ann@x", "country": ""}
    assert set(contradictions("email", one | hungarian | {"country": "HU"}, other | hungarian)) == {"name"}
    assert set(contradictions("email", one | hungarian, other | hungarian | {"country": "HU"})) == {"name"}


def test_a_missing_legal_form_is_forgiven_to_a_vat_number_only() -> None:
    one, other = values(name="berg bygg", **OSLO), values(name="berg bygg as", **OSLO)
    vat, email = {"vat": "NO911111112"}, {"email": "ann@x"}
    assert contradictions("vat", one | vat, other | vat) == {}
    assert set(contradictions("email", one | email, other | email)) == {"name"}
    assert set(contradictions("vat", {**one, "name": "berg gmbh"} | vat, {**other, "name": "berg ag"} | vat)) == {
        "name"
    }
    assert set(contradictions("vat", {**one, "name": "gmbh"} | vat, {**other, "name": "as"} | vat)) == {"name"}
    assert set(contradictions("vat", {**one, "name": "as"} | vat, {**other, "name": "***"} | vat)) == {"name"}
    assert set(contradictions("vat", {**one, "name": "holm as"} | vat, {**other, "name": "berg"} | vat)) == {"name"}


def test_an_account_without_a_name_is_its_mailboxs_only_if_that_tells_the_name() -> None:
    nameless, named = values(email="anna.berg@x"), values(email="anna.berg@x", name="anna berg")
    assert contradictions("email", nameless, named) == {}
    assert contradictions("email", named, nameless) == {}
    assert set(contradictions("email", nameless, named | {"name": "peter berg"})) == {"name"}
    assert set(contradictions("email", nameless, named | {"name": "a berg"})) == {"name"}
    assert set(contradictions("email", nameless, nameless)) == {"name"}
    assert contradictions("email", values(email="bo-dahl@x"), values(email="bo-dahl@x", name="bo dahl")) == {}
    assert set(contradictions("email", values(email="x@annaberg"), values(email="x@annaberg", name="anna berg"))) == {
        "name"
    }
    vat = {"vat": "NO911111112"}
    assert set(contradictions("vat", nameless | vat, named | vat)) == {"name"}


def test_a_shared_mailbox_needs_a_second_witness() -> None:
    one = values(name="berg as", email="info@x", phone="22334455", **OSLO)
    assert contradictions("email", one, one) == {}
    alone = values(name="berg as", email="info@x")
    assert set(contradictions("email", alone, one)) == {"phone"}
    assert set(contradictions("email", alone, alone)) == {"phone"}
    moved = one | {"house": "7"}
    assert contradictions("email", one, moved) == {}
    assert set(contradictions("email", one, moved | {"phone": "22334456"})) == {"phone"}
    assert contradictions("email", one, one | {"phone": ""}) == {}
    for field in ("country", "postcode", "house"):
        assert set(contradictions("email", one, one | {"phone": "", field: ""})) == {"phone"}


def test_a_vat_number_needs_a_second_witness() -> None:
    one = values(name="berg as", vat="NO911111112")
    assert set(contradictions("vat", one, one)) == {"email"}
    assert contradictions("vat", one | {"email": "ann@x"}, one | {"email": "ann@x"}) == {}
    assert set(contradictions("vat", one | {"email": "ann@x"}, one | {"email": "bo@x"})) == {"email"}
    assert set(contradictions("vat", one | {"email": "info@x"}, one | {"email": "info@x"})) == {"email"}
    assert contradictions("vat", one | {"phone": "22334455"}, one | {"phone": "+4722334455", "country": "NO"}) == {}
    assert contradictions("vat", one | {"phone": "+4722334455", "country": "NO"}, one | {"phone": "22334455"}) == {}


def test_other_mails_and_phones_speak_against_a_pair_that_only_its_name_makes() -> None:
    one = values(name="ann lee", email="a@x", phone="22334455", **OSLO)
    other = one | {"email": "b@x", "phone": "22334456"}
    for rung in ("name", "name_postcode"):
        assert contradictions(rung, one, other) == {"email": "the e-mails differ", "phone": "the phone numbers differ"}
        assert contradictions(rung, one, one | {"phone": "+47 22 33 44 55"}) == {}
        assert contradictions(rung, one, one | {"email": "", "phone": ""}) == {}
        assert contradictions(rung, one | {"email": "", "phone": ""}, one) == {}
    unreadable = one | {"phone": "ask at the desk"}
    assert contradictions("name", unreadable, unreadable) == {}
    assert contradictions("phone_name", one, other) == {}


def test_what_may_be_the_same_is_not_what_tells_two_people_apart() -> None:
    one = values(name="ann lee", email="a@x", phone="22334455", vat="911111112", house="1")
    other = one | {"email": "b@x", "phone": "22334456", "vat": "NO922222223", "house": "7"}
    assert is_somebody_else(one, other)
    assert not is_somebody_else(one, other | {"vat": "NO911111112"})
    assert not is_somebody_else(one | {"vat": "NO911111112"}, other | {"vat": "911111112"})
    assert not is_somebody_else(one, other | {"phone": "+47 22 33 44 55"})
    assert is_somebody_else(one, other | {"phone": "+47 32 33 44 66"})
    blank = {"email": "", "vat": "", "house": ""}
    for said in ("22334455 / 41000000", "22 33 44 55 (Ann 9-16)", "22334455 ext. 12", "22334455 #2", "0047 22334455"):
        assert not is_somebody_else(one, other | {"phone": said})
        assert not is_somebody_else(one | {"phone": said}, other | {"phone": "22334455"})
    for said in ("n/a", "ask", "-", "0", "ring 2 times"):
        assert not is_somebody_else(one | blank, other | blank | {"phone": said, "email": "b@x"})
        assert not is_somebody_else({**one, **blank, "email": "a@x"}, {**other, **blank, "email": "b@x", "phone": said})
    assert is_somebody_else({**one, **blank, "email": "a@x"}, {**other, **blank, "email": "b@x"})
    for mine, theirs in (("2233445", "9988776"), ("41000005", "22334455"), ("22334455", "41000005")):
        assert is_somebody_else(
            {**one, **blank, "email": "a@x", "phone": mine}, {**other, **blank, "email": "b@x", "phone": theirs}
        )
