"""One run's decisions, whole: two extracts, the mapping table and the bases in; the plan out.

The pairs of the mapping table come first (linked_pairs.py), then everybody else. Pure but for `read_bases`, which is
handed in: only the pairs that moved need their base, and only the store knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.already_there import already_there
from connector.core.base_comparison import gone_back_too, sighted
from connector.core.creating import decide_creates, of_nobody_else, one_per_person, without_customers
from connector.core.customer import Direction
from connector.core.evidence import evidence_of
from connector.core.extracts import Extract, Known
from connector.core.linked_pairs import Part, alive, decide_pairs, frames_of, spent_decisions, went_back
from connector.core.many import together
from connector.core.mapping_join import Pairing, pair
from connector.core.matching import Ambiguity, Match, Matching, candidates, match
from connector.core.normalize import key_columns
from connector.core.orphans import with_proposals
from connector.core.plain_pairs import match_in_circles
from connector.core.plan import ORDER, Orphan, Plan, Quarantined, Standing
from connector.core.planning import decide
from connector.core.terms import Terms
from connector.core.updates import Decisions

__all__ = ["compare", "conclude", "matching_of", "united"]

T = TypeVar("T")
_NOBODY = pa.table({name: pa.array([], kind) for name, kind in
                    (("bc_id", pa.large_string()), ("bc_number", pa.large_string()), ("webstore_id", pa.int64()))})  # fmt: skip


def compare(webstore: Extract, business_central: Extract, known: Known, terms: Terms) -> Plan:
    """Decide one run.

    Returns:
        The plan, its parts sorted, so that the order of the extracts does not matter.
    """
    with ThreadPoolExecutor(2, "fingerprints") as threads:
        for side in (webstore, business_central):
            threads.submit(getattr, side, "fingerprints")
        pairing = pair(known.mapping, webstore.raw, business_central.raw)
    part = decide_pairs(pairing, webstore, business_central, known, terms)
    return conclude(part, pairing, webstore, business_central, known, terms)


def conclude(
    part: Part,
    pairing: Pairing,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    terms: Terms,
    matching: Matching | None = None,
) -> Plan:
    """Decide about everybody who is not in a pair of the mapping table, and put the plan together.

    Args:
        part: what was decided about the pairs of the mapping table.
        pairing: of these extracts; its pairs are decided already, and count as linked.
        matching: what the ladder found among them, where it has been walked already.
    """
    done = Decisions()
    done.extend(part.decisions)
    if matching is None:
        matching = matching_of(
            pairing, lambda: (evidence_of(webstore.canonical), evidence_of(business_central.canonical)),
            webstore.raw["webstore_id"], business_central.raw["bc_id"], known, terms,
        )  # fmt: skip
    matched = _matched(matching.matches, webstore, business_central) if matching.matches else _NOBODY
    numbers = matched["bc_number"].to_pylist()
    links = [replace(link, bc_number=number) for link, number in zip(matching.matches, numbers, strict=True)]
    if matched.num_rows:
        done.extend(decide(frames_of(alive(matched, known), webstore, business_central, known), terms))
    orphans = _orphans(pairing, webstore, business_central, known, done.erased, terms)
    doubled: list[Ambiguity] = []
    for direction, rows in _to_create(pairing, matching, webstore, business_central, known, terms, orphans).items():
        if not rows:
            continue
        side, other = (business_central, webstore)[:: 1 if direction is Direction.PUSH else -1]
        alone, several = one_per_person(direction, rows, side.canonical, terms.ladder.link)
        doubled += several
        if direction is Direction.PULL:
            alone, shared = of_nobody_else(alone, webstore.canonical, business_central.raw, known.rejected)
            doubled += shared
        created = decide_creates(direction, side.canonical, side.raw, alone, terms, known.usernames)
        there = already_there((*created.writes, *created.held), other.canonical, other.raw, known.rejected)
        doubled += there
        done.extend(without_customers(created, there))
    done.extend(
        Decisions(
            quarantined=[*_malformed(webstore, business_central), *_twice(pairing)],
            standing=_withheld_creates(pairing, known, terms),
        ),
    )
    compared = set(zip(matched["bc_id"].to_pylist(), matched["webstore_id"].to_pylist(), strict=True))
    spent = (*part.spent, *spent_decisions(terms, done, compared))
    ambiguous = (*matching.ambiguities, *doubled)
    return Plan(
        writes=_sorted("writes", done.writes),
        links=_sorted("links", links),
        agreements=_sorted("agreements", done.agreements),
        standing=_sorted("standing", done.standing),
        held=_sorted("held", done.held),
        left_out=_sorted("left_out", done.left_out),
        quarantined=_sorted("quarantined", done.quarantined),
        ambiguous=_sorted("ambiguous", ambiguous),
        orphans=_sorted("orphans", orphans),
        spent_decisions=tuple(sorted(set(spent))),
        renumbered=tuple(sorted((row["bc_id"], row["bc_number"]) for row in pairing.renumbered.to_pylist())),
        pairs=part.pairs + matched.num_rows,
        numbers=_numbers(ambiguous, business_central),
        settled=part.settled,
        sighted=part.sighted,
        linked=(gone_back_too(sighted(matched, webstore, business_central), went_back(done)),)
        if matched.num_rows
        else (),
    )


def united(plans: Iterable[Plan]) -> Plan:
    """One plan of several that are about different customers."""
    every = list(plans)
    if len(every) == 1:
        return every[0]
    return Plan(
        **{name: _sorted(name, chain.from_iterable(getattr(plan, name) for plan in every)) for name in ORDER},
        spent_decisions=tuple(sorted({key for plan in every for key in plan.spent_decisions})),
        renumbered=tuple(sorted(one for plan in every for one in plan.renumbered)),
        pairs=sum(plan.pairs for plan in every),
        numbers={bc_id: number for plan in every for bc_id, number in plan.numbers.items()},
        linked=together(*(plan.linked for plan in every)),
    )


def matching_of(
    pairing: Pairing,
    evidence: Callable[[], tuple[pa.Table, pa.Table]],
    w_ids: pa.ChunkedArray,
    c_ids: pa.ChunkedArray,
    known: Known,
    terms: Terms,
    circles: tuple[pa.Array, pa.Array] | None = None,
) -> Matching:
    """Walk the ladder where the flags want links: unmapped webstore customers (pull = All), ticked customers without an id.

    Args:
        evidence: of the customers of both sides; asked for if anybody waits.
        w_ids, c_ids: who they are.
        circles: in which circles they are, where that is known (plain_pairs.py).
    """
    pull_all = terms.flags.pull == "All"
    push = terms.flags.push == "Mapped Only"
    ticked, chosen = pairing.unlinked["c"].to_pylist(), known.selected
    wanted_w = [row for row in pairing.new_webstore if pull_all and (chosen is None or w_ids[row].as_py() in chosen)]
    wanted_c = [row for row in ticked if push and (chosen is None or c_ids[row].as_py() in chosen)]
    if not wanted_w and not wanted_c:
        return Matching((), ())
    w, c = evidence()
    both = (
        candidates(w, free=pairing.new_webstore, wanted=wanted_w, paired=pairing.pairs["w"]),
        candidates(c, free=[*pairing.new_business_central, *ticked], wanted=wanted_c, paired=pairing.pairs["c"]),
    )
    rules: dict[str, Any] = {"ladder": terms.ladder, "rejected": known.rejected, "made": known.read_made}
    return match(*both, **rules) if circles is None else match_in_circles(*both, circles, **rules)


def _matched(matches: Sequence[Match], webstore: Extract, business_central: Extract) -> pa.Table:
    """The newly matched pairs as pairs of the mapping table; by being linked they are ticked."""
    w_ids = pa.array([m.webstore_id for m in matches], type=pa.int64())
    c_ids = pa.array([m.bc_id for m in matches], type=pa.large_string())
    c = pc.index_in(c_ids, value_set=business_central.raw["bc_id"].combine_chunks())
    return pa.table(
        {
            "bc_id": c_ids,
            "bc_number": pc.take(business_central.raw["number"], c),
            "webstore_id": w_ids,
            "ticked": pa.array([True] * len(matches), type=pa.bool_()),
            "w": pc.index_in(w_ids, value_set=webstore.raw["webstore_id"].combine_chunks()),
            "c": c,
        },
    )


def _to_create(
    pairing: Pairing,
    matching: Matching,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    terms: Terms,
    orphans: Sequence[Orphan],
) -> dict[Direction, list[int]]:
    """Row numbers, per direction, of the source customers that have no counterpart and are wanted on the other side."""
    chosen = known.selected
    result: dict[Direction, list[int]] = {}
    if terms.flags.push == "Mapped Only" and terms.create_accounts:
        settled = matching.waiting_business_central | {m.bc_id for m in matching.matches}
        wanted = list(zip(pairing.unlinked["bc_id"].to_pylist(), pairing.unlinked["c"].to_pylist(), strict=True))
        recreated = {orphan.bc_id for orphan in orphans if orphan.action == "recreate"}
        if recreated:
            rows = {key: row for row, key in enumerate(business_central.raw["bc_id"].to_pylist()) if key in recreated}
            wanted += [(key, rows[key]) for key in sorted(rows)]
        result[Direction.PUSH] = [
            row
            for bc_id, row in wanted
            if bc_id not in settled and bc_id not in known.tombstones and (chosen is None or bc_id in chosen)
        ]
    if terms.flags.pull == "All":
        waiting = matching.waiting_webstore | {m.webstore_id for m in matching.matches}
        ids = webstore.raw["webstore_id"].to_pylist()
        result[Direction.PULL] = [
            row
            for row in pairing.new_webstore
            if ids[row] not in waiting and ids[row] not in known.tombstones and (chosen is None or ids[row] in chosen)
        ]
    return result


def _withheld_creates(pairing: Pairing, known: Known, terms: Terms) -> list[Standing]:
    """Ticked customers without an account wait while Push Webstore Customers is None, or no account mails may go out."""
    if terms.flags.push != "None" and terms.create_accounts:
        return []
    gate = terms.flags.gate_text(Direction.PUSH, True) if terms.flags.push == "None" else "account mails are withheld"
    reason = f"ticked as Webstore Customer and not in the webstore yet; {gate}"
    return [
        Standing("withheld", Direction.PUSH, row["bc_id"], row["bc_number"], None, "", None, "", "", reason)
        for row in pairing.unlinked.to_pylist()
        if known.selected is None or row["bc_id"] in known.selected
    ]


def _orphans(
    pairing: Pairing,
    webstore: Extract,
    business_central: Extract,
    known: Known,
    erased: Sequence[Orphan],
    terms: Terms,
) -> list[Orphan]:
    """Mapping rows whose customer has gone or was erased, with what the policy makes of them."""
    policy = known.orphan_policy
    may_recreate = policy == "recreate" and terms.flags.push == "Mapped Only" and terms.create_accounts
    found = [
        Orphan(
            "webstore",
            row["bc_id"],
            row["bc_number"],
            row["webstore_id"],
            action="recreate"
            if may_recreate and row["ticked"] and row["bc_id"] not in known.tombstones
            else "unlink"
            if policy == "unlink"
            else "report",
        )
        for row in pairing.missing_webstore.to_pylist()
        if row["webstore_id"] in known.gone_webstore
    ]
    found += [
        Orphan(
            "business_central",
            row["bc_id"],
            row["bc_number"],
            row["webstore_id"],
            action="unlink" if policy == "unlink" else "report",
        )
        for row in pairing.missing_business_central.to_pylist()
        if row["bc_id"] in known.gone_business_central
    ]
    # what a database denies that was written a moment ago may only not be there yet: it is told, and nothing is done
    found = [replace(orphan, action="report") if orphan.bc_id in known.young else orphan for orphan in found]
    if known.selected is not None:
        found = [o for o in found if o.bc_id in known.selected or o.webstore_id in known.selected]
    if not any(orphan.gone == "business_central" for orphan in found):
        return [*found, *erased]
    normalizers = {rule.field: rule.normalizer for rule in terms.rules.rules}
    w_keys, c_keys = key_columns(webstore.canonical, normalizers), key_columns(business_central.canonical, normalizers)
    w_keys = w_keys.append_column("webstore_id", webstore.canonical["webstore_id"])
    return [*with_proposals(found, w_keys, c_keys, business_central.raw["number"].to_pylist()), *erased]


def _twice(pairing: Pairing) -> list[Quarantined]:
    """Mapping rows of which one id stands in another row, too: nobody can say which one is right."""
    reason = "one of its ids stands twice in the mapping table; unlink the wrong row"
    return [
        Quarantined("mapping", row["bc_id"], row["bc_number"], row["webstore_id"], "", reason)
        for row in pairing.twice.to_pylist()
    ]


def _malformed(webstore: Extract, business_central: Extract) -> list[Quarantined]:
    found = [
        Quarantined("webstore", None, None, row["webstore_id"], "", row["malformed"])
        for row in webstore.malformed.select(["webstore_id", "malformed"]).to_pylist()
    ]
    return found + [
        Quarantined("business_central", row["bc_id"], row["number"], None, "", row["malformed"])
        for row in business_central.malformed.select(["bc_id", "number", "malformed"]).to_pylist()
    ]


def _sorted(part: str, items: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(items, key=ORDER[part]))


def _numbers(ambiguous: Sequence[Ambiguity], business_central: Extract) -> dict[str, str]:
    """Business Central id → number, for those whom the plan names by id alone."""
    named = sorted({bc_id for found in ambiguous for bc_id in found.bc_ids})
    if not named:
        return {}
    ids = pa.array(named, type=pa.large_string())
    rows = pc.index_in(ids, value_set=business_central.raw["bc_id"].combine_chunks())
    return dict(zip(named, pc.take(business_central.raw["number"], rows).to_pylist(), strict=True))
