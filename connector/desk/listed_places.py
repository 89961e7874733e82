"""The places of the list of all customers that a filter or a search means, in order, a page at a time.

Whom the database can find in order, it does; the few mapping rows that it does not know as customers are put among them here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.store.customer_lines import CustomerLines, Extra, Place
from connector.store.customer_marks import MARKS

__all__ = ["IN_STEP", "MOST", "ONLY_ACCOUNT", "ONLY_CARD", "ListedPlaces"]

# a search says no more than that there are more of them
MOST = 5_000
ONLY_CARD, ONLY_ACCOUNT, IN_STEP = "only in Business Central", "only in the webstore", "in step"
# a page of places, how many there are, and whether there are more than that
Found: TypeAlias = tuple[list[Place], int, bool]


class ListedPlaces:
    """The places of one filter in one order."""

    def __init__(self, lines: CustomerLines, only: str, sort: str, descending: bool) -> None:
        self._lines, self._only, self._sort, self._descending = lines, only, sort, descending

    def page(self, offset: int, limit: int, total: int | None) -> Found:
        """Without a search."""
        if self._only in MARKS:
            return self._slice(self._lines.marked(self._only), offset, limit)
        extras = self._extras()
        total = self._count(extras) if total is None else total
        if offset > total / 2 and limit < total:  # nearer to the end: from there
            last = max(0, total - offset)
            turned = ListedPlaces(self._lines, self._only, self._sort, not self._descending)
            return turned._part(last - min(limit, last), min(limit, last), extras)[::-1], total, False
        return self._part(offset, limit, extras), total, False

    def _part(self, offset: int, limit: int, extras: Sequence[Extra]) -> list[Place]:
        places = self._sorted(extra.place for extra in extras)
        if self._sort != "number":
            return self._merged(None, places, offset, limit)
        # by number cards come first, then accounts; the other way round when descending
        found: list[Place] = []
        begin = 0
        for account in (True, False) if self._descending else (False, True):
            if len(found) < limit:
                found += self._merged(account, [] if account else places, max(0, offset - begin), limit - len(found))
            if len(found) < limit:
                begin += self._accounts() if account else self._cards(extras)
        return found

    def found(self, words: Sequence[str], offset: int, limit: int) -> Found:
        """With a search."""
        extras = self._extras_with(words)
        if self._only in MARKS:
            marks = self._lines.marks_of([(False, extra.place.key) for extra in extras])
            mine = [e.place for e in extras if self._only in marks[False, e.place.key]]
            return self._slice([*self._lines.marked(self._only, words), *mine], offset, limit)
        mine = [extra.place for extra in self._of_filter(extras)]
        each = [[word] for word in sorted(words, key=len, reverse=True)]
        for of_one in each if len(words) == 1 else [*each, words]:
            hits = self._lines.hits(of_one, MOST)
            if hits is not None:
                return self._slice([*self._with_all(hits, words), *mine], offset, limit)
        # they are too many to be shown: the first that have it on their card, in order
        found: list[Place] = []
        parts = (None,) if self._sort != "number" else (True, False) if self._descending else (False, True)
        for part in parts:
            if len(found) <= MOST:
                found += self._lines.window(self._only, part, self._sort, self._descending, 0, MOST + 1, words)
        places, total, _ = self._slice([*found, *mine], offset, limit)
        return places, min(total, MOST), True

    def _with_all(self, hits: Sequence[tuple[bool, str]], words: Sequence[str]) -> list[Place]:
        """The lines of some customers, if the line has every word and the filter means it; extras are left out."""
        lines = self._lines
        linked = lines.linked_to(key for account, key in hits if account)
        bc_ids = {key for account, key in hits if not account} | set(linked.values())
        alone = {key for account, key in hits if account and key not in linked}
        rows, cards = lines.mapping_rows(bc_ids), lines.customers("business_central", bc_ids)
        partners = {str(row["webstore_id"]) for row in rows.values() if row["webstore_id"] is not None}
        accounts = lines.customers("webstore", partners | alone)
        troubled = lines.troubled() if self._only == IN_STEP else set()
        found = []
        for key, card in cards.items():
            row = rows.get(key)
            account = accounts.get(str(row["webstore_id"])) if row and row["webstore_id"] is not None else None
            text = card["search"] + (f"\n{account['search']}" if account else "")
            if all(word in text for word in words) and self._means(row, key in troubled):
                found.append(Place(False, key, card["number"], card["name_order"]))
        for key in alone if self._only in {"all", ONLY_ACCOUNT} else ():
            account = accounts[key]
            if all(word in account["search"] for word in words):
                found.append(Place(True, key, account["number"], account["name_order"]))
        return found

    def _means(self, row: Mapping[str, Any] | None, troubled: bool) -> bool:
        """Whether the filter means a line with a card that has this row of the mapping table."""
        linked = row is not None and row["webstore_id"] is not None
        if self._only == "linked":
            return linked
        if self._only == IN_STEP:
            return linked and not troubled
        if self._only == ONLY_CARD:
            return not linked and not (row is not None and row["webstore_customer"])
        return self._only == "all"

    def _extras(self) -> list[Extra]:
        """The mapping rows without a card in the directory that the filter means."""
        return [] if self._only == ONLY_ACCOUNT else self._of_filter(self._lines.extras())

    def _of_filter(self, extras: Sequence[Extra]) -> list[Extra]:
        troubled = self._lines.troubled() if self._only == IN_STEP and extras else set()
        return [
            extra
            for extra in extras
            if self._means(
                {"webstore_id": extra.webstore_id, "webstore_customer": extra.ticked}, extra.place.key in troubled
            )
        ]

    def _extras_with(self, words: Sequence[str]) -> list[Extra]:
        extras = self._lines.extras()
        partners = {str(extra.webstore_id) for extra in extras if extra.webstore_id is not None}
        accounts = self._lines.customers("webstore", partners)
        found = []
        for extra in extras:
            account = accounts.get(str(extra.webstore_id))
            text = f"{extra.text}\n{account['search'] if account else ''}"
            if all(word in text for word in words):
                found.append(extra)
        return found

    def _cards(self, extras: Sequence[Extra]) -> int:
        """How many lines with a Business Central id the filter means, extras among them."""
        if self._only == ONLY_ACCOUNT:
            return 0
        if self._only == "linked":
            return self._lines.count_linked()
        if self._only == IN_STEP:
            return self._lines.count_linked() - len(self._lines.troubled())
        cards = self._lines.count_cards()
        if self._only == ONLY_CARD:
            everybody = self._lines.extras()
            return cards + len(everybody) - self._lines.count_linked() - self._lines.count_marked("ticked")
        return cards + len(extras)

    def _accounts(self) -> int:
        return self._lines.count_accounts() if self._only in {"all", ONLY_ACCOUNT} else 0

    def _count(self, extras: Sequence[Extra]) -> int:
        return self._cards(extras) + self._accounts()

    def _sorted(self, places: Iterable[Place]) -> list[Place]:
        return sorted(places, key=lambda place: place.by(self._sort), reverse=self._descending)

    def _slice(self, places: list[Place], offset: int, limit: int) -> Found:
        """A part of places that are all known."""
        more = len(places) > MOST
        return self._sorted(places)[offset : offset + limit], len(places), more

    def _merged(self, account: bool | None, extras: list[Place], offset: int, limit: int) -> list[Place]:
        """A part of the directory's lines with a few extras among them.

        An extra moves what comes after it by one; so the part begins at most as many lines earlier as there are extras.
        """
        first = max(0, offset - len(extras))
        window = self._lines.window(self._only, account, self._sort, self._descending, first, limit + offset - first)
        if not extras:
            return window
        if first and not window:  # the last line is before the offset, however the extras stand
            return []
        before = bisect_left([self._rank(extra) for extra in extras], self._rank(window[0])) if first else 0
        both = self._sorted([*window, *extras[before:]])
        begin = offset - first - before
        return both[begin : begin + limit]

    def _rank(self, place: Place) -> Any:
        return _Reversed(place.by(self._sort)) if self._descending else place.by(self._sort)


@dataclass(frozen=True)
class _Reversed:
    """Sorts the other way round."""

    value: tuple[Any, ...]

    def __lt__(self, other: _Reversed) -> bool:
        return other.value < self.value
