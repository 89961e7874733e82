"""Texts as people look for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.folding import folded, words_of


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Müller", "MULLER"), ("Straße", "strasse"), ("Ødegård", "odegard"), ("İstanbul", "istanbul"), ("Łukasz", "LUKASZ"),
        ("u\u0308ber", "\u00dcBER"), ("Ａｎｎ", "ann"), ("an\u200bn", "ann"), ("Æsir", "aesir"), ("ΣΊΣΥΦΟΣ", "σισυφος"),
    ],
)  # fmt: skip
def test_what_people_type_finds_what_is_written(text: str, typed: str) -> None:
    assert folded(text) == folded(typed)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_letter_case_does_not_matter(text: str) -> None:
    assert folded(text.upper().lower()) == folded(text.lower().upper().lower())


def test_words_stand_once_and_can_be_kept_by_any_store() -> None:
    assert words_of("  Kari\tOslo kari\n") == ("kari", "oslo")
    assert words_of("a\x00b c\ud800") == ("a\ufffdb", "c\ufffd")
    assert words_of(" ") == ()
