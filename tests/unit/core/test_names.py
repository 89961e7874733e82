"""Names of persons: composing and splitting are inverse, and a split stays close to the one before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.names import compose, split
from connector.core.normalize import clean


def test_the_last_word_is_the_last_name() -> None:
    assert split("Ann Mary Lee") == ("Ann Mary", "Lee")


def test_particles_belong_to_the_last_name() -> None:
    assert split("Ludwig van Beethoven") == ("Ludwig", "van Beethoven")
    assert split("Maria de la Cruz") == ("Maria", "de la Cruz")


def test_a_changed_first_name_keeps_two_surnames() -> None:
    assert split("Carmen García Lorca", "Maria", "García Lorca") == ("Carmen", "García Lorca")


def test_a_changed_last_name_keeps_two_first_names() -> None:
    assert split("Anna Maria Berg", "Anna Maria", "Holm") == ("Anna Maria", "Berg")


def test_a_single_word_is_a_first_name_unless_only_a_last_name_was_known() -> None:
    assert split("Prince") == ("Prince", "")
    assert split("Berg", "", "Holm") == ("", "Berg")


@given(st.text(max_size=40), st.text(max_size=15), st.text(max_size=15))
def test_composing_a_split_name_gives_the_name(name: str, first: str, last: str) -> None:
    assert compose(*split(name, first, last)) == clean(name)
