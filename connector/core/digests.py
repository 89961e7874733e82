"""Which writes and links a plan of millions holds: eight bytes each, instead of their names."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np

from connector.core.many import digest_of_line

__all__ = ["Digests", "Pairs"]


class Digests(Collection[str]):
    """Digests of 16 hex digits (many.digest_of_line), sorted. As a document they are one text."""

    def __init__(self, digests: Iterable[str]) -> None:
        self._numbers = np.sort(np.fromiter((int(digest, 16) for digest in digests), np.dtype("<u8")))

    @classmethod
    def from_document(cls, text: str) -> Digests:
        """The inverse of `as_document`."""
        found = cls(())
        found._numbers = np.frombuffer(base64.b64decode(text), np.dtype("<u8"))
        return found

    def as_document(self) -> str:
        """The same as JSON can hold it."""
        return base64.b64encode(self._numbers.tobytes()).decode()

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return (f"{number:016x}" for number in self._numbers.tolist())

    def __contains__(self, digest: object) -> bool:
        number = np.uint64(int(str(digest), 16))
        place = int(np.searchsorted(self._numbers, number))
        return place < len(self._numbers) and bool(self._numbers[place] == number)


class Pairs:
    """Pairs of a Business Central id and a Webstore ID, by their digests."""

    def __init__(self, digests: Digests) -> None:
        self.digests = digests

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, int]]) -> Pairs:
        """Take in some pairs."""
        return cls(Digests(map(_digest, pairs)))

    def __len__(self) -> int:
        return len(self.digests)

    def __contains__(self, pair: object) -> bool:
        return _digest(pair) in self.digests


def _digest(pair: Any) -> str:
    return digest_of_line(f"{pair[0]} {pair[1]}")
