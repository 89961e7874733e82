"""What people do in a life: they register, type, clear, delete, edit the mapping table, and answer what they are asked."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from connector.desk import editing, inbox, restored, same_customer, versions
from connector.errors import InputError, RemoteTrouble
from tests.by_hand import by_hand, seen
from tests.flows.diary import FIELDS, SIDES, look_at, typed
from tests.flows.life_judging import Judged

__all__ = ["MOST", "People", "fields", "sides", "who"]

MOST = 6
CLEARABLE = ("address_2", "phone")
WORDS = {"webstore": "webstore", "business_central": "business-central"}

who = st.integers(min_value=0, max_value=MOST - 1)
sides = st.sampled_from(SIDES)
fields = st.sampled_from(sorted(FIELDS))


class People(Judged):
    """Visitors of the shop, and the office.

    Attributes:
        restored: per side whose values a restore changed, until a run has looked at that side.
    """

    def __init__(self, *life: Any) -> None:
        super().__init__(*life)
        self.restored: dict[str, set[Any]] = {side: set() for side in SIDES}

    def there_is_a_past(self, accounts: int, customers: int, both: int) -> None:
        """Some customers who were synchronised before anything happens."""
        for _ in range(accounts):
            self.somebody_registers(full=True)
        for _ in range(customers):
            self.the_office_makes_a_customer(ticked=True)
        for _ in range(both):
            self.somebody_is_on_both_sides(ticked=True, same=True)
        if accounts + customers + both:
            self.observe(self.shop.sync)

    @precondition(lambda self: len(self.everybody("webstore")) < MOST)
    @rule(full=st.booleans())
    def somebody_registers(self, full: bool) -> None:
        person = self._person()
        billing = {name: person[name] for name in ("address_1", "city", "postcode", "phone")} if full else {}
        self._entered("webstore", self.shop.register(person["email"], person["name"], **billing))

    @precondition(lambda self: len(self.everybody("business_central")) < MOST)
    @rule(ticked=st.booleans())
    def the_office_makes_a_customer(self, ticked: bool) -> None:
        person = self._person()
        properties = {FIELDS[name]: person[name] for name in ("address_1", "city", "postcode", "phone")}
        self._employ(person, ticked, properties)

    @precondition(lambda self: all(len(self.everybody(side)) < MOST for side in SIDES))
    @rule(ticked=st.booleans(), same=st.booleans())
    def somebody_is_on_both_sides(self, ticked: bool, same: bool) -> None:
        person, other = self._person(), self._person()
        second = person if same else {**other, "email": person["email"], "name": person["name"]}
        account = self.shop.register(person["email"], person["name"], phone=person["phone"], city=person["city"])
        properties = {FIELDS[name]: second[name] for name in ("address_1", "city", "phone")}
        self._entered("webstore", account)
        self._employ(second, ticked, properties)

    @precondition(lambda self: all(len(self.everybody(side)) < MOST for side in SIDES))
    @rule(ticked=st.booleans())
    def namesakes_without_an_email(self, ticked: bool) -> None:
        """An imported account, and a customer of the same name: nothing tells whether they are the same."""
        person = {**self._person(), "email": ""}
        self._entered("webstore", self.shop.register("", person["name"]))
        self._employ(person, ticked, {})

    @rule(side=sides, person=who, field=fields)
    def somebody_types(self, side: str, person: int, field: str) -> None:
        self._type(side, person, field, self._value(field))

    @rule(pair=who, field=fields, both=st.booleans(), side=sides)
    def a_mapped_customer_is_edited(self, pair: int, field: str, both: bool, side: str) -> None:
        pairs = [(b, w) for b, w in sorted(self.shop.links().items()) if w is not None]
        if not pairs:
            return
        keys = dict(zip(("business_central", "webstore"), pairs[pair % len(pairs)], strict=True))
        for where in SIDES if both else (side,):
            if keys[where] in self.everybody(where):
                self._type(where, self.everybody(where).index(keys[where]), field, self._value(field))

    @rule(side=sides, person=who, field=st.sampled_from(CLEARABLE))
    def somebody_clears(self, side: str, person: int, field: str) -> None:
        self._type(side, person, field, "")

    @rule(side=sides, person=who)
    def somebody_is_deleted(self, side: str, person: int) -> None:
        ids = self.everybody(side)
        # a side that is suddenly empty stops every run
        if len(ids) > 1 and look_at(self.running)[side, ids[person % len(ids)]]["email"]:
            getattr(self.running, side).people_delete(ids[person % len(ids)])
            self.diary.moves((side, ids[person % len(ids)]), None)

    @rule(person=who, edit=st.sampled_from(["tick", "untick", "unlink", "link"]))
    def the_office_edits_the_mapping(self, person: int, edit: str) -> None:
        ids = self.everybody("business_central")
        if not ids:
            return
        bc_id = ids[person % len(ids)]
        number, account = self.shop.number(bc_id), self.shop.accounts().get(self.shop.customer(bc_id)["email"])
        with suppress(InputError, RemoteTrouble):
            if edit == "link" and account is not None:
                by_hand(editing.link, self.shop.setup, [(number, account)])
                self.diary.linked(look_at(self.running), {(bc_id, account)}, anew=True)
            elif edit == "unlink":
                by_hand(editing.unlink, self.shop.setup, [number])
            elif edit in {"tick", "untick"}:
                by_hand(getattr(editing, edit), self.shop.setup, [number])

    @rule(which=who, take=st.sampled_from(["webstore", "business-central", "value"]))
    def somebody_decides_a_conflict(self, which: int, take: str) -> None:
        conflicts = seen(inbox.list_conflicts, self.shop.setup)
        if conflicts:
            row = conflicts[which % len(conflicts)]
            value = self._value(row["field"]) if take == "value" else None
            taken = "" if value else take
            by_hand(inbox.decide, self.shop.setup, row["bc_number"], row["field"], take=taken, value=value)

    @rule(side=sides, take=sides)
    def somebody_says_which_side_is_right(self, side: str, take: str) -> None:
        """After a restore: for everybody who waits because of it."""
        with suppress(InputError):  # nobody waits
            by_hand(restored.answer_restored, self.shop.setup, WORDS[side], WORDS[take])

    @rule(which=who, same=st.booleans())
    def somebody_says_who_it_is(self, which: int, same: bool) -> None:
        doubts = seen(same_customer.list_doubts, self.shop.setup)
        if not doubts:
            return
        row = doubts[which % len(doubts)]
        say = same_customer.say_same if same else same_customer.say_other
        with suppress(InputError, RemoteTrouble):  # gone on one side, linked meanwhile
            by_hand(say, self.shop.setup, [row["bc_number"]])
            self.tally["answers"] += 1
            if same:
                self.diary.linked(look_at(self.running), {(row["bc_id"], row["webstore_id"])}, anew=True)

    @rule(back=st.integers(min_value=1, max_value=3))
    def the_office_restores_the_mapping(self, back: int) -> None:
        newest = len(seen(versions.list_versions, self.shop.setup))
        if newest:
            by_hand(versions.restore_version, self.shop.setup, max(newest - back, 0))
            self.diary.linked(look_at(self.running), self._pairs_of(self.shop.remembered()))

    def the_flags_change(self, push: str, pull: str) -> None:
        self.shop.change(push_webstore_customers=push, pull_webstore_customers=pull)

    @rule(
        conflict=st.sampled_from(["ask", "business-central", "webstore", "newest"]),
        first_link=st.sampled_from(["ask", "business-central", "webstore"]),
        blank=st.sampled_from(["keep", "clear"]),
        drift=st.sampled_from(["withhold", "overwrite"]),
        orphan=st.sampled_from(["report", "unlink", "recreate"]),
    )
    def the_policies_change(self, **policies: str) -> None:
        self.shop.change(policies=policies)

    def _employ(self, person: dict[str, str], ticked: bool, properties: dict[str, str]) -> None:
        key = self.shop.employ(person["email"], person["name"], **properties)
        self._entered("business_central", key)
        if ticked:
            with suppress(InputError):  # an old copy does not show the customer yet
                by_hand(editing.tick, self.shop.setup, [self.shop.number(key)])

    def _person(self) -> dict[str, str]:
        return {name: self._value(name) for name in FIELDS}

    def _value(self, field: str) -> str:
        number = next(self.serial)
        return {
            "phone": f"+47 2{number:07d}", "email": f"person{number}@life.example", "name": f"Person{number} Family{number}",
            "postcode": f"N{number:05d}",
        }.get(field, f"{field.title()} {number}")  # fmt: skip

    def _entered(self, side: str, key: Any) -> None:
        self.diary.people.add((side, key))
        look = {one: values for one, values in look_at(self.running).items() if one == (side, key)}
        self.diary.note(look)
        self.diary.fresh |= {(side, key, name) for name in FIELDS if look[side, key][name]}

    def _type(self, side: str, person: int, field: str, value: str) -> None:
        ids = self.everybody(side)
        if not ids or not self._can_be_noticed(side, ids[person % len(ids)]):
            return
        key = ids[person % len(ids)]
        knows = self.shop.remembered()
        if field == "email" and (side, key) not in self.diary.people | knows.ever_linked:
            return  # whom an interrupted run created is looked up by e-mail
        look = look_at(self.running)
        if look[side, key][field] == value:
            return  # what is blank already cannot be cleared
        if field in {"email", "name"} and not look[side, key]["email"]:
            return  # by the name they are looked up
        self.diary.see(look, (side, key, field))
        getattr(self.running, side).people_update(key, typed(side, field, value))
        self.diary.type((side, key, field), value)

    def _can_be_noticed(self, side: str, key: Any) -> bool:
        """Two things nobody can notice, so nobody does them here: that a record which was restored is edited again, before any
        run saw it, while no other record of that side shows that it went back; and what is typed in a shop since the copy was
        made that all reads are answered from, since WooCommerce writes without conditions."""
        if side == "webstore" and side in self.diary.lagging:
            return False
        back = self.restored[side]
        if key not in back:
            return True
        linked = {pair[side == "webstore"] for pair in self._pairs_of(self.shop.remembered())}
        if len(back & linked) < 2:
            return False
        back.discard(key)
        return True
