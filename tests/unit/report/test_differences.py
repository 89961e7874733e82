"""What is marked as different between two values, and which characters are named instead of shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.report.differences import Piece, differing, pieces_of


def marked(pieces: tuple[Piece, ...]) -> list[str]:
    return [piece.text for piece in pieces if piece.changed]


def told(pieces: tuple[Piece, ...]) -> str:
    return "".join(chr(int(piece.code[2:], 16)) if piece.code else piece.text for piece in pieces)


def test_one_wrong_digit_of_a_phone_number_is_marked_and_nothing_else() -> None:
    before, after = differing("+47 22 11 22 33", "+47 22 11 22 39")
    assert (marked(before), marked(after)) == (["3"], ["9"])


def test_values_with_little_in_common_are_marked_whole() -> None:
    before, after = differing("Hauptstraße 1", "Am Markt 7")
    assert (marked(before), marked(after)) == (["Hauptstraße 1"], ["Am Markt 7"])


def test_an_accent_is_not_torn_from_its_letter() -> None:
    before, after = differing("Zoe\u0308 Berg", "Zoe\u0301 Berg")
    assert (marked(before), marked(after)) == (["e\u0308"], ["e\u0301"])


def test_a_family_emoji_stays_together() -> None:
    family = "👨\u200d👩\u200d👧"
    before, _ = differing(f"Kari {family} Berg", "Kari Berg")
    assert "".join(marked(before)).strip() == family


def test_a_right_to_left_override_is_named_instead_of_turning_the_text() -> None:
    assert pieces_of("Anna \u202egnp.exe") == (
        Piece("Anna "), Piece("U+202E RIGHT-TO-LEFT OVERRIDE", code="U+202E"), Piece("gnp.exe"),
    )  # fmt: skip


@pytest.mark.parametrize("character", ["\u200b", "\u00ad", "\0", "\ufeff", "\ud800", "\u2028", "\x1b"])
def test_a_difference_that_nobody_would_see_is_named(character: str) -> None:
    _, after = differing("Ann Berg", f"Ann{character} Berg")
    assert [piece.code for piece in after if piece.changed] == [f"U+{ord(character):04X}"]


def test_very_long_values_are_compared_by_their_ends() -> None:
    before, after = differing("a" * 5000 + "x" + "b" * 5000, "a" * 5000 + "yy" + "b" * 5000)
    assert (marked(before), marked(after)) == (["x"], ["yy"])


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_of_a_value_is_lost_or_added(before: str, after: str) -> None:
    old, new = differing(before, after)
    assert (told(old), told(new)) == (before, after)
    if before == after:
        assert not marked(old)
