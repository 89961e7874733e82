"""Suggest Customer Mapping for people: read both systems, suggest pairs, and carry out what the person says of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pyarrow as pa

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.evidence import RUNGS, evidence_of
from connector.core.matching import candidates
from connector.core.suggesting import Suggestion, suggest_by_rule
from connector.desk.desk import Desk
from connector.desk.editing import Pair, linked_together, row_of
from connector.desk.linkage import suggest_by_linkage
from connector.desk.unmapped import unmapped_in
from connector.errors import InputError
from connector.extract.extraction import divide_mapping, extract_business_central, extract_webstore
from connector.extract.job import job_of
from connector.extract.memory_partition import partitions_beside
from connector.rules import rules_of
from connector.run.names_given import pairs_read, records_named
from connector.run.run import Progress, Run
from connector.setup import Setup
from connector.store import Work

__all__ = ["accept", "answer", "pairs_in", "reject", "suggest"]


def suggest(
    desk: Desk,
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
    setup = desk.setup
    rules = rules_of(setup)
    more: dict[str, Any] = {} if progress is None else {"progress": progress}
    with (
        Run(setup, desk.store, rules, run_id=f"suggest {uuid4()}", dry_run=True, **more) as run,
        partitions_beside(setup.partitions, setup.webstore_code, run.run_id.replace(" ", "-")) as partitions,
    ):
        placement = divide_mapping(run, partitions)
        extract_webstore(run, partitions, placement)
        extract_business_central(run, partitions, placement)
        found = unmapped_in(job_of(run, partitions))
        terms = run.terms
        with desk.view() as view:
            rejected = view.mapping.rejections()
    webstore, business_central = found.webstore, found.business_central
    free_w, free_c = found.free_webstore, found.free_business_central
    if likely:
        left, right = webstore.take(free_w), business_central.take(free_c)
        frame = suggest_by_linkage(left, right, rejected=rejected, threshold=threshold)
        rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict(orient="records")]
    else:
        ruled = suggest_by_rule(
            candidates(evidence_of(webstore), free=free_w, wanted=free_w),
            candidates(evidence_of(business_central), free=free_c, wanted=free_c),
            ladder=terms.ladder,
            rungs=rungs or tuple(RUNGS),
            rejected=rejected,
        )
        rows = [_row(one) for one in ruled.pairs]
    return _named(rows, webstore, business_central, found.numbers)


def pairs_in(rows: Sequence[dict[str, Any]], standings: Collection[str] = ("plain", "links by itself")) -> list[str]:
    """The pairs of suggestions with some standings, as `accept` takes them."""
    return [str(row["pair"]) for row in rows if row["standing"] in standings]


def accept(desk: Desk, pairs: Sequence[str]) -> dict[str, Any]:
    """Link pairs that a person says are the same, as one new version. As `answer`; gives `pairs`, too: how many."""
    done = answer(desk, accepted=pairs)
    return {"mapping_version": done["mapping_version"], "reason": done["reason"], "pairs": done["accepted"]}


def reject(desk: Desk, pairs: Sequence[str], *, reason: str = "") -> dict[str, Any]:
    """Remember that pairs are not the same: nothing suggests or links them again by itself. As `answer`; gives `pairs`, too."""
    done = answer(desk, rejected=pairs, reason=reason)
    return {"mapping_version": done["mapping_version"], "reason": done["reason"], "pairs": done["rejected"]}


def answer(
    desk: Desk, *, accepted: Sequence[str] = (), rejected: Sequence[str] = (), reason: str = ""
) -> dict[str, Any]:
    """What a person says of pairs, all of it as one new version, or none of it.

    Args:
        accepted: pairs that are the same, NUMBER=WEBSTORE-ID: they are linked.
        rejected: pairs that are not.
        reason: why they are not.

    Returns:
        `mapping_version`, `reason`, and how many pairs were `accepted` and `rejected`.

    Raises:
        InputError: naming every pair that cannot be read, is both accepted and rejected, has a customer that does not exist,
            or one that is linked to another.
    """
    problems: list[str] = []
    same, other = _read(accepted, problems), _read(rejected, problems)
    problems += [f"{number}={key}: both accepted and rejected" for number, key in same if (number, key) in other]
    if problems or not (same or other):
        raise InputError("Nothing was changed:", problems=problems, hint="Write NUMBER=WEBSTORE-ID, such as C00010=17.")
    records, unknown = _existing(desk.setup, [*same, *other])
    rows = [row_of(records[number], key) for number, key in same if number in records]
    refused = [(str(records[number]["id"]).lower(), key) for number, key in other if number in records]
    parts = [f"{verb} {len(pairs)}" for verb, pairs in (("accept", same), ("reject", other)) if pairs]
    what = f"{' and '.join(parts)} suggested pairs"
    with desk.work(what) as work:
        problems = list(unknown)
        for bc_id, key in refused:
            try:
                work.mapping.reject(bc_id, key, reason or "rejected as a suggestion")
            except InputError as linked:
                problems.append(str(linked))
        linked_together(work, rows, problems)
        _answer(work, {(row.bc_id, key) for row, (_, key) in zip(rows, same, strict=True)}, "accepted")
        _answer(work, set(refused), "rejected")
    return {"mapping_version": desk.version(), "reason": what, "accepted": len(same), "rejected": len(other)}


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
    rows: Sequence[dict[str, Any]], webstore: pa.Table, business_central: pa.Table, numbers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows with numbers and names, and what a person types to answer."""
    accounts = _column(webstore, "webstore_id", "name")
    cards = _column(business_central, "bc_id", "name")
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


def _read(pairs: Sequence[str], problems: list[str]) -> list[Pair]:
    """The pairs, each once; what is none is added to the problems."""
    try:
        return pairs_read(pairs) if pairs else []
    except InputError as wrong:
        problems += wrong.problems
        return []


def _existing(setup: Setup, pairs: Sequence[Pair]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The Business Central records by number; and every customer that is not there, in words."""
    with BusinessCentralClient(setup.business_central) as client:
        records, problems = records_named(client, [number for number, _ in pairs])
    with WooCommerceClient(setup.webstore) as webstore:
        accounts = webstore.customers_by_id(sorted({key for _, key in pairs}))
    problems += [f"woo:{key}: no such account in the webstore" for _, key in pairs if key not in accounts]
    return records, list(dict.fromkeys(problems))


def _answer(work: Work, pairs: Collection[Pair], state: str) -> None:
    """Close the suggestions that runs have left about these pairs."""
    left = work.suggestions.all()
    for bc_id, webstore_id in zip(left["bc_id"], left["webstore_id"], strict=True):
        if (bc_id, int(webstore_id)) in pairs:
            work.suggestions.answer(bc_id, int(webstore_id), state)
