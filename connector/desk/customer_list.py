"""The list of all customers: who is linked, who waits for an account, who is only on one side, and what stands with each.

It is made of the directory (store/directory.py), the mapping table and what runs left; neither system is asked. Where there is no
directory the list has only the rows of the mapping table, and says so. Nothing is imported for it that a list does not need.
"""

from __future__ import annotations

import difflib
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.core.customer_key import customer_key
from connector.core.folding import words_of
from connector.errors import InputError
from connector.store.customer_lines import MARKS, CustomerLines, Extra, Gates, Place, line_key

if TYPE_CHECKING:
    from connector.setup import Setup
    from connector.store import View

__all__ = [
    "FILTERS",
    "MOST",
    "SORTS",
    "STATES",
    "Line",
    "Page",
    "all_customers",
    "counts",
    "lines_of",
    "list_customers",
    "mapped_customers",
]

# a search says no more than that there are more of them
MOST = 5_000
ONLY_CARD, ONLY_ACCOUNT, IN_STEP = "only in Business Central", "only in the webstore", "in step"
# what is said of a line, the most urgent first
STATES = (*MARKS[:-1], IN_STEP, MARKS[-1], ONLY_CARD, ONLY_ACCOUNT)
FILTERS = ("all", "linked", *STATES)
SORTS = ("number", "name")
_TROUBLES = frozenset({"conflict", "quarantined", "on hold", "gone", "to push", "to pull", "withheld"})
_ALL = 1 << 40
# so many states of stores are known at a time
_STORES = 4
_KNOWN: dict[Any, dict[str, Any]] = {}
_LOCK = threading.Lock()
_Found = tuple[list[Place], int, bool]


@dataclass(frozen=True)
class Line:
    """One customer, or one linked pair. What is not known, or not there, is blank; times are UTC.

    Attributes:
        key: what addresses and forms use: the Business Central id, or `woo:17` of an account that is linked to nobody.
        bc_place, webstore_place: post code, city and country.
        ticked: the box Webstore Customer.
        states: of STATES, the most urgent first; never empty.
        last_synchronized: when both sides last agreed on something; None = never.
        last_error: why the newest failed write failed; "" = none has failed since the last that succeeded.
    """

    key: str
    bc_id: str = ""
    bc_number: str = ""
    bc_name: str = ""
    bc_place: str = ""
    bc_email: str = ""
    webstore_id: int | None = None
    webstore_name: str = ""
    webstore_place: str = ""
    webstore_email: str = ""
    username: str = ""
    ticked: bool = False
    states: tuple[str, ...] = ()
    last_synchronized: datetime | None = None
    last_error: str = ""
    on_hold: bool = False
    failed_attempts: int = 0


@dataclass(frozen=True)
class Page:
    """Some lines of a list.

    Attributes:
        total: how many lines the filter and the search have; of a search MOST at most.
        more: the search has more than MOST.
        complete: False = there is no directory, so only rows of the mapping table are listed.
        read_at: when both systems were read for it.
    """

    lines: tuple[Line, ...]
    total: int
    more: bool
    complete: bool
    read_at: datetime | None


def list_customers(
    view: View,
    setup: Setup,
    *,
    filter: str = "all",  # noqa: A002 - the word of the option and of the page
    search: str = "",
    sort: str = "number",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
    known: Mapping[str, int] | None = None,
) -> Page:
    """Some lines in order.

    Args:
        filter: one of FILTERS.
        search: words; each must stand in one of the line's texts (number, id, name, e-mail, place, user name of either side),
            whatever its letter case and accents. Where each of them alone is in more than MOST customers, all must stand on the
            same side.
        sort: one of SORTS. By number cards come first, then accounts that are linked to nobody; by name the card's name counts.
        known: `counts` of the same state of the store, so that the total need not be counted.

    Raises:
        InputError: there is no such filter, or nothing can be sorted so.
    """
    _checked(filter, FILTERS, "filter")
    _checked(sort, SORTS, "order")
    lines = _lines_of(view, setup)
    listed = _List(lines, filter, sort, descending)
    words = words_of(search)
    if words:
        places, total, more = listed.found(words, offset, limit)
    else:
        places, total, more = listed.page(offset, limit, (known or {}).get(filter))
    read_at = view.directory.read_at
    return Page(tuple(_lines(lines, places)), total, more, read_at is not None, read_at)


def all_customers(view: View, setup: Setup, *, filter: str = "all", search: str = "") -> list[Line]:  # noqa: A002
    """Every line that a filter and a search have, in order of number; of a search MOST at most.

    Raises:
        InputError: there is no such filter.
    """
    _checked(filter, FILTERS, "filter")
    lines = _lines_of(view, setup)
    listed, words = _List(lines, filter, "number", descending=False), words_of(search)
    places, _, _ = listed.found(words, 0, MOST) if words else listed.page(0, _ALL, None)
    return list(_lines(lines, places))


def lines_of(view: View, setup: Setup, keys: Sequence[str]) -> list[Line]:
    """The lines of some keys, in their order, each once; whoever is not known is left out.

    An account that is linked by now is found as the pair that it belongs to.
    """
    lines = _lines_of(view, setup)
    accounts = [key.removeprefix("woo:") for key in keys if key.startswith("woo:") and key[4:].isdecimal()]
    linked = lines.linked_to(accounts)
    named = [linked.get(key[4:], key) if key.startswith("woo:") else key.lower() for key in keys]
    cards = [key for key in named if not key.startswith("woo:")]
    known = {*lines.mapping_rows(cards), *lines.customers("business_central", cards)}
    known |= {f"woo:{key}" for key in lines.customers("webstore", accounts)}
    places = [
        Place(key.startswith("woo:"), key.removeprefix("woo:"), "", "") for key in dict.fromkeys(named) if key in known
    ]
    return list(_lines(lines, places))


def mapped_customers(view: View, setup: Setup) -> list[Line]:
    """The lines of the mapping table's rows, in order of number."""
    rows = view.mapping.rows()
    places = [Place(False, row["bc_id"], row["bc_number"], "") for row in rows]
    return list(_lines(_lines_of(view, setup), places))


def counts(view: View, setup: Setup) -> dict[str, int]:
    """How many lines each of FILTERS has."""
    lines = _lines_of(view, setup)
    extras = lines.extras()
    cards, accounts, linked = lines.count_cards(), lines.count_accounts(), lines.count_linked()
    found = {"all": cards + len(extras) + accounts, "linked": linked, ONLY_ACCOUNT: accounts}
    for mark in MARKS:
        found[mark] = lines.count_marked(mark)
    found[ONLY_CARD] = cards + len(extras) - linked - found["ticked"]
    found[IN_STEP] = linked - len(lines.troubled())
    return {name: found[name] for name in FILTERS}


def _lines_of(view: View, setup: Setup) -> CustomerLines:
    """The lines, with what is known already of a store that has not changed since: of the newest few that were asked about."""
    gates = _gates(setup)
    if view.writes:  # it may change on the way, and be undone
        return view.lines(gates)
    key = (view.place, view.state, gates)
    with _LOCK:
        known = _KNOWN.pop(key, {})
        _KNOWN[key] = known  # the newest stands last
        while len(_KNOWN) > _STORES:
            _KNOWN.pop(next(iter(_KNOWN)))
    return view.lines(gates, known)


def _checked(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name.lower(), [one.lower() for one in known], 3, 0.5)
        meant = [one for one in known if one.lower() in near] or list(known)
        raise InputError(f"There is no {what} {name!r}.", hint=f"Take one of: {', '.join(meant)}.")


def _gates(setup: Setup) -> Gates:
    flags = setup.synchronization
    return Gates(
        push=str(flags.push_webstore_customers) != "None",
        pull=str(flags.pull_webstore_customers) != "None",
        overwrite=str(flags.policies.drift) == "overwrite",
        keeps_blanks=str(flags.policies.blank) == "keep",
    )


class _List:
    """The places of one filter in one order."""

    def __init__(self, lines: CustomerLines, only: str, sort: str, descending: bool) -> None:
        self._lines, self._only, self._sort, self._descending = lines, only, sort, descending

    def page(self, offset: int, limit: int, total: int | None) -> _Found:
        """Without a search."""
        if self._only in MARKS:
            return self._slice(self._lines.marked(self._only), offset, limit)
        extras = self._extras()
        total = self._count(extras) if total is None else total
        if offset > total / 2 and limit < total:  # nearer to the end: from there
            last = max(0, total - offset)
            turned = _List(self._lines, self._only, self._sort, not self._descending)
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

    def found(self, words: Sequence[str], offset: int, limit: int) -> _Found:
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

    def _slice(self, places: list[Place], offset: int, limit: int) -> _Found:
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


def _lines(lines: CustomerLines, places: Sequence[Place]) -> Iterable[Line]:
    """The lines at some places, whole."""
    bc_ids = [place.key for place in places if not place.account]
    rows, cards = lines.mapping_rows(bc_ids), lines.customers("business_central", bc_ids)
    partners = [str(row["webstore_id"]) for row in rows.values() if row["webstore_id"] is not None]
    accounts = lines.customers("webstore", [*partners, *(place.key for place in places if place.account)])
    marks = lines.marks_of([(place.account, place.key) for place in places])
    agreed = lines.agreed(bc_ids)
    held: dict[str, list[Mapping[str, Any]]] = {}
    keys = [customer_key(key, None) for key in bc_ids]
    keys += [customer_key(None, int(key)) for key in partners]
    keys += [customer_key(None, int(place.key)) for place in places if place.account]
    for hold in lines.holds(keys):
        held.setdefault(hold["key"], []).append(hold)
    for place in places:
        row = None if place.account else rows.get(place.key)
        webstore_id = int(place.key) if place.account else row["webstore_id"] if row else None
        yield _line(
            place,
            row,
            {} if place.account else cards.get(place.key, {}),
            {} if webstore_id is None else accounts.get(str(webstore_id), {}),
            marks[place.account, place.key],
            agreed.get((place.key, webstore_id or 0)),
            [
                *(held.get(customer_key(place.key, None), []) if not place.account else []),
                *(held.get(customer_key(None, webstore_id), []) if webstore_id is not None else []),
            ],
        )


def _line(
    place: Place,
    row: Mapping[str, Any] | None,
    card: Mapping[str, Any],
    account: Mapping[str, Any],
    marks: Sequence[str],
    agreed: datetime | None,
    holds: Sequence[Mapping[str, Any]],
) -> Line:
    row = row or {}
    webstore_id = int(place.key) if place.account else row.get("webstore_id")
    linked = not place.account and webstore_id is not None
    states = list(marks)
    if place.account:
        states.append(ONLY_ACCOUNT)
    elif not linked and not row.get("webstore_customer"):
        states.append(ONLY_CARD)
    elif linked and not _TROUBLES.intersection(states):
        states.append(IN_STEP)
    failed = sorted((hold for hold in holds if hold["last_failed_at"]), key=lambda hold: hold["last_failed_at"])
    times = [agreed, *(hold["last_synchronized_at"] for hold in holds)]
    return Line(
        key=line_key(place.account, place.key),
        bc_id="" if place.account else place.key,
        bc_number=card.get("number") or row.get("bc_number", ""),
        bc_name=card.get("name") or row.get("name", ""),
        bc_place=card.get("place", ""),
        bc_email=card.get("email", ""),
        webstore_id=webstore_id,
        webstore_name=account.get("name", ""),
        webstore_place=account.get("place", ""),
        webstore_email=account.get("email", ""),
        username=account.get("username") or row.get("username", ""),
        ticked=bool(row.get("webstore_customer")),
        states=tuple(states),
        last_synchronized=max((time for time in times if time is not None), default=None),
        last_error=failed[-1]["last_error"] if failed else "",
        on_hold=any(hold["on_hold"] for hold in holds),
        failed_attempts=max((hold["failed_attempts"] for hold in holds), default=0),
    )
