"""The list of all customers: who is linked, who waits for an account, who is only on one side, and what stands with each.

It is made of the directory (store/directory.py), the mapping table and what runs left; neither system is asked. Where there is no
directory the list has only the rows of the mapping table, and says so. Nothing is imported for it that a list does not need.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.core.customer_key import customer_key
from connector.core.folding import words_of
from connector.desk.listed_places import IN_STEP, MOST, ONLY_ACCOUNT, ONLY_CARD, ListedPlaces
from connector.errors import InputError
from connector.store.customer_lines import CustomerLines, Place, line_key
from connector.store.customer_marks import MARKS, TROUBLES, Gates

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

# what is said of a line, the most urgent first
STATES = (*MARKS[:-1], IN_STEP, MARKS[-1], ONLY_CARD, ONLY_ACCOUNT)
FILTERS = ("all", "linked", *STATES)
SORTS = ("number", "name")
_ALL = 1 << 40
# so many states of stores are known at a time
_STORES = 4
_KNOWN: dict[Any, dict[str, Any]] = {}
_LOCK = threading.Lock()


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
    listed = ListedPlaces(lines, filter, sort, descending)
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
    listed, words = ListedPlaces(lines, filter, "number", descending=False), words_of(search)
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
    elif linked and set(TROUBLES).isdisjoint(states):
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
