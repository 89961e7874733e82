"""The list of all customers against a plain model of it, in worlds of any shape: everybody once, and what is said of whom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.folding import folded, words_of
from connector.desk import customer_list
from connector.setup import Synchronization
from connector.store import (
    ChangedValue,
    DirectoryRow,
    MappingRow,
    QuarantinedField,
    StandingConflict,
    StandingSuggestion,
    Store,
    StoredDecision,
    open_store,
)
from connector.store.directory import account_number
from tests.hypothesis_profiles import share
from tests.unit.store.test_directory import replace

CARDS, ACCOUNTS = "abcdefgh", range(1, 9)
NAMES = ("Åse Müller", "ASE", "50% off", "a_b", 'O\'Brien "x"', "Ola\\nN", "\u202eright", "İstanbul", "Straße", "")
PLACES = ("Oslo", "Zürich 8001, CH", "")


@dataclass(frozen=True)
class World:
    """What a store says; `linked` maps cards to accounts, or to None for a row without an account."""

    cards: dict[str, str]
    accounts: dict[int, str]
    linked: dict[str, int | None]
    unticked: frozenset[str]
    late: frozenset[str]
    conflicts: frozenset[str]
    decided: dict[str, str]
    changes: dict[str, tuple[str, str]]
    quarantined: frozenset[Any]
    held: frozenset[Any]
    asked: frozenset[tuple[str, int]]
    directory: bool


@st.composite
def worlds(draw: st.DrawFn) -> World:
    cards = draw(st.dictionaries(st.sampled_from(CARDS), st.sampled_from(NAMES)))
    accounts = draw(st.dictionaries(st.sampled_from(ACCOUNTS), st.sampled_from(NAMES)))
    rows = draw(st.lists(st.sampled_from(CARDS), unique=True))
    partners = draw(st.permutations([*ACCOUNTS]))
    linked = {
        row: draw(st.sampled_from([partner, partner, None])) for row, partner in zip(rows, partners, strict=False)
    }
    some = st.frozensets(st.sampled_from(CARDS), max_size=4)
    anybody = st.frozensets(st.sampled_from([*CARDS, *ACCOUNTS]), max_size=4)
    conflicts = draw(some)
    takes = st.sampled_from(["webstore", "business-central", "value", "stale"])
    decided = {key: draw(takes) for key in sorted(conflicts) if draw(st.booleans())}
    sides = st.tuples(st.sampled_from(["webstore", "business_central"]), st.sampled_from(["x", ""]))
    return World(
        cards, accounts, linked, draw(some), draw(some), conflicts, decided,
        draw(st.dictionaries(st.sampled_from(CARDS), sides, max_size=4)), draw(anybody), draw(anybody),
        draw(st.frozensets(st.tuples(st.sampled_from(CARDS), st.sampled_from(ACCOUNTS)), max_size=4)), draw(st.booleans()),
    )  # fmt: skip


flags = st.builds(
    lambda push, pull, drift, blank: Synchronization.model_validate(
        {
            "push_webstore_customers": push, "pull_webstore_customers": pull,
            "policies": {"drift": drift, "blank": blank},
        }
    ),
    st.sampled_from(["Mapped Only", "None"]),
    st.sampled_from(["All", "Mapped Only", "None"]),
    st.sampled_from(["withhold", "overwrite"]),
    st.sampled_from(["keep", "clear"]),
)  # fmt: skip


def number(card: str) -> str:
    return f"C{(ord(card) * 7) % 5}{card}"


def card_row(card: str, name: str) -> DirectoryRow:
    place = PLACES[ord(card) % 3]
    return DirectoryRow("business_central", card, number(card), name, place, f"{card}@B.example", "", 1)


def account_row(account: int, name: str) -> DirectoryRow:
    place = PLACES[account % 3]
    return DirectoryRow(
        "webstore", str(account), account_number(account), name, place, f"{account}@w.example", f"u{account}", 1
    )


def mapping_row(world: World, card: str) -> MappingRow:
    return MappingRow(card, number(card), world.linked[card], card not in world.unticked, f"Row {card.upper()}")


def fill(store: Store, world: World) -> None:
    def key(who: Any) -> str:
        return f"bc:{who}" if isinstance(who, str) else f"woo:{who}"

    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.put(mapping_row(world, card) for card in world.linked if card not in world.late)
    with store.work("shop") as work:
        if world.directory:
            rows = [card_row(*one) for one in world.cards.items()] + [
                account_row(*one) for one in world.accounts.items()
            ]
            replace(work, *rows)
    with store.work("shop") as work:
        work.describe(actor="ann", reason="later")
        work.mapping.put(mapping_row(world, card) for card in world.linked if card in world.late)
        pairs = {card: partner for card, partner in world.linked.items() if partner}
        work.conflicts.replace(
            StandingConflict(card, number(card), pairs.get(card, 99), "phone", "1", "2", "3")
            for card in world.conflicts
        )
        for card, take in world.decided.items():
            seen = "0" if take == "stale" else "2"
            taken: Any = "webstore" if take == "stale" else take
            work.decisions.put(StoredDecision(card, pairs.get(card, 99), "phone", taken, seen, "3", "ann", "9"))
        work.changes.replace(
            ChangedValue(card, pairs.get(card, 99), "city", side, value)
            for card, (side, value) in world.changes.items()
        )
        # a value in conflict differs on both sides, and is no edit that waits for its turn
        work.quarantine.replace([QuarantinedField("x", key(who), "email", "no") for who in world.quarantined])
        for who in world.held:
            work.holds.failed(key(who), "push", signature="4", message="no", scheduled=True, max_attempts=1)
        work.suggestions.replace([StandingSuggestion(card, account, "name", 0.5) for card, account in world.asked])


def states(world: World, setup: Any) -> dict[str, set[str]]:
    """What must be said of whom, worked out one customer at a time."""
    sync = setup.synchronization
    push, pull = str(sync.push_webstore_customers) != "None", str(sync.pull_webstore_customers) != "None"
    overwrite, keeps = str(sync.policies.drift) == "overwrite", str(sync.policies.blank) == "keep"
    cards, accounts = (world.cards, world.accounts) if world.directory else ({}, {})
    partner_of = {account: card for card, account in world.linked.items() if account}
    found: dict[str, set[str]] = {}
    for card in {*cards, *world.linked}:
        said: set[str] = set()
        account = world.linked.get(card)
        ticked = card in world.linked and card not in world.unticked
        waits = [decided for who, decided in world.decided.items() if who == card] if account else []
        if account and card in world.conflicts and (not waits or waits == ["stale"]):
            said.add("conflict")
        elif account and card in world.conflicts:
            takes = {"webstore": ["pull"], "business-central": ["push"], "value": ["push", "pull"]}[waits[0]]
            said |= {f"to {d}" if {"push": push, "pull": pull}[d] else "withheld" for d in takes}
        said |= {"quarantined"} if card in world.quarantined or account in world.quarantined else set()
        said |= {"on hold"} if card in world.held or (account and account in world.held) else set()
        old = card in world.linked and card not in world.late
        if world.directory and old and (card not in cards or (account and account not in accounts)):
            said.add("gone")
        if not account and any(c == card and a not in partner_of for c, a in world.asked):
            said.add("asked")
        if account and card in world.changes:
            side, value = world.changes[card]
            mine, other = ("push", "pull") if side == "business_central" else ("pull", "push")
            is_open = {"push": push, "pull": pull}
            way = mine if is_open[mine] else other if overwrite and is_open[other] else ""
            if not way or (value == "" and keeps) or (way == "push" and not ticked):
                said.add("withheld")
            else:
                said.add(f"to {way}")
        if not account:
            said.add("ticked" if ticked else customer_list.ONLY_CARD)
        elif said.isdisjoint(customer_list.TROUBLES):
            said.add("in step")
        found[card] = said
    for account in accounts:
        if account not in partner_of:
            said = {customer_list.ONLY_ACCOUNT}
            said |= {"quarantined"} if account in world.quarantined else set()
            said |= {"on hold"} if account in world.held else set()
            free = any(a == account and not world.linked.get(c) for c, a in world.asked)
            found[f"woo:{account}"] = said | ({"asked"} if free else set())
    return found


def has_all(world: World, key: str, search: str) -> bool:
    """Whether every word stands in a text of a line, by the directory where it knows the customer."""
    texts: list[str] = []

    def of_account(account: int) -> None:
        if world.directory and account in world.accounts:
            row = account_row(account, world.accounts[account])
            texts.extend((f"woo:{account}", row.name, row.email, row.username, row.place))

    if key.startswith("woo:"):
        of_account(int(key[4:]))
    else:
        if world.directory and key in world.cards:
            row = card_row(key, world.cards[key])
            texts += [key, row.number, row.name, row.email, row.place]
        else:
            stored = mapping_row(world, key)
            texts += [key, stored.bc_number, stored.name]
        if world.linked.get(key):
            of_account(world.linked[key] or 0)
    joined = "\n".join(map(folded, texts))
    return all(word in joined for word in words_of(search))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("list") / "empty.sqlite"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


def listed(view: Any, setup: Any, step: int, **how: Any) -> Iterator[customer_list.Line]:
    """All pages, one after the other."""
    offset, total = 0, 1
    while offset < total:
        page = customer_list.list_customers(view, setup, offset=offset, limit=step, **how)
        total = page.total
        assert len(page.lines) == min(step, total - offset)
        yield from page.lines
        offset += step


SEARCHES = (
    "",
    "ase",
    "ÅSE müller",
    "%",
    "_",
    "'",
    '"',
    "50% b.example",
    "\u202e",
    "c1",
    "woo:3",
    "u3 strasse",
    "oslo",
    "e w",
)


@share(0.5)
@given(
    world=worlds(),
    sync=flags,
    sort=st.sampled_from(customer_list.SORTS),
    search=st.sampled_from(SEARCHES),
    step=st.integers(1, 5),
)
def test_the_list_is_what_the_model_says(
    template: Path, place: Path, world: World, sync: Synchronization, sort: str, search: str, step: int
) -> None:
    path = place / "world.sqlite"
    for old in place.iterdir():
        old.unlink()
    shutil.copy(template, path)
    store = open_store(f"sqlite:///{path}", migrate=False)
    setup: Any = SimpleNamespace(synchronization=sync)
    try:
        fill(store, world)
        expected = states(world, setup)
        with store.view("shop") as view:
            lines = list(listed(view, setup, step, sort=sort))
            assert {line.key: set(line.states) for line in lines} == expected
            assert len(lines) == len(expected)
            assert [*listed(view, setup, step, sort=sort, descending=True)] == lines[::-1]
            counted = customer_list.counts(view, setup)
            for name in customer_list.FILTERS:
                mine = {line.key for line in lines if _means(name, line)}
                assert counted[name] == len(mine), name
                order = [line.key for line in listed(view, setup, step, filter=name, sort=sort)]
                assert order == [line.key for line in lines if line.key in mine], name
                with_words = [line.key for line in listed(view, setup, step, filter=name, sort=sort, search=search)]
                assert with_words == [key for key in order if has_all(world, key, search)], name
            rows = customer_list.mapped_customers(view, setup)
            assert {line.bc_id for line in rows} == set(world.linked)
    finally:
        store.close()


def _means(name: str, line: customer_list.Line) -> bool:
    linked = bool(line.bc_id) and line.webstore_id is not None
    return name == "all" or (linked if name == "linked" else name in line.states)
