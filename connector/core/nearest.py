"""What somebody may have meant who named something that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from connector.core.spreadsheets import originals

__all__ = ["nearest"]

_FEW = 8


def nearest(text: str, known: Mapping[str, str]) -> str:
    """The end of a sentence that names what comes nearest, or all there is if that is little; "" where there is nothing.

    Args:
        known: code → name; the text may be meant for either.
    """
    lost = originals(text, known)
    if lost:
        return f"; a spreadsheet {lost[0][1]}: did it say {' or '.join(code for code, _ in lost)}?"
    by_text = {code.casefold(): code for code in known} | {
        name.casefold(): code for code, name in known.items() if name
    }
    near = [by_text[each] for each in difflib.get_close_matches(text.casefold(), list(by_text), n=4, cutoff=0.55)]
    near += [code for each, code in by_text.items() if len(text) > 2 and text.casefold() in each]
    if near:
        return f"; the nearest: {', '.join(_shown(code, known) for code in list(dict.fromkeys(near))[:4])}"
    return f"; there are {', '.join(_shown(code, known) for code in sorted(known))}" if 0 < len(known) <= _FEW else ""


def _shown(code: str, known: Mapping[str, str]) -> str:
    return f"{code} ({known[code]})" if known[code] and known[code] != code else code
