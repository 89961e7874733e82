"""Things that are counted, in the words of a sentence."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """A number and the words behind it: `counted(1, "customer has", "customers have")`; without `many` an s is added."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
