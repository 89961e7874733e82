"""Secrets as files, shells and pages hand them over: with a line end, a blank or quotes around them that nobody sees.

A setup refers to them: `env:NAME` is an environment variable, `file:PATH` a file that holds nothing else.

What stands around a secret is cut: no key, id or secret begins or ends with it. What stands inside is told, since nobody can
know what was meant. Otherwise the other system would say that the secret is wrong, and nobody why.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from connector.secret_files import secret_in_file

__all__ = ["REFERENCE", "Key", "Secret", "anchored", "is_reference", "resolved", "without_wrapping"]

# of a setting that is a reference, or blank
REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+)?$"
_ENV, _FILE = "env:", "file:"

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


def is_reference(text: str) -> bool:
    """Whether a text says where a secret is, and is none itself."""
    return without_wrapping(text).lower().startswith((_ENV, _FILE))


def anchored(reference: str, folder: Path) -> str:
    """The same reference, in which a relative path of a file is made one from a folder."""
    text = without_wrapping(reference)
    return f"{_FILE}{folder / _path_in(text)}" if text.lower().startswith(_FILE) and _path_in(text) else reference


def resolved(reference: str, environ: Mapping[str, str], folder: Path | None = None) -> str:
    """The secret that a reference leads to, without what is wrapped around it.

    Args:
        environ: where variables are looked up; one that stands for secrets (`UnresolvedSecrets`) stands for files, too.
        folder: what a relative path counts from; None = it must be a whole one.

    Raises:
        ValueError: it leads nowhere, or to something that cannot be a secret.
    """
    text = without_wrapping(reference)
    if text.lower().startswith(_FILE):
        path = _path_in(text)
        if not path:
            raise ValueError("file: needs a path, such as file:/run/secrets/NAME")
        if hasattr(environ, "stands_in"):
            return environ[re.sub(r"\W+", "-", path)]
        place = path if folder is None else folder / path
        if not Path(place).is_absolute():
            raise ValueError(f"{path} must be a whole path here, such as /run/secrets/{Path(path).name}")
        given, where, how = secret_in_file(Path(place)), str(place), "write the secret into it anew"
    else:
        name = text[len(_ENV) :].strip()
        given = environ.get(name, "")
        where, how = f"the environment variable {name}", f"export {name}=… anew"
        if not given:
            raise ValueError(f"{where} is not set; export {name}=… before starting")
    secret = without_wrapping(given)
    if not secret:
        raise ValueError(f"{where} holds nothing but blanks or quotes; {how}")
    if is_reference(secret):
        raise ValueError(f"{where} holds a reference, not the secret; write that reference into the setup")
    return secret


def _path_in(reference: str) -> str:
    """The path of a `file:` reference; file:///PATH, as addresses are written, is the same as file:/PATH."""
    path = without_wrapping(reference[len(_FILE) :])
    return path[2:] if path.startswith("///") else path


def _resolved(value: Any, info: ValidationInfo) -> Any:
    """Replace a reference by what it leads to."""
    if isinstance(value, SecretStr):
        return SecretStr(without_wrapping(value.get_secret_value()))
    if not isinstance(value, str):
        return value
    text = without_wrapping(value)
    if not is_reference(text):
        shell = _SHELL.fullmatch(text)
        if shell:
            name = next(group for group in shell.groups() if group)
            raise ValueError(f"nothing here reads variables of a shell; write env:{name}")
        return text
    context = info.context or {}
    return resolved(text, context.get("environ", os.environ), context.get("folder"))


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
