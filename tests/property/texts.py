"""Texts that people, forms, imports and attackers have put into customer records."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# each piece has broken some synchronisation: entities, tags, octets, escapes, blanks of all kinds, marks, directions, NUL
PIECES = (
    "&amp;", "&lt;b&gt;", "&#39;", "&#039;", "&#x27;", "&eacute;", "&notes", "&copy", "&nbsp;", "&", "<", ">", "< x >", "<b>",
    "%41", "%4", "100%", "\\", "\\\\", "\\'", "'", '"', "0", "00", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2028", "\u200b",
    "\ufeff", "\x00", "\x07", "\x1f", "\x85", "\x9f", "\u202e", "\u200f", "e\u0301", "é", "ß", "İ", "ı", "ŉ", "ﬁ", "Ω", "ſ",
    "\u0345", "\u0390", "\u1fd3", "אב", "עברית", "عربي", "王", "小明", "Nagy", "János", "García",
    "van", "de", "la", "Jr.", "O'Brien",
    "😀", "👩\u200d👩\u200d👧", "𝒳", "\U0001f1e9\U0001f1ea", "\ufffd", "\uffff", ";", ",", "@", "-", ".", "/", "(0)", "+", "ext",
    "٣", "３", "Ⅷ", "½", "=1+1", "Ann", "Lee",
)  # fmt: skip
any_text = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(PIECES).map(lambda piece: piece * 70),
)
names = st.lists(
    st.sampled_from(("Ann", "Maria", "Nagy", "János", "García", "Lorca",
        "van", "de", "la", "Jr.", "王", "小明", "O'Brien", "Smith &")),
    min_size=1,
    max_size=4,
).map(" ".join)  # fmt: skip
words = st.one_of(names, any_text)
emails = st.one_of(
    st.sampled_from(
        (
            "ann@x.example",
            "Ann@X.example",
            "bea@x.example",
            "o'brien@x.example",
            "a+b@x.example",
            "a&b@x.example",
            "",
            "x@y",
        )
    ),
    any_text,
)
phones = st.one_of(
    st.sampled_from(
        ("030 1234567", "+49 30 1234567", "+49 (0)30 1234567", "0049301234567", "22 00 00 00", "+47 22 00 00 00", "+4722000000",
         "+47 22 00 00 00 ext. 5", "n/a", "", "٠٣٠ ١٢٣٤٥٦٧")
    ),
    any_text,
)  # fmt: skip
countries = st.sampled_from(("", "NO", "DE", "US", "GR", "HU", "JP", "ES", "no", " DE ", "Norway", "XX"))
states = st.one_of(
    st.sampled_from(("", "CA", "ca", "California", "CALIFORNIA", "DE-BY", "Bavaria", "Bayern", "I", "Attica", "Free text")),
    any_text,
)  # fmt: skip
postcodes = st.one_of(st.sampled_from(("", "eh1 1yz", "EH11YZ", "0150", "00-001", "-")), any_text)
vat_numbers = st.one_of(st.sampled_from(("", "DE123456789", "123456789", "de 123.456.789", "EL094259216")), any_text)
lone_surrogates = st.sampled_from(("\ud800", "a\udfffb", "\udc00\ud800"))
not_texts: st.SearchStrategy[Any] = st.one_of(
    st.integers(),
    st.booleans(),
    st.lists(st.text(max_size=3), min_size=1, max_size=2),
    st.just({"a": 1}),
    lone_surrogates,
)
