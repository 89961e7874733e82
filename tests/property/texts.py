"""Texts that people, forms, imports and attackers have put into customer records.

A record with six hazards at once is refused for the first of them and shows nothing of the others, so most values are plain:
`sometimes` mixes in the hazards.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# each piece has broken some synchronisation: entities, tags, octets, escapes, blanks of all kinds, marks, directions, NUL
PIECES = (
    "&amp;", "&lt;b&gt;", "&#39;", "&#039;", "&#x27;", "&eacute;", "&notes", "&copy", "&nbsp;", "&", "<", ">", "< x >", "<b>",
    "%41", "%4", "100%", "\\", "\\\\", "\\'", "'", '"', "0", "00", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2028", "\u200b",
    "\ufeff", "\x00", "\x07", "\x1f", "\x85", "\x9f", "\u202e", "\u200f", "e\u0301", "é", "ß", "İ", "ı", "ŉ", "ﬁ", "Ω", "ſ",
    "\u0345", "\u0390", "\u1fd3", "אב", "עברית", "عربي", "王", "小明", "Nagy", "János", "García", "van", "de", "la", "Jr.",
    "😀", "👩\u200d👩\u200d👧", "𝒳", "\U0001f1e9\U0001f1ea", "\ufffd", "\uffff", ";", ",", "@", "-", ".", "/", "(0)", "+", "ext",
    "٣", "３", "Ⅷ", "½", "=1+1", "O'Brien", "Ann", "Lee",
)  # fmt: skip
Texts = st.SearchStrategy[str]


def sometimes(hazard: Texts, plain: Texts, one_in: int = 4) -> Texts:
    """Plain texts, and about one in so many of the others."""
    return st.integers(1, one_in).flatmap(lambda number: hazard if number == one_in else plain)


any_text: Texts = st.one_of(
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=4).map(" ".join),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(PIECES).map(lambda piece: piece * 40),
)
given_names = ("Ann", "Maria", "János", "小明", "O'Brien")
surnames = ("Lee", "Nagy", "García", "Lorca", "van", "de", "Jr.", "王", "Smith &", "R&D")
names: Texts = st.lists(st.sampled_from((*given_names, *surnames)), min_size=1, max_size=4).map(" ".join)
words: Texts = sometimes(st.one_of(any_text, st.tuples(names, st.sampled_from(PIECES)).map(" ".join)), names)
lines: Texts = sometimes(any_text, st.sampled_from(("", "1 Quay Row", "Karl Johans gate 1", "Flat 2")), 6)
emails: Texts = sometimes(
    st.one_of(
        st.sampled_from(("a&b@x.example", "jürgen@x.example", "", "x@y", "ann@x.example; bea@x.example")), any_text
    ),
    st.sampled_from(("ann@x.example", "Ann@X.example", "bea@x.example", "o'brien@x.example", "a+b@x.example")),
    6,
)
phones: Texts = sometimes(
    st.one_of(st.sampled_from(("+47 22 00 00 00 ext. 5", "n/a", "٠٣٠ ١٢٣٤٥٦٧")), any_text),
    st.sampled_from(
        ("", "030 1234567", "+49 30 1234567", "+49 (0)30 1234567", "0049301234567", "22 00 00 00", "+4722000000")
    ),
    6,
)
countries: Texts = sometimes(
    st.sampled_from(("no", " DE ", "Norway", "XX")), st.sampled_from(("", "NO", "DE", "US", "GR", "HU", "JP", "ES")), 8
)
states: Texts = sometimes(
    st.one_of(st.sampled_from(("Bayern", "Free text")), any_text),
    st.sampled_from(("", "CA", "ca", "California", "CALIFORNIA", "DE-BY", "Bavaria", "I", "Attica")),
    6,
)
postcodes: Texts = sometimes(any_text, st.sampled_from(("", "eh1 1yz", "EH11YZ", "0150", "00-001", "-")), 8)
vat_numbers: Texts = sometimes(
    any_text, st.sampled_from(("", "DE123456789", "123456789", "de 123.456.789", "EL094259216")), 8
)
lone_surrogates: Texts = st.sampled_from(("\ud800", "a\udfffb", "\udc00\ud800"))
not_texts: st.SearchStrategy[Any] = st.one_of(
    st.integers(),
    st.booleans(),
    st.lists(st.text(max_size=3), min_size=1, max_size=2),
    st.just({"a": 1}),
    lone_surrogates,
)
