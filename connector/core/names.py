"""Composing and splitting names of persons.

Business Central keeps one name, the webstore a first and a last one. Composing is "first last"; splitting is its inverse:
`compose(*split(name))` is always `name`. A name that is split again stays close to the split that was there before, so
that a changed first name does not eat into the last name.
"""

from __future__ import annotations

from connector.core.normalize import clean, text_key

__all__ = ["compose", "split"]

# words that belong to the last name that follows them
_PARTICLES = frozenset(
    "af al ap ben bin da das de del della den der des di do dos du el ibn la las le lo los mac ní o ó ter ten van vom "
    "von y zu zum zur".split()
)


def compose(first: str, last: str) -> str:
    """One name of two; either may be blank."""
    return clean(f"{first} {last}")


def split(name: str, first_before: str = "", last_before: str = "") -> tuple[str, str]:
    """First and last name of a composed name.

    Args:
        name: the composed name.
        first_before, last_before: the split that holds now, blank if there is none. It is kept as far as it still fits:
            unchanged last name → the rest is the first name; unchanged first name → the rest is the last name.
    """
    name = clean(name)
    words = name.split(" ")
    if last_before and _ends_with(name, last_before):
        return name[: len(name) - len(clean(last_before))].rstrip(), name[len(name) - len(clean(last_before)) :]
    if first_before and _starts_with(name, first_before):
        return name[: len(clean(first_before))], name[len(clean(first_before)) :].lstrip()
    if len(words) == 1:
        return ("", name) if last_before and not first_before else (name, "")
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def _ends_with(name: str, last: str) -> bool:
    return text_key(name).endswith(" " + text_key(last)) and name.endswith(clean(last))


def _starts_with(name: str, first: str) -> bool:
    return text_key(name).startswith(text_key(first) + " ") and name.startswith(clean(first))
