"""What WordPress does to texts: cleaning of one-line fields, and of names every time an account is saved.

Account names (not addresses) pass through the filters of the user table at every save: tags go, `&` becomes `&amp;`,
`&#39;` becomes `&#039;`. A name that was just changed is written once more behind these filters, raw. So the same name
is stored in two forms by turns.
"""

import re
from html import entities

from sandbox.woocommerce import php

_NEEDS_CLEANING = re.compile(r"[<%\r\n\t]|  |^[ \0\x0b]|[ \0\x0b]$")
_NEEDS_FILTERING = re.compile(r"[&<>%\x00-\x1f]|  |^ | $")
_BLANKS = re.compile(r"[\r\n\t ]+")
_OCTET = re.compile(r"%[a-f0-9]{2}", re.IGNORECASE)
_SCRIPTS = re.compile(r"<(script|style)[^>]*?>.*?</\1>", re.IGNORECASE | re.DOTALL)
_ANGLE = re.compile(r"<[^>]*?((?=<)|>|$)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NAMED_ENTITY = re.compile(r"&amp;([A-Za-z]{2,8}[0-9]{0,2});")
_DECIMAL_ENTITY = re.compile(r"&amp;#(0*[0-9]{1,7});")
_HEXADECIMAL_ENTITY = re.compile(r"&amp;#[Xx](0*[0-9A-Fa-f]{1,6});")
_TAG_LIKE = re.compile(r"<[^>]*(?:>|$)|>")
_TAG = re.compile(r"<\s*(/\s*)?([a-zA-Z0-9-]+)([^>]*)>?")
_ENTITY_NAMES = frozenset(entities.name2codepoint) | {"apos"}
_ALLOWED_TAGS = frozenset("a abbr acronym b blockquote cite code del em i q s strike strong".split())
_AMPERSAND = re.compile(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")


def clean_line(text: str) -> str:
    """`sanitize_text_field`: tags and %41 octets stripped, white space folded and trimmed, a lone `<` as entity."""
    if not _NEEDS_CLEANING.search(text):
        return text
    if "<" in text:
        text = strip_all_tags(_ANGLE.sub(lambda found: found[0] if ">" in found[0] else escaped(found[0]), text))
        text = text.replace("<\n", "&lt;\n")
    text = php.trim(_BLANKS.sub(" ", text))
    if _OCTET.search(text):
        while (found := _OCTET.search(text)) is not None:
            text = text.replace(found[0], "")
        text = php.trim(re.sub(" +", " ", text))
    return text


def filtered_name(text: str) -> str:
    """The name as it stands after WordPress has saved the account once more; "0" counts as no name."""
    if text == "0" or _is_serialized(text):
        return ""
    if not _NEEDS_FILTERING.search(text):
        return text
    return kses(clean_line(text)).replace("<", "&lt;").replace(">", "&gt;")


def _is_serialized(text: str) -> bool:
    """A list that a batch wrote into a name: read back as a list, which is no text."""
    return text.startswith("a:") and re.fullmatch(r"a:\d+:\{.*\}", text, re.DOTALL) is not None


def escaped(text: str) -> str:
    """`esc_html`: markup and both kinds of quotes as entities; entities that are there already stay."""
    text = _AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#039;")


def strip_all_tags(text: str) -> str:
    """`wp_strip_all_tags`: scripts and styles with their content, of other tags only the tag."""
    return php.trim(_without_tags(_SCRIPTS.sub("", text)) if "<" in text else text)


def _without_tags(text: str) -> str:
    """PHP's strip_tags: a `<` before white space is a text, a `>` inside quotes does not end the tag."""
    kept: list[str] = []
    is_tag, quote = False, ""
    for position, letter in enumerate(text):
        if not is_tag:
            following = text[position + 1 : position + 2]
            is_tag = letter == "<" and not following.isspace()
            if not is_tag and letter != "\0":
                kept.append(letter)
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == ">":
            is_tag = False
    return "".join(kept)


def kses(text: str) -> str:
    """`wp_filter_kses`: control characters out, entities in their normal form, only a commenter's tags stay."""
    text = _CONTROLS.sub("", text).replace("&", "&amp;")
    text = _NAMED_ENTITY.sub(lambda found: f"&{found[1]};" if found[1] in _ENTITY_NAMES else found[0], text)
    text = _DECIMAL_ENTITY.sub(_decimal_entity, text)
    text = _HEXADECIMAL_ENTITY.sub(_hexadecimal_entity, text)
    text = _ANGLE.sub(lambda found: found[0] if ">" in found[0] else escaped(found[0]), text)
    return _TAG_LIKE.sub(_tag, text)


def _decimal_entity(found: re.Match[str]) -> str:
    digits = found[1].lstrip("0")
    return f"&#{digits.zfill(3)};" if _is_character(int(digits or "0")) else f"&amp;#{found[1]};"


def _hexadecimal_entity(found: re.Match[str]) -> str:
    digits = found[1].lstrip("0")
    return f"&#x{digits};" if _is_character(int(digits or "0", 16)) else f"&amp;#x{found[1]};"


def _is_character(number: int) -> bool:
    return (
        number in (9, 10, 13) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number < 0x110000
    )


def _tag(found: re.Match[str]) -> str:
    if not found[0].startswith("<"):
        return "&gt;"
    parts = _TAG.fullmatch(found[0])
    if parts is None or parts[2].lower() not in _ALLOWED_TAGS:
        return ""
    return f"</{parts[2]}>" if parts[1] else f"<{parts[2]}>"
