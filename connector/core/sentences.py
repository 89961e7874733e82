"""Parts of a message, put together as sentences."""

from __future__ import annotations

__all__ = ["sentences"]

_ENDED = (".", "!", "?", "…", ":")
_CLOSING = "”\"')]`"


def sentences(*parts: str) -> str:
    """Parts one behind the other, each of them ended once, whether it brings its full stop or not; blank ones are passed over.

    `sentences("webstore: the key is wrong.", "Make another one")` is "webstore: the key is wrong. Make another one."
    """
    told = [part.strip() for part in parts if part.strip()]
    return " ".join(part if part.rstrip(_CLOSING).endswith(_ENDED) else f"{part}." for part in told)
