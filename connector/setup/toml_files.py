"""A TOML file as editors leave it: with a mark before the text, in another encoding, with signs that only look like TOML's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from connector.errors import SetupError
from connector.text_files import encoding_of, text_in

__all__ = ["document_in"]

_UTF8 = (
    "Save it as UTF-8: Notepad and Visual Studio Code offer it when saving; in PowerShell Set-Content -Encoding utf8."
)
_PLACE = re.compile(r"line (\d+)")
# what stands in a line that TOML refuses → what to do about it
_SIGNS = (
    (
        re.compile("\ufeff"),
        "A byte order mark (U+FEFF) stands in that line, left over where files were joined: delete it.",
    ),
    (
        re.compile("[“”„‟«»‘’‚‹›]"),
        "TOML knows straight quotation marks only (\" or '); a word processor has changed them.",
    ),
    (
        re.compile("[\u00a0\u2007\u202f\u200b\u200c\u200d\u2060]"),
        "A blank in that line is another sign than a blank: type it anew.",
    ),
    (
        re.compile(r'"[^"]*\\'),
        r"A backslash in double quotes begins an escape: put the value in single quotes, such as 'C:\data\ca.pem'.",
    ),
    (re.compile(r"=\s*(True|False|TRUE|FALSE)\b"), "TOML writes true and false in small letters."),
    (re.compile(r"=\s*[^\s\"'\[{+\-\d]"), "Texts stand in quotes."),
)


def document_in(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        SetupError: it is not there, cannot be read, or is no TOML.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SetupError(
            f"There is no setup file {path}.",
            hint="Name it with --setup FILE or CUSTOMER_SYNC_SETUP. The README shows one to start from.",
        ) from None
    except (OSError, ValueError) as error:  # a folder, no permission, or a path that no system has
        raise SetupError(
            f"The setup file {path} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from None
    encoding = encoding_of(data)
    if not encoding.startswith("utf-8"):
        raise SetupError(f"The setup file {path} is in {encoding[:6].upper()}; TOML is UTF-8.", hint=_UTF8)
    try:
        text = text_in(data)
    except ValueError as error:
        raise SetupError(f"The setup file {path} cannot be read: {error}.", hint=_UTF8) from None
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The setup file {path} is not valid TOML: {error}.", hint=_hint(text, str(error))) from None
    except RecursionError:
        raise SetupError(
            f"The setup file {path} is not valid TOML: it nests too deeply.",
            hint="Look for brackets that nobody closes.",
        ) from None


def _hint(text: str, told: str) -> str:
    place = _PLACE.search(told)
    lines = text.splitlines()
    line = lines[int(place[1]) - 1] if place and 0 < int(place[1]) <= len(lines) else ""
    return next((hint for sign, hint in _SIGNS if sign.search(line)), "")
