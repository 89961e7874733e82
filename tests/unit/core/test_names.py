"""Names of persons: a split stays close to the one before, and knows the cultures that the rules name."""

from __future__ import annotations

import pytest

from connector.core.names import compose, split
from connector.rules import load_rules

CULTURES = load_rules().fields.cultures
NORWAY, SPAIN, HUNGARY = CULTURES.of("NO"), CULTURES.of("ES"), CULTURES.of("HU")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ann Mary Lee", "Ann Mary", "Lee"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Maria de la Cruz", "Maria", "de la Cruz"),
        ("John Smith Jr.", "John", "Smith Jr."),
        ("Martin Luther King III", "Martin Luther", "King III"),
        ("Van Morrison", "Van", "Morrison"),
        ("Prince", "Prince", ""),
        ("", "", ""),
    ],
)
def test_a_new_name_is_split_before_the_last_name_with_what_belongs_to_it(name: str, first: str, last: str) -> None:
    assert split(name, culture=NORWAY) == (first, last)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("María García Lorca", "María", "García Lorca"),
        ("Juan Carlos García Lorca", "Juan Carlos", "García Lorca"),
        ("María de la Cruz Lorca", "María", "de la Cruz Lorca"),
        ("María García", "María", "García"),
    ],
)
def test_a_spaniard_has_two_surnames(name: str, first: str, last: str) -> None:
    assert split(name, culture=SPAIN) == (first, last)


def test_in_hungary_the_family_name_comes_first() -> None:
    assert compose("János", "Nagy", HUNGARY) == "Nagy János"
    assert split("Nagy János Péter", culture=HUNGARY) == ("János Péter", "Nagy")
    assert split("Nagy Pál", "János", "Nagy", HUNGARY) == ("Pál", "Nagy")
    assert split("Kis János", "János", "Nagy", HUNGARY) == ("János", "Kis")


@pytest.mark.parametrize("country", ["JP", "DE", "ES", ""])
def test_in_east_asian_script_the_family_name_comes_first_wherever_the_person_lives(country: str) -> None:
    culture = CULTURES.of(country)
    assert compose("小明", "王", culture) == "王 小明"
    assert split("王 小明", culture=culture) == ("小明", "王")
    assert compose("花子", "佐藤", culture) == "佐藤 花子"


def test_a_foreigner_in_japan_is_not_renamed() -> None:
    japan = CULTURES.of("JP")
    assert compose("Kåre", "Hansen", japan) == "Kåre Hansen"
    assert compose("שרה", "כהן", japan) == "שרה כהן"
    assert split("Kåre Hansen", culture=japan) == ("Kåre", "Hansen")


def test_a_changed_first_name_keeps_two_surnames() -> None:
    assert split("Carmen García Lorca", "Maria", "García Lorca") == ("Carmen", "García Lorca")


def test_a_changed_last_name_keeps_two_first_names() -> None:
    assert split("Anna Maria Berg", "Anna Maria", "Holm") == ("Anna Maria", "Berg")


def test_a_corrected_spelling_keeps_the_split() -> None:
    assert split("Carmen GARCÍA LORCA", "Maria", "García Lorca") == ("Carmen", "GARCÍA LORCA")
    assert split("Carmen Garcia Lorca", "Maria", "García Lorca") == ("Carmen", "Garcia Lorca")


def test_a_removed_first_name_leaves_both_surnames_alone() -> None:
    assert split("García Lorca", "Maria", "García Lorca") == ("", "García Lorca")


def test_a_second_surname_is_added_to_the_first_where_people_have_two() -> None:
    assert split("Ann Smith Lee", "Ann", "Lee", NORWAY) == ("Ann Smith", "Lee")
    assert split("María García Lorca", "María", "Lorca", SPAIN) == ("María", "García Lorca")


def test_a_single_word_is_a_first_name_unless_only_a_last_name_was_known() -> None:
    assert split("Prince") == ("Prince", "")
    assert split("Berg", "", "Holm") == ("", "Berg")
