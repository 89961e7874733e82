"""What people did, and what must be true of everything that a run did beside it.

An edit is *fresh* from the moment in which somebody types it until both sides hold it, or until a rule of the setup lets it
go. The diary knows nothing of bases and plans: it sees both systems before and after a run, and judges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.server import Running

__all__ = ["FIELDS", "SIDES", "Diary", "Look", "Pair", "Place", "changes", "look_at", "may_go", "partners", "typed"]

SIDES = ("webstore", "business_central")
# canonical field → what of an account's billing address and of a Business Central customer holds it
FIELDS = {
    "address_1": "addressLine1",
    "address_2": "addressLine2",
    "city": "city",
    "postcode": "postalCode",
    "phone": "phoneNumber",
    "name": "displayName",
    "email": "email",
}
# Business Central id, webstore id
Pair = tuple[str, int]
# a field of somebody: side, id, field
Place = tuple[str, Any, str]
# everybody (side, id), with the values of their fields
Look = Mapping[tuple[str, Any], Mapping[str, str]]


def look_at(running: Running) -> dict[tuple[str, Any], dict[str, str]]:
    """Everybody on both sides; `owner` is what never changes of whoever has the id."""
    w, c = running.webstore, running.business_central
    look: dict[tuple[str, Any], dict[str, str]] = {}
    for key in w.customer_ids():
        account = w.people_get(key)
        values = {name: account["billing"].get(name, "") for name in FIELDS}
        values["name"] = f"{account['first_name']} {account['last_name']}".strip()
        owner = f"{account['username']} {account['date_created_gmt']}"
        look["webstore", key] = {**values, "email": account["email"], "owner": owner}
    for guid in c.customer_ids():
        customer = c.people_get(guid)
        values = {name: str(customer[prop]) for name, prop in FIELDS.items()}
        look["business_central", guid] = {**values, "owner": guid}
    return look


def typed(side: str, name: str, value: str) -> dict[str, Any]:
    """The changes that put a value into a field."""
    if side == "business_central":
        return {FIELDS[name]: value}
    if name == "email":
        return {"email": value}
    if name == "name":
        first, _, last = value.partition(" ")
        return {"first_name": first, "last_name": last}
    return {"billing": {name: value}}


@dataclass(frozen=True)
class Rules:
    """The setup of a run, as far as it may let an edit go."""

    push: str
    pull: str
    conflict: str
    first_link: str
    blank: str
    drift: str


@dataclass
class Diary:
    """The edits.

    Attributes:
        fresh: where somebody typed something that the other side does not have yet.
        stood: every value that ever stood in a place.
        people: who was entered by people; the rest was created by runs.
        during: what was typed during the run that is being judged.
        undone: pairs and fields whose difference was restored by an undo and is accepted.
        ever_undone: the same, never forgotten.
        owners: pair → whom the account belonged to when the pair was linked, or when a person said that it still is the same.
        delivered: edits that were fresh and are not any more: both sides held them, or a rule let them go.
        lagging: sides of which an old copy may be answered.
        worldly: whether anything of the world outside happened that a run may refuse to go on because of.
    """

    fresh: set[Place] = field(default_factory=set)
    stood: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    people: set[tuple[str, Any]] = field(default_factory=set)
    during: dict[Place, str] = field(default_factory=dict)
    undone: set[tuple[str, int, str]] = field(default_factory=set)
    ever_undone: set[tuple[str, int, str]] = field(default_factory=set)
    owners: dict[tuple[str, int], str] = field(default_factory=dict)
    delivered: set[tuple[Place, str]] = field(default_factory=set)
    lagging: set[str] = field(default_factory=set)
    worldly: bool = False

    def see(self, look: Look, place: Place) -> None:
        """Somebody opens the form in which they will type, maybe of an account that a run has created a moment ago.

        What stands there and in the same field of their other half is delivered, whatever becomes of it then.
        """
        self.note(look)
        side, key, name = place
        shown = look[side, key]
        for other, values in look.items():
            same = values["email"].lower() == shown["email"].lower() != ""
            if other[0] != side and same and values[name] == shown[name]:
                self.fresh.discard((*other, name))

    def type(self, place: Place, value: str) -> None:
        """Somebody types a value."""
        self.fresh.add(place)
        self.stood[place].add(value)
        self.during[place] = value
        side, key, name = place
        position = 0 if side == "business_central" else 1
        self.undone = {pair for pair in self.undone if pair[2] != name or pair[position] != key}

    def note(self, look: Look) -> None:
        """Remember what stands where."""
        for (side, key), values in look.items():
            for name, value in values.items():
                self.stood[side, key, name].add(value)

    def linked(self, look: Look, pairs: Iterable[Pair], *, anew: bool = False) -> None:
        """Remember for whom pairs were linked; `anew`: they were linked just now."""
        for bc_id, webstore_id in pairs:
            there = look.get(("webstore", webstore_id))
            if there is not None and (anew or (bc_id, webstore_id) not in self.owners):
                self.owners[bc_id, webstore_id] = there["owner"]

    def true_pairs(self, look: Look, pairs: Iterable[Pair]) -> set[Pair]:
        """Without those whose account is somebody else's by now: they have nothing to say to each other."""
        found = set()
        for bc_id, webstore_id in pairs:
            there = look.get(("webstore", webstore_id))
            if there is None or self.owners.get((bc_id, webstore_id), there["owner"]) == there["owner"]:
                found.add((bc_id, webstore_id))
        return found

    def goes_back(self, before: Look, after: Look, pairs: set[Pair], fresh_then: set[Place]) -> None:
        """A side was restored. What it lost by that is nobody's doing; but whatever the other side still holds of it has to
        stay: it is fresh again, until both sides hold the same, or a person says which side is right. Only an edit that was on
        its way then, and never arrived, still is on its way.

        Args:
            fresh_then: what was fresh when the backup was made.
        """
        for who in before.keys() - after.keys():
            self._vanish(who)
        self.people |= after.keys() - before.keys()
        for side_, key, name in changes(before, after):
            place = (side_, key, name)
            if place in fresh_then and (place, after[place[:2]][name]) not in self.delivered:
                self.fresh.add(place)
                continue
            self.fresh.discard(place)
            for other in partners(place[:2], pairs):
                if other in after and after[other][name] != after[place[:2]][name]:
                    self.fresh.add((*other, name))
        for who in after.keys() & before.keys():
            if after[who]["owner"] != before[who]["owner"]:
                self.fresh -= {(*who, name) for name in FIELDS}
        self.note(after)

    def moves(self, who: tuple[str, Any], to: tuple[str, Any] | None) -> None:
        """The id of somebody is somebody else's from now on, and they have another one, or are gone."""
        fresh = {name for *place, name in self.fresh if tuple(place) == who}
        stood = {name: self.stood[*who, name] for name in FIELDS}
        self._vanish(who)
        if to is not None:
            self.people.add(to)
            self.fresh |= {(*to, name) for name in fresh}
            for name, values in stood.items():
                self.stood[*to, name] |= values

    def _vanish(self, who: tuple[str, Any]) -> None:
        self.people.discard(who)
        self.fresh -= {(*who, name) for name in FIELDS}

    def settle(self, look: Look, links: Mapping[str, int | None], changed: set[Place]) -> None:
        """After a run: what both sides hold is not fresh any more, nor what was overwritten by right."""
        before = set(self.fresh)
        self.fresh -= changed - self.during.keys()
        for bc_id, webstore_id in links.items():
            w, c = look.get(("webstore", webstore_id)), look.get(("business_central", bc_id))
            if w is None or c is None:
                continue
            for name in FIELDS:
                if w[name] == c[name]:
                    self.fresh -= {("webstore", webstore_id, name), ("business_central", bc_id, name)}
                    self.undone.discard((bc_id, webstore_id or 0, name))
        for place in before - self.fresh:
            self.delivered |= {(place, value) for value in self.stood[place]}


def changes(before: Look, after: Look) -> dict[Place, tuple[str, str]]:
    """Where both looks differ: place → (old, new)."""
    return {
        (*who, name): (values[name], after[who][name])
        for who, values in before.items()
        if who in after
        for name in FIELDS
        if values[name] != after[who][name]
    }


def partners(who: tuple[str, Any], pairs: set[Pair]) -> list[tuple[str, Any]]:
    """Everybody on the other side with whom somebody makes a pair."""
    side, key = who
    if side == "webstore":
        return [("business_central", bc_id) for bc_id, webstore_id in pairs if webstore_id == key]
    return [("webstore", webstore_id) for bc_id, webstore_id in pairs if bc_id == key]


def may_go(diary: Diary, place: Place, old: str, other: Place, rules: Rules, based: bool, ticked: bool) -> bool:
    """Whether the rules let a fresh edit be overwritten.

    Args:
        other: the same field of the other side.
        based: the two sides have agreed on the field before.
    """
    side = place[0]
    winner = "business-central" if side == "webstore" else "webstore"
    both = other in diary.fresh
    if both and rules.conflict in {winner, "newest"}:
        return True
    if not based and (rules.first_link == winner or old == ""):
        return True
    if old == "" and both and rules.blank == "keep":
        return True
    gate = rules.pull if side == "webstore" else rules.push
    closed = gate == "None" or (not ticked and not (side == "webstore" and gate == "All"))
    return closed and rules.drift == "overwrite"
