"""Many conflicts at once, as a page decides them: what waits, what a decision will write, deciding, and taking it back.

A form says of each field what its person saw: both values, and what was decided so far. Whatever has changed since is left as
it is and told, the rest is decided.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import numpy as np

from connector.core.acceptance import refusal
from connector.core.counting import counted
from connector.core.customer import Direction, Side
from connector.core.decisions import Decision, applied
from connector.core.normalize import CANONICAL, NORMALIZERS
from connector.desk.desk import Desk
from connector.errors import InputError
from connector.rules import Rules
from connector.run.run import flags_of
from connector.setup import Setup
from connector.store import StoredDecision, View

__all__ = [
    "TAKES",
    "Answer",
    "Decided",
    "Effect",
    "Key",
    "Waiting",
    "decide_all",
    "effect_of",
    "take_back_all",
    "ticked_among",
    "waiting_fields",
]

TAKES = ("webstore", "business-central", "value")
# Business Central id, webstore id, field
Key = tuple[str, int, str]


@dataclass(frozen=True)
class Waiting:
    """One field of one pair that waits for a person, as the newest run saw it, and what was decided so far.

    Attributes:
        base: what both last agreed on; None = they never did.
        take: one of TAKES; "" = nothing was decided, or it was decided on other values and does not count any more.
        value: the text for both sides, where `take` is "value".
        by, decided_at: who decided, and when.
    """

    bc_id: str
    bc_number: str
    webstore_id: int
    field: str
    base: str | None
    webstore: str
    business_central: str
    since: datetime | None = None
    take: str = ""
    value: str = ""
    by: str = ""
    decided_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Which field of which pair."""
        return self.bc_id, self.webstore_id, self.field

    @property
    def seen(self) -> str:
        """A short text that is another one as soon as anything changes that a person decides by."""
        texts = (*self.key, self.webstore, self.business_central, self.take, self.value, self.by)
        return hashlib.blake2b(repr(texts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What a person says of one field.

    Attributes:
        seen: `Waiting.seen` of what the person looked at.
        take: one of TAKES.
    """

    bc_id: str
    webstore_id: int
    field: str
    seen: str
    take: str
    value: str = ""

    @property
    def key(self) -> Key:
        """Which field of which pair."""
        return self.bc_id, self.webstore_id, self.field


@dataclass(frozen=True)
class Effect:
    """What the next run does with a decision, under the flags and rules of today.

    Attributes:
        webstore, business_central: the value that the system gets; None = it stays as it is.
        waits: why it is not written yet, in words; "" = it is.
        refused: why a system cannot keep the value, in words; "" = it can.
    """

    webstore: str | None = None
    business_central: str | None = None
    waits: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Decided:
    """Which answers count now, and which do not: something had changed before they came."""

    done: tuple[Key, ...]
    overtaken: tuple[Key, ...]


def waiting_fields(view: View) -> list[Waiting]:
    """All fields that wait, in order of number, account and field."""
    decided = {(row["bc_id"], row["webstore_id"], row["field"]): row for row in view.decisions.rows()}
    found = [
        _waiting(row, decided.get((row["bc_id"], row["webstore_id"], row["field"]))) for row in view.conflicts.rows()
    ]
    return sorted(found, key=lambda one: (one.bc_number, one.webstore_id, one.field))


def effect_of(one: Waiting, take: str, value: str, setup: Setup, rules: Rules, *, ticked: bool) -> Effect:
    """What a decision will lead to.

    Args:
        value: the typed text, where `take` is "value".
        ticked: whether the customer is ticked as Webstore Customer.
    """
    rule = rules.fields.by_name.get(one.field)
    if rule is None:
        return Effect(waits="the field map has this field no more")
    value = CANONICAL[rule.normalizer](value) if take == "value" else ""
    decision = Decision(take, value, one.webstore, one.business_central)
    result = applied(decision, one.webstore, one.business_central, NORMALIZERS[rule.normalizer])
    flags = flags_of(setup)
    gates = flags.gates(np.array([ticked], dtype=np.bool_)).of_field(rule)
    closed = [
        flags.gate_text(direction, ticked)
        for direction, wanted, is_open in (
            (Direction.PUSH, result.push, gates.push[0]),
            (Direction.PULL, result.pull, gates.pull[0]),
        )
        if wanted is not None and not is_open
    ]
    refused = [
        why
        for side, wanted in ((Side.WEBSTORE, result.push), (Side.BUSINESS_CENTRAL, result.pull))
        if wanted is not None and (why := refusal(side, rule, wanted, rules.geography, creating=False))
    ]
    return Effect(result.push, result.pull, "; ".join(dict.fromkeys(closed)), "; ".join(dict.fromkeys(refused)))


def decide_all(desk: Desk, answers: Sequence[Answer], rules: Rules) -> Decided:
    """Decide some fields in one transaction; the next run applies it. What has changed since it was seen is left alone.

    Raises:
        InputError: nothing was said, or it cannot be understood.
    """
    if not answers or any(answer.take not in TAKES for answer in answers):
        raise InputError("Say which value is right: the webstore's, Business Central's, or another one.")
    done: list[Key] = []
    overtaken: list[Key] = []
    with desk.work(f"decide {counted(len(answers), 'field')}") as work:
        waiting = {one.key: one for one in waiting_fields(work)}
        for answer in answers:
            one, rule = waiting.get(answer.key), rules.fields.by_name.get(answer.field)
            if one is None or rule is None or one.seen != answer.seen:
                overtaken.append(answer.key)
                continue
            work.decisions.put(
                StoredDecision(
                    bc_id=one.bc_id,
                    webstore_id=one.webstore_id,
                    field=one.field,
                    take=cast('Literal["webstore", "business-central", "value"]', answer.take),
                    value=CANONICAL[rule.normalizer](answer.value) if answer.take == "value" else "",
                    webstore_seen=one.webstore,
                    business_central_seen=one.business_central,
                    actor=desk.actor,
                )
            )
            done.append(answer.key)
    return Decided(tuple(done), tuple(overtaken))


def take_back_all(desk: Desk, seen: Mapping[Key, str]) -> Decided:
    """Forget decisions that no run has applied; those that are others than a person saw stay, and are told.

    Args:
        seen: `Waiting.seen` of each field.
    """
    done: list[Key] = []
    with desk.work(f"take back {len(seen)} decisions") as work:
        waiting = {one.key: one for one in waiting_fields(work)}
        for key, what in seen.items():
            one = waiting.get(key)
            if one is not None and one.take and one.seen == what and work.decisions.remove(*key):
                done.append(key)
    return Decided(tuple(done), tuple(key for key in seen if key not in set(done)))


def ticked_among(view: View, bc_ids: Collection[str]) -> set[str]:
    """Who of these customers is ticked as Webstore Customer."""
    return {bc_id for bc_id, row in view.mapping.rows_by_bc_id(bc_ids).items() if row.webstore_customer}


def _waiting(row: Mapping[str, Any], decision: Mapping[str, Any] | None) -> Waiting:
    one = Waiting(
        bc_id=str(row["bc_id"]),
        bc_number=str(row["bc_number"]),
        webstore_id=int(row["webstore_id"]),
        field=str(row["field"]),
        base=row["base"],
        webstore=str(row["webstore"]),
        business_central=str(row["business_central"]),
        since=row["since"],
    )
    seen = None if decision is None else (decision["webstore_seen"], decision["business_central_seen"])
    if decision is None or seen != (one.webstore, one.business_central):
        return one
    return Waiting(
        **{**one.__dict__, "take": str(decision["take"]), "value": str(decision["value"]), "by": str(decision["actor"]),
           "decided_at": decision["decided_at"]}
    )  # fmt: skip
