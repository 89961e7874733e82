"""Parts of a plan that may be more than memory holds.

A plan's parts are tuples, or, where a run decides about millions, `Many`: values that are read anew each time somebody goes
through them. Whoever reads a part goes through it, counts it, or takes its beginning, and never holds it whole.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar, overload

__all__ = ["FIRST", "Many", "counted_where", "digest_of_line", "in_pieces", "merged", "of_kinds", "those", "together"]

T = TypeVar("T")
# so many of each part can be shown when what they were read from has gone
FIRST = 1000


class Many(Sequence[T]):
    """Values that are read when they are asked for, in their order.

    Attributes:
        kinds: the same values divided, where they are asked for by kind; None = they are not.
        lines: reads what the values say for the plan's hash, sorted; None = they are no part of it.
        line_of: what one of them says there.
    """

    def __init__(
        self,
        read: Callable[[], Iterator[T]],
        size: int,
        *,
        kinds: Mapping[tuple[str, ...], Many[T]] | None = None,
        lines: Callable[[], Iterator[str]] | None = None,
        line_of: Callable[[T], str] | None = None,
    ) -> None:
        """`read` begins anew each time it is called, and gives `size` values."""
        self._read, self._size = read, size
        self._first: tuple[T, ...] = tuple(islice(read(), FIRST))
        self.kinds, self.lines, self.line_of = kinds, lines, line_of

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        yield from self._first
        if self._size > len(self._first):
            yield from islice(self._read(), len(self._first), None)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        """One of them, or some, as a tuple; everything before is gone through."""
        if isinstance(index, slice):
            return tuple(islice(self, *index.indices(self._size)))
        place = range(self._size)[index]
        return next(islice(self, place, None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        raise TypeError("unhashable: it would have to read everything")

    def __repr__(self) -> str:
        return f"<{self._size:,} values, read when they are asked for>"

    def those(self, keep: Callable[[T], bool]) -> Many[T]:
        """Those of which something is true, found out now and again whenever they are read."""
        if self.kinds is not None:
            kinds = {kind: many.those(keep) for kind, many in self.kinds.items()}
            return of_kinds(kinds)
        kept, gone = 0, set()
        for value in self:
            if keep(value):
                kept += 1
            elif self.line_of is not None:
                gone.add(digest_of_line(self.line_of(value)))
        lines = self.lines
        if lines is not None and gone:
            all_lines = lines

            def lines() -> Iterator[str]:
                return (line for line in all_lines() if digest_of_line(line) not in gone)

        return Many(lambda: filter(keep, self), kept, lines=lines, line_of=self.line_of)


def of_kinds(kinds: Mapping[tuple[str, ...], Many[T]]) -> Many[T]:
    """Values by kind as one part, kind after kind."""
    return Many(lambda: chain.from_iterable(kinds.values()), sum(map(len, kinds.values())), kinds=kinds)


def those(values: Sequence[T], keep: Callable[[T], bool]) -> Sequence[T]:
    """Those of which something is true, in their order."""
    return values.those(keep) if isinstance(values, Many) else tuple(filter(keep, values))


def merged(*parts: Sequence[T], key: Callable[[T], Any]) -> Sequence[T]:
    """Several parts, each in this order, as one in this order; equal ones stand as the parts do."""
    if not any(isinstance(part, Many) for part in parts):
        return tuple(sorted(chain.from_iterable(parts), key=key))
    ordered = [part if isinstance(part, Many) else sorted(part, key=key) for part in parts]
    return Many(lambda: heapq.merge(*ordered, key=key), sum(map(len, ordered)))


def together(*parts: Sequence[T]) -> Sequence[T]:
    """Several parts after each other."""
    if not any(isinstance(part, Many) for part in parts):
        return tuple(chain.from_iterable(parts))
    return Many(lambda: chain.from_iterable(parts), sum(map(len, parts)))


def counted_where(values: Iterable[T], true: Callable[[T], bool]) -> int:
    """Of how many something is true."""
    return sum(map(bool, map(true, values)))


def in_pieces(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many at a time, in their order."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece


def digest_of_line(line: str) -> str:
    """16 hex digits of what a line of the plan's hash says."""
    return hashlib.sha256(line.encode()).hexdigest()[:16]
