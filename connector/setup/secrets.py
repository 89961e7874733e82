"""Secrets as files, shells and pages hand them over: with a line end, a blank or quotes around them that nobody sees.

What stands around a secret is cut: no key, id or secret begins or ends with it. What stands inside is told, since nobody can
know what was meant. Otherwise the other system would say that the secret is wrong, and nobody why.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

__all__ = ["Key", "Secret", "without_wrapping"]

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "»": "«", "”": "”", "’": "’"}
# how shells write a variable; to people it looks like a reference
_SHELL = re.compile(
    r"\$(?:env:)?\{?([A-Za-z_]\w*)\}?|%([A-Za-z_]\w*)%|\$\{\{?\s*(?:secrets\.|env\.)?([A-Za-z_]\w*)\s*\}\}?"
)


def without_wrapping(text: str) -> str:
    """A secret without the blanks, line ends, unseen characters and pairs of quotes around it."""
    begin, end = 0, len(text)
    while begin < end and _unseen(text[begin]):
        begin += 1
    while end > begin and _unseen(text[end - 1]):
        end -= 1
    inner = text[begin:end]
    wrapped = len(inner) > 1 and _QUOTES.get(inner[0]) == inner[-1]
    return without_wrapping(inner[1:-1]) if wrapped else inner


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def _resolved(value: Any, info: ValidationInfo) -> Any:
    """Replace `env:NAME` by the value of that environment variable, without what is wrapped around it."""
    if isinstance(value, SecretStr):
        return SecretStr(without_wrapping(value.get_secret_value()))
    if not isinstance(value, str):
        return value
    text = without_wrapping(value)
    if not text.lower().startswith("env:"):
        shell = _SHELL.fullmatch(text)
        if shell:
            name = next(group for group in shell.groups() if group)
            raise ValueError(f"nothing here reads variables of a shell; write env:{name}")
        return text
    name = text[4:].strip()
    environ: Mapping[str, str] = (info.context or {}).get("environ", os.environ)
    given = environ.get(name, "")
    if not given:
        raise ValueError(f"the environment variable {name} is not set; export {name}=… before starting")
    resolved = without_wrapping(given)
    if not resolved:
        raise ValueError(f"the environment variable {name} holds nothing but blanks or quotes; export {name}=… anew")
    return resolved


def _without_what_nobody_sees(secret: SecretStr) -> SecretStr:
    """Refuse a secret with a character inside that a file or a page has put in."""
    value = secret.get_secret_value()
    place = next((place for place, sign in enumerate(value, 1) if not sign.isprintable()), 0)
    if place:
        sign = f"U+{ord(value[place - 1]):04X}"
        raise ValueError(
            f"character {place} of {len(value)} is {sign}, which no secret has and nobody sees; copy it anew, as one line"
        )
    return secret


def _as_the_shop_makes_them(key: SecretStr) -> SecretStr:
    """Refuse a key that no request can carry, or that was not copied alone."""
    value = key.get_secret_value()
    if not value.isascii():
        raise ValueError("it holds letters that no key of WooCommerce has; copy it anew")
    if any(sign in value for sign in " \"'"):
        raise ValueError("it holds a blank or a quotation mark, which no key of WooCommerce has; copy it anew")
    return key


Secret = Annotated[
    SecretStr, BeforeValidator(_resolved), AfterValidator(_without_what_nobody_sees), Field(min_length=1)
]
Key = Annotated[Secret, AfterValidator(_as_the_shop_makes_them)]
