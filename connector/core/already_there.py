"""Customers to be created whom the other side has got already, for the look-up that goes before every create.

Whom that look-up finds is never created: the write would be planned and dropped by every run, for good. So the same look is taken
at the extracts first, and whoever it finds waits for a person, with the evidence. It asks less than the ladder of the matching
does: one e-mail, whatever the setup lets link or suggest; and for those without one name and postal code, also a blank one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Direction
from connector.core.matching import Ambiguity
from connector.core.normalize import by_unique, email_key, text_key
from connector.core.plan import Write

__all__ = ["already_there", "namesake_keys"]

_REASONS = {
    Direction.PUSH: "an account has it already",
    Direction.PULL: "a Business Central customer has it already",
}
_NAMESAKE = "neither of the two has an e-mail, and nothing else tells them apart"


def already_there(
    creates: Sequence[Write], canonical: pa.Table, raw: pa.Table, rejected: Collection[tuple[str, int]]
) -> list[Ambiguity]:
    """Who waits for a person instead of being created.

    Args:
        creates: of one direction.
        canonical, raw: the extract of the side where they are to be created.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same; of those who share an e-mail that
            is no answer to where the second one shall go.
    """
    if not creates:
        return []
    pushing = creates[0].direction is Direction.PUSH
    ids = raw["webstore_id" if pushing else "bc_id"]
    by_email = _groups(ids, by_unique(canonical["email"], email_key), {w.natural_key for w in creates} - {""})
    nameless = [] if pushing else [write for write in creates if not write.natural_key]
    by_name = _namesakes(raw, {text_key(str(write.payload.get("displayName", ""))) for write in nameless} - {""})
    found = []
    for write in creates:
        if write.natural_key:
            others, rung, value = by_email.get(write.natural_key, []), "email", write.natural_key
        else:
            value, postcode = str(write.payload.get("displayName", "")), str(write.payload.get("postalCode", ""))
            others, rung = by_name.get((text_key(value), postcode.upper()), []), "name"
            others = [key for key in others if (key, write.webstore_id) not in rejected]
        if others:
            mine: list[Any] = [write.bc_id] if pushing else [write.webstore_id]
            webstore_ids, bc_ids = (others, mine) if pushing else (mine, others)
            reason = _REASONS[write.direction] if write.natural_key else _NAMESAKE
            found.append(Ambiguity(rung, tuple(sorted(webstore_ids)), tuple(sorted(bc_ids)), reason, {rung: value}))
    return found


def namesake_keys(raw: pa.Table) -> pa.Array:
    """The names of the Business Central customers without an e-mail; "" for the others."""
    blank = pc.equal(pc.utf8_trim_whitespace(raw["email"]), "").combine_chunks()
    return pc.if_else(blank, by_unique(raw["displayName"], text_key), pa.scalar("", pa.large_string()))


def _groups(ids: pa.ChunkedArray, keys: pa.Array, wanted: Collection[str]) -> dict[str, list[Any]]:
    there = pc.is_in(keys, value_set=pa.array(sorted(wanted), type=pa.large_string()))
    found: dict[str, list[Any]] = defaultdict(list)
    for key, identifier in zip(keys.filter(there).to_pylist(), ids.filter(there).to_pylist(), strict=True):
        found[key].append(identifier)
    return found


def _namesakes(raw: pa.Table, wanted: Collection[str]) -> dict[tuple[str, str], list[Any]]:
    """Business Central customers without an e-mail by name and postal code."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    if not wanted:
        return found
    names = namesake_keys(raw)
    there = pc.is_in(names, value_set=pa.array(sorted(wanted), type=pa.large_string()))
    columns: Iterable[list[Any]] = (
        column.filter(there).to_pylist() for column in (names, raw["postalCode"], raw["bc_id"])
    )
    for name, postcode, bc_id in zip(*columns, strict=True):
        found[str(name), str(postcode).upper()].append(bc_id)
    return found
