"""The three-way comparison of one field of mapped pairs: the decision, in words first.

W and C are the field's value now in the webstore and in Business Central; the base holds one value per side from when
both last agreed, because a server may store something else than it was sent. All four are compared as keys
(normalize.py).

| situation                                   | verdict                                                            |
|---------------------------------------------|--------------------------------------------------------------------|
| neither changed                             | none, even if the two differ: an accepted difference               |
| both are equal now, the base is not         | agree: the base moves                                              |
| only Business Central changed               | push                                                               |
| only the webstore changed                   | pull                                                               |
| both changed, differently                   | the conflict policy: business-central, webstore, newest, or ask    |
| no base, the webstore is blank              | push (fill the blank)                                              |
| no base, Business Central is blank          | pull (fill the blank)                                              |
| no base, both set and different             | the first-link policy: business-central, webstore, or ask          |
| only Business Central changed, to blank     | blank policy clear: push. keep: the webstore's value stays, noted  |
| only the webstore changed, to blank         | blank policy clear: pull. keep: Business Central's stays, noted    |
| both changed, Business Central to blank     | blank policy clear: as a conflict. keep: pull                      |
| both changed, the webstore to blank         | blank policy clear: as a conflict. keep: push                      |
| changed in a record that went back in time  | ask: it is no edit, and nobody but a person knows which side holds |

Then the gates: a push or pull whose direction is closed for that record or field is *withheld*: nothing is written and
the base does not move, so nothing is forgotten when the flag comes back. With drift = overwrite the open direction wins
instead, unless it would overwrite a value with a blank that the blank policy keeps.

Everything here works on whole columns; no customer is looped over.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Direction, FieldRule

__all__ = [
    "Codes",
    "FieldPolicy",
    "FieldValues",
    "Gates",
    "Mask",
    "Merge",
    "Situation",
    "Verdict",
    "WentBack",
    "merge_field",
    "situations",
    "wanted",
]

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


class Situation(IntEnum):
    """What happened to a field since both sides last agreed. `words` is what people read."""

    UNCHANGED = 0
    EQUAL_NOW = 1
    BUSINESS_CENTRAL_CHANGED = 2
    WEBSTORE_CHANGED = 3
    BOTH_CHANGED = 4
    NEW_WEBSTORE_BLANK = 5
    NEW_BUSINESS_CENTRAL_BLANK = 6
    NEW_DIFFERENT = 7
    BUSINESS_CENTRAL_CLEARED = 8
    WEBSTORE_CLEARED = 9
    BOTH_CHANGED_BUSINESS_CENTRAL_TO_BLANK = 10
    BOTH_CHANGED_WEBSTORE_TO_BLANK = 11
    WEBSTORE_WENT_BACK = 12
    BUSINESS_CENTRAL_WENT_BACK = 13

    @property
    def words(self) -> str:
        """One clause for plans and reports."""
        return _WORDS[self]


_WORDS = {
    Situation.UNCHANGED: "neither side changed",
    Situation.EQUAL_NOW: "both sides hold the same value",
    Situation.BUSINESS_CENTRAL_CHANGED: "only Business Central changed",
    Situation.WEBSTORE_CHANGED: "only the webstore changed",
    Situation.BOTH_CHANGED: "both sides changed, differently",
    Situation.NEW_WEBSTORE_BLANK: "newly linked, blank in the webstore",
    Situation.NEW_BUSINESS_CENTRAL_BLANK: "newly linked, blank in Business Central",
    Situation.NEW_DIFFERENT: "newly linked, both set and different",
    Situation.BUSINESS_CENTRAL_CLEARED: "only Business Central changed: it was cleared",
    Situation.WEBSTORE_CLEARED: "only the webstore changed: it was cleared",
    Situation.BOTH_CHANGED_BUSINESS_CENTRAL_TO_BLANK: "both sides changed, Business Central was cleared",
    Situation.BOTH_CHANGED_WEBSTORE_TO_BLANK: "both sides changed, the webstore was cleared",
    Situation.WEBSTORE_WENT_BACK: "the webstore's record is older than what was seen of it: no edit",
    Situation.BUSINESS_CENTRAL_WENT_BACK: "Business Central's record is older than what was seen of it: no edit",
}


class Verdict(IntEnum):
    """What is to be done about a field."""

    NONE = 0
    AGREE = 1
    PUSH = 2
    PULL = 3
    CONFLICT = 4
    KEPT = 5
    PUSH_WITHHELD = 6
    PULL_WITHHELD = 7


@dataclass(frozen=True)
class FieldPolicy:
    """The policies that hold for one field: its own where mappings/fields.csv gives one, else the setup's."""

    conflict: str
    first_link: str
    blank: str
    drift: str

    @classmethod
    def of(cls, rule: FieldRule, setup: FieldPolicy) -> FieldPolicy:
        """A field's own policies over the setup's."""
        return cls(
            conflict=rule.conflict or setup.conflict,
            first_link=rule.first_link or setup.first_link,
            blank=rule.blank or setup.blank,
            drift=setup.drift,
        )


@dataclass(frozen=True)
class Gates:
    """Which directions are open, per pair."""

    push: Mask
    pull: Mask

    def of_field(self, rule: FieldRule) -> Gates:
        """The gates for one field: its direction in the field map can close more, never open."""
        return Gates(
            push=self.push & (Direction.PUSH in rule.directions), pull=self.pull & (Direction.PULL in rule.directions)
        )


@dataclass(frozen=True)
class WentBack:
    """Which records of a side are older than what this pipeline has seen or written of them, per pair (stamps.py)."""

    webstore: Mask
    business_central: Mask


@dataclass(frozen=True)
class Merge:
    """Situation and verdict of one field for every pair, as codes in pair order."""

    situation: Codes
    verdict: Codes


@dataclass(frozen=True)
class FieldValues:
    """The keys of one field, in pair order: now on both sides (never null), and the base (null = none yet)."""

    webstore: pa.Array
    business_central: pa.Array
    base_webstore: pa.Array
    base_business_central: pa.Array


def situations(values: FieldValues, went_back: WentBack | None = None) -> Codes:
    """What happened to a field of each pair."""
    based = _mask(pc.and_(pc.is_valid(values.base_webstore), pc.is_valid(values.base_business_central)))
    w_moved = based & _differs(values.webstore, values.base_webstore)
    c_moved = based & _differs(values.business_central, values.base_business_central)
    equal = ~_differs(values.webstore, values.business_central)
    w_blank = _is_blank(values.webstore)
    c_blank = _is_blank(values.business_central)
    new = ~based
    still = based & ~w_moved & ~c_moved
    s = Situation
    w_back = w_moved & went_back.webstore if went_back else np.zeros_like(based)
    c_back = c_moved & went_back.business_central if went_back else np.zeros_like(based)
    return np.select(
        [
            still,
            equal,
            w_back,
            c_back,
            new & w_blank,
            new & c_blank,
            new,
            c_moved & ~w_moved & c_blank,
            w_moved & ~c_moved & w_blank,
            c_moved & ~w_moved,
            w_moved & ~c_moved,
            c_blank,
            w_blank,
        ],
        [
            s.UNCHANGED,
            s.EQUAL_NOW,
            s.WEBSTORE_WENT_BACK,
            s.BUSINESS_CENTRAL_WENT_BACK,
            s.NEW_WEBSTORE_BLANK,
            s.NEW_BUSINESS_CENTRAL_BLANK,
            s.NEW_DIFFERENT,
            s.BUSINESS_CENTRAL_CLEARED,
            s.WEBSTORE_CLEARED,
            s.BUSINESS_CENTRAL_CHANGED,
            s.WEBSTORE_CHANGED,
            s.BOTH_CHANGED_BUSINESS_CENTRAL_TO_BLANK,
            s.BOTH_CHANGED_WEBSTORE_TO_BLANK,
        ],
        default=s.BOTH_CHANGED,
    ).astype(np.int8)


def wanted(policy: FieldPolicy) -> dict[Situation, Verdict]:
    """The verdict table of the module's docstring under one field's policies; `newest` is decided per pair."""
    s, v = Situation, Verdict
    clear = policy.blank == "clear"
    conflict = {"business-central": v.PUSH, "webstore": v.PULL}.get(policy.conflict, v.CONFLICT)
    return {
        s.UNCHANGED: v.NONE,
        s.EQUAL_NOW: v.AGREE,
        s.BUSINESS_CENTRAL_CHANGED: v.PUSH,
        s.WEBSTORE_CHANGED: v.PULL,
        s.BOTH_CHANGED: conflict,
        s.NEW_WEBSTORE_BLANK: v.PUSH,
        s.NEW_BUSINESS_CENTRAL_BLANK: v.PULL,
        s.NEW_DIFFERENT: {"business-central": v.PUSH, "webstore": v.PULL}.get(policy.first_link, v.CONFLICT),
        s.BUSINESS_CENTRAL_CLEARED: v.PUSH if clear else v.KEPT,
        s.WEBSTORE_CLEARED: v.PULL if clear else v.KEPT,
        s.BOTH_CHANGED_BUSINESS_CENTRAL_TO_BLANK: conflict if clear else v.PULL,
        s.BOTH_CHANGED_WEBSTORE_TO_BLANK: conflict if clear else v.PUSH,
        s.WEBSTORE_WENT_BACK: v.CONFLICT,
        s.BUSINESS_CENTRAL_WENT_BACK: v.CONFLICT,
    }


_CONFLICTS = (
    Situation.BOTH_CHANGED,
    Situation.BOTH_CHANGED_BUSINESS_CENTRAL_TO_BLANK,
    Situation.BOTH_CHANGED_WEBSTORE_TO_BLANK,
)


def merge_field(
    values: FieldValues,
    policy: FieldPolicy,
    gates: Gates,
    newer: Codes | None = None,
    went_back: WentBack | None = None,
) -> Merge:
    """Verdicts of one field for every pair.

    Args:
        gates: the open directions of this field, per pair.
        newer: 1 where the webstore's value was first seen later, -1 where Business Central's was, 0 unknown; it decides
            conflicts under `newest` (unknown = ask; None = all unknown).
        went_back: None = nobody's record did.
    """
    situation = situations(values, went_back)
    table = np.zeros(len(Situation), dtype=np.int8)
    for case, decision in wanted(policy).items():
        table[case] = decision
    verdict = table[situation]
    if policy.conflict == "newest" and newer is not None:
        undecided = (verdict == Verdict.CONFLICT) & np.isin(situation, _CONFLICTS)
        verdict[undecided & (newer > 0)] = Verdict.PULL
        verdict[undecided & (newer < 0)] = Verdict.PUSH
    closed_push = (verdict == Verdict.PUSH) & ~gates.push
    closed_pull = (verdict == Verdict.PULL) & ~gates.pull
    verdict[closed_push] = Verdict.PUSH_WITHHELD
    verdict[closed_pull] = Verdict.PULL_WITHHELD
    if policy.drift == "overwrite":
        may_blank = policy.blank == "clear"
        verdict[closed_push & gates.pull & (may_blank | ~_is_blank(values.webstore))] = Verdict.PULL
        verdict[closed_pull & gates.push & (may_blank | ~_is_blank(values.business_central))] = Verdict.PUSH
    return Merge(situation=situation, verdict=verdict)


def _differs(left: pa.Array, right: pa.Array) -> Mask:
    """True where both are set and not equal."""
    return _mask(pc.fill_null(pc.not_equal(left, right), False))


def _is_blank(column: pa.Array) -> Mask:
    return _mask(pc.equal(column, ""))


def _mask(array: pa.Array | pa.ChunkedArray) -> Mask:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    result: Mask = array.to_numpy(zero_copy_only=False).astype(np.bool_)
    return result
