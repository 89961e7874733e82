"""Suggest Customer Mapping for people: read both systems, suggest pairs, and carry out what the person says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import uuid4

import pyarrow as pa

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.customer import Side
from connector.core.evidence import RUNGS
from connector.core.extracts import extract_of
from connector.core.matching import candidates
from connector.core.pairing import Pairing, pair
from connector.core.suggesting import Suggestion, suggest_by_rule
from connector.errors import InputError
from connector.load.deciding import table_from
from connector.load.extraction import read_all
from connector.load.linkage import suggest_by_linkage
from connector.load.run import Progress, Run
from connector.load.session import SetupSource, opened_store, setup_of
from connector.rules import load_rules
from connector.setup import Setup
from connector.store import MappingRow, Store, Work, open_store

__all__ = ["accept", "pairs_in", "reject", "suggest"]

Pair = tuple[str, int]


def suggest(
    source: SetupSource,
    *,
    rungs: Collection[str] = (),
    likely: bool = False,
    threshold: float = 0.1,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Suggest which unmapped customers are the same. Writes nothing.

    Args:
        rungs: only these rungs of the ladder suggest; none = all of them, down to the identical name.
        likely: suggest by record linkage (names with slips, changed e-mails) instead of by rules.
        threshold: of record linkage: the probability from which a pair is named.

    Returns:
        One row per pair, the surest first: `pair` (NUMBER=WEBSTORE-ID, what `accept` and `reject` take), `bc_number`,
        `bc_id`, `webstore_id`, `business_central` and `webstore` (the names), `standing` and `because`. By rules `standing` is
        `links by itself` (the next run does it), `plain` (one to one, nothing against it), `rivals` or `doubtful`. By record
        linkage it is `suggested` or `runner-up`, and there are `probability` and the weights besides.

    Raises:
        InputError: an unknown rung, or the optional extra `match` is needed and not installed.
    """
    unknown = [f"{rung}: no such rung" for rung in rungs if rung not in RUNGS]
    if unknown:
        raise InputError("Nothing was suggested:", problems=unknown, hint=f"The rungs are {', '.join(RUNGS)}.")
    setup = setup_of(source)
    store = open_store(setup.store.url)
    try:
        return _suggested(setup, store, rungs or tuple(RUNGS), likely, threshold, progress)
    finally:
        store.close()


def pairs_in(rows: Sequence[dict[str, Any]], standings: Collection[str] = ("plain", "links by itself")) -> list[str]:
    """The pairs of suggestions with some standings, as `accept` takes them."""
    return [str(row["pair"]) for row in rows if row["standing"] in standings]


def accept(source: SetupSource, pairs: Sequence[str], *, actor: str) -> dict[str, Any]:
    """Link pairs that a person says are the same, as one new version.

    Args:
        pairs: NUMBER=WEBSTORE-ID.

    Raises:
        InputError: a pair cannot be read, a customer does not exist, or one is linked to another; nothing is linked then.
    """
    setup, wanted = setup_of(source), _read(pairs)
    records = _existing(setup, wanted)
    rows = [
        MappingRow(str(records[number]["id"]).lower(), number, key, True, str(records[number]["displayName"]))
        for number, key in wanted
    ]

    def edit(work: Work) -> None:
        work.mapping.link_many(rows)
        for row, (_, key) in zip(rows, wanted, strict=True):
            work.mapping.unreject(row.bc_id, key)
        _answer(work, {(row.bc_id, key) for row, (_, key) in zip(rows, wanted, strict=True)}, "accepted")

    return _edit(source, actor, f"accept {len(rows)} suggested pairs", edit) | {"pairs": len(rows)}


def reject(source: SetupSource, pairs: Sequence[str], *, actor: str, reason: str = "") -> dict[str, Any]:
    """Remember that pairs are not the same: nothing suggests or links them again by itself.

    Raises:
        InputError: a pair cannot be read, or a customer does not exist; nothing is remembered then.
    """
    setup, wanted = setup_of(source), _read(pairs)
    records = _existing(setup, wanted)

    refused = [(str(records[number]["id"]).lower(), key) for number, key in wanted]

    def edit(work: Work) -> None:
        for bc_id, key in refused:
            work.mapping.reject(bc_id, key, reason or "rejected as a suggestion")
        _answer(work, set(refused), "rejected")

    return _edit(source, actor, f"reject {len(wanted)} suggested pairs", edit) | {"pairs": len(wanted)}


def _suggested(
    setup: Setup, store: Store, rungs: Collection[str], likely: bool, threshold: float, progress: Progress | None
) -> list[dict[str, Any]]:
    rules = load_rules(setup.synchronization.mappings, setup.webstore_code)
    more: dict[str, Any] = {} if progress is None else {"progress": progress}
    with Run(setup, store, rules, run_id=f"suggest {uuid4()}", dry_run=True, **more) as run:
        frames = {side: table_from(read_all(run, side).frame) for side in Side}
        terms = run.terms
        webstore, business_central = (extract_of(side, frames[side], terms) for side in Side)
        with store.view(run.code) as view:
            mapping, rejected = view.mapping.current(), view.mapping.rejections()
    pairing = pair(mapping, webstore.raw, business_central.raw)
    free_w, free_c = pairing.new_webstore, _free_in_business_central(pairing)
    if likely:
        left, right = webstore.canonical.take(free_w), business_central.canonical.take(free_c)
        found = suggest_by_linkage(left, right, rejected=rejected, threshold=threshold)
        rows = [{str(name): value for name, value in row.items()} for row in found.to_dict(orient="records")]
    else:
        ruled = suggest_by_rule(
            candidates(webstore.canonical, free=free_w, wanted=free_w),
            candidates(business_central.canonical, free=free_c, wanted=free_c),
            ladder=terms.ladder,
            rungs=rungs,
            rejected=rejected,
        )
        rows = [_row(one) for one in ruled.pairs]
    return _named(rows, webstore.canonical, business_central.canonical, business_central.raw)


def _free_in_business_central(pairing: Pairing) -> list[int]:
    return sorted([*pairing.new_business_central, *pairing.unlinked["c"].to_pylist()])


def _row(one: Suggestion) -> dict[str, Any]:
    doubts = "doubtful" if one.contradictions else "rivals" if one.rivals else "plain"
    because = "; ".join(f"same {rung.replace('_', ' and ')}: {value}" for rung, value in one.evidence.items())
    against = "; ".join(one.contradictions.values())
    return {
        "webstore_id": one.webstore_id,
        "bc_id": one.bc_id,
        "standing": "links by itself" if one.links_itself else doubts,
        "because": f"{because}; but {against}" if against else because,
    }


def _named(
    rows: Sequence[dict[str, Any]], webstore: pa.Table, business_central: pa.Table, raw: pa.Table
) -> list[dict[str, Any]]:
    """The rows with numbers and names, and what a person types to answer."""
    accounts = _column(webstore, "webstore_id", "name")
    cards, numbers = _column(business_central, "bc_id", "name"), _column(raw, "bc_id", "number")
    return [
        {
            "pair": f"{numbers[row['bc_id']]}={row['webstore_id']}",
            "bc_number": numbers[row["bc_id"]],
            "business_central": cards.get(row["bc_id"], ""),
            "webstore": accounts.get(row["webstore_id"], ""),
            "because": row.get("explanation", ""),
            **{name: value for name, value in row.items() if name != "explanation"},
        }
        for row in rows
    ]


def _column(table: pa.Table, key: str, name: str) -> dict[Any, str]:
    if name not in table.column_names:
        return {}
    return dict(zip(table[key].to_pylist(), table[name].to_pylist(), strict=True))


def _read(pairs: Sequence[str]) -> list[Pair]:
    parts = [text.strip().rpartition("=") for text in pairs]
    ids = [key.strip().lower().removeprefix("woo:") for _, _, key in parts]
    wrong = [
        f"{text}: no pair"
        for text, (number, _, _), key in zip(pairs, parts, ids, strict=True)
        if not (number and key.isdecimal())
    ]
    if wrong or not pairs:
        raise InputError("Nothing was changed:", problems=wrong, hint="Write NUMBER=WEBSTORE-ID, such as C00010=17.")
    return list(dict.fromkeys((number.strip(), int(key)) for (number, _, _), key in zip(parts, ids, strict=True)))


def _existing(setup: Setup, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """The Business Central records by number; every customer that is not there is named."""
    with BusinessCentralClient(setup.business_central) as client:
        records = client.customers_by_number(sorted({number for number, _ in pairs}))
    with WooCommerceClient(setup.webstore) as webstore:
        accounts = webstore.customers_by_id(sorted({key for _, key in pairs}))
    problems = [f"{number}: no such customer in Business Central" for number, _ in pairs if number not in records]
    problems += [f"woo:{key}: no such account in the webstore" for _, key in pairs if key not in accounts]
    if problems:
        raise InputError("Nothing was changed:", problems=problems)
    return records


def _answer(work: Work, pairs: Collection[Pair], state: str) -> None:
    """Close the suggestions that runs have left about these pairs."""
    left = work.suggestions.all()
    for bc_id, webstore_id in zip(left["bc_id"], left["webstore_id"], strict=True):
        if (bc_id, int(webstore_id)) in pairs:
            work.suggestions.answer(bc_id, int(webstore_id), state)


def _edit(source: SetupSource, actor: str, reason: str, edit: Callable[[Work], object]) -> dict[str, Any]:
    with opened_store(source) as (setup, store):
        with store.work(setup.webstore_code) as work:
            work.describe(actor=actor, reason=reason)
            edit(work)
        with store.view(setup.webstore_code) as view:
            return {"mapping_version": view.mapping.version(), "reason": reason}
