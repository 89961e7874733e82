"""People, faults and kills in any order: whatever happens, nothing is done twice, lost or overwritten without a rule."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from connector.errors import InputError, RemoteTrouble
from connector.load import editing, inbox, versions
from sandbox.server import Running
from tests.flows.conftest import emptied
from tests.flows.diary import FIELDS, SIDES, Diary, Look, Place, Rules, changes, look_at, may_go, typed
from tests.flows.moments import COMMIT, Killed, Moments, bury, watched
from tests.flows.shop import Remembered, Shop
from tests.flows.steps import Done
from tests.hypothesis_profiles import stateful

MOST = 6
CLEARABLE = ("address_2", "phone")
FAULTS = ("504-after-write", "drop-after-write", "drop-before", "torn-json", "429", "503")
WRITES = {"webstore": "customers/batch", "business_central": r"\$batch"}

who = st.integers(min_value=0, max_value=MOST - 1)
sides = st.sampled_from(SIDES)
fields = st.sampled_from(sorted(FIELDS))
moments_of_a_run = st.integers(min_value=1, max_value=12)


class Life(RuleBasedStateMachine):
    """One webstore, one company, and everybody who has to do with them."""

    def __init__(self, running: Running, folders: Iterator[Path], empty_store: Path) -> None:
        super().__init__()
        emptied(running)
        self.running = running
        self.shop = Shop(running, next(folders), store=empty_store, max_attempts=2)
        self.diary = Diary()
        self.serial = itertools.count(1)
        self.runs: list[str] = []

    @initialize(accounts=st.integers(0, 2), customers=st.integers(0, 2), both=st.integers(0, 2))
    def there_is_a_past(self, accounts: int, customers: int, both: int) -> None:
        """Some customers who were synchronised before anything happens."""
        for _ in range(accounts):
            self.somebody_registers(full=True)
        for _ in range(customers):
            self.the_office_makes_a_customer(ticked=True)
        for _ in range(both):
            self.somebody_is_on_both_sides(ticked=True, same=True)
        if accounts + customers + both:
            self._observe(self.shop.sync)

    # people

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
        customer = self.shop.employ(person["email"], person["name"], ticked=ticked, **properties)
        self._entered("business_central", customer)

    @precondition(lambda self: all(len(self.everybody(side)) < MOST for side in SIDES))
    @rule(ticked=st.booleans(), same=st.booleans())
    def somebody_is_on_both_sides(self, ticked: bool, same: bool) -> None:
        person, other = self._person(), self._person()
        second = person if same else {**other, "email": person["email"], "name": person["name"]}
        account = self.shop.register(person["email"], person["name"], phone=person["phone"], city=person["city"])
        properties = {FIELDS[name]: second[name] for name in ("address_1", "city", "phone")}
        self._entered("webstore", account)
        customer = self.shop.employ(second["email"], second["name"], ticked=ticked, **properties)
        self._entered("business_central", customer)

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
        if len(ids) > 1:  # a side that is suddenly empty stops every run
            getattr(self.running, side).people_delete(ids[person % len(ids)])

    @rule(person=who, edit=st.sampled_from(["tick", "untick", "unlink", "link"]))
    def the_office_edits_the_mapping(self, person: int, edit: str) -> None:
        ids = self.everybody("business_central")
        if not ids:
            return
        number = self.shop.number(ids[person % len(ids)])
        account = self.shop.accounts().get(self.shop.customer(ids[person % len(ids)])["email"])
        with suppress(InputError):
            if edit == "link" and account is not None:
                editing.link(self.shop.setup, [(number, account)], actor="the office")
            elif edit == "unlink":
                editing.unlink(self.shop.setup, [number], actor="the office")
            elif edit in {"tick", "untick"}:
                getattr(editing, edit)(self.shop.setup, [number], actor="the office")

    @rule(which=who, take=st.sampled_from(["webstore", "business-central", "value"]))
    def somebody_decides_a_conflict(self, which: int, take: str) -> None:
        conflicts = inbox.list_conflicts(self.shop.setup)
        if conflicts:
            row = conflicts[which % len(conflicts)]
            value = self._value(row["field"]) if take == "value" else None
            taken = "" if value else take
            inbox.decide(self.shop.setup, row["bc_number"], row["field"], take=taken, value=value, actor="the office")

    @rule(back=st.integers(min_value=1, max_value=3))
    def the_office_restores_the_mapping(self, back: int) -> None:
        newest = len(versions.list_versions(self.shop.setup))
        if newest:
            versions.restore_version(self.shop.setup, max(newest - back, 0), actor="the office")

    @rule(
        push=st.sampled_from(["Mapped Only", "Mapped Only", "None"]),
        pull=st.sampled_from(["All", "All", "Mapped Only", "None"]),
    )
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

    # what goes wrong

    @rule(side=sides, kind=st.sampled_from(FAULTS), after=st.integers(min_value=0, max_value=2))
    def something_will_go_wrong(self, side: str, kind: str, after: int) -> None:
        more = {"retry_after": 0} if kind in {"429", "503"} else {}
        getattr(self.running, f"{side}_faults").add(kind, path=WRITES[side], method="POST", after=after, **more)

    # runs

    @rule(scheduled=st.booleans(), partitions=st.sampled_from((0, 0, 3)))
    def a_run(self, scheduled: bool, partitions: int) -> None:
        self._observe(lambda: self.shop.sync(scheduled=scheduled, partitions=partitions))

    @rule(number=moments_of_a_run)
    def a_run_that_is_killed(self, number: int) -> None:
        with watched() as moments:
            moments.kill_before(number)
            self._observe(self.shop.sync)

    @rule(number=st.integers(min_value=1, max_value=6), side=sides, person=who, field=fields)
    def a_run_while_somebody_types(self, number: int, side: str, person: int, field: str) -> None:
        side, person, field = self._about_to_be_written(person) or (side, person, field)

        def arm(moments: Moments) -> None:
            # between the last look at an account and the request nothing can be noticed: WooCommerce has no tags
            kind = COMMIT if side == "webstore" else None
            moments.before(number, lambda: self._type(side, person, field, self._value(field)), kind)

        with watched() as moments:
            self._observe(lambda: self.shop.sync(when_planned=lambda: arm(moments)))

    @rule(side=sides, person=who)
    def a_run_of_one_customer(self, side: str, person: int) -> None:
        ids = self.everybody(side)
        if ids:
            key = ids[person % len(ids)]
            self._observe(lambda: self.shop.sync(f"woo:{key}" if side == "webstore" else str(key)))

    @rule()
    def a_dry_run(self) -> None:
        before = look_at(self.running)
        self.shop.forget_requests()
        with suppress(RemoteTrouble):
            first, second = self.shop.sync(dry_run=True), self.shop.sync(dry_run=True, partitions=2)
            assert first.plan == second.plan
        assert self.shop.writes() == []
        assert look_at(self.running) == before

    @rule(which=st.integers(min_value=1, max_value=4), delete=st.booleans())
    def a_run_is_undone(self, which: int, delete: bool) -> None:
        if self.runs:
            run_id = self.runs[-min(which, len(self.runs))]
            self._observe(lambda: self.shop.undo(run_id, delete_accounts=delete), undo=True)

    @rule()
    def everything_comes_to_rest(self) -> None:
        self._come_to_rest()

    def teardown(self) -> None:
        """At the end of every life the flags come back, and what was withheld with them."""
        self.shop.change(push_webstore_customers="Mapped Only", pull_webstore_customers="All")
        self._come_to_rest()

    # judging

    def everybody(self, side: str) -> list[Any]:
        """Ids of one side."""
        return sorted(getattr(self.running, side).customer_ids())

    def _observe(self, act: Callable[[], Done], *, undo: bool = False) -> Done | None:
        """Let a run do its work, and judge it."""
        diary, rules = self.diary, self._rules()
        before, known = look_at(self.running), self.shop.remembered()
        self.shop.forget_requests()
        diary.during.clear()
        done = None
        try:
            done = act()
            self.runs.append(done.run_id)
        except Killed:
            bury(self.shop.store_file)
        except RemoteTrouble:
            assert self.running.webstore_faults.fired or self.running.business_central_faults.fired
        after, knows = look_at(self.running), self.shop.remembered()
        changed = changes(before, after)
        self._nobody_twice(after)
        self._closed_gates(rules)
        self._nothing_overwritten(before, after, known, knows, rules, undo)
        self._journal_knows(changed, knows)
        self._gone(before, after, knows, undo)
        diary.note(after)
        if undo:
            restored = {
                (*((key, other) if side == "business_central" else (other, key)), name)
                for side, key, name in changed
                for _, other in partners((side, key), known.pairs | knows.pairs)
            }
            diary.undone |= restored
            diary.ever_undone |= restored
        self._bases_moved_by_right(known, knows)
        diary.settle(after, knows.links, set(changed))
        made = knows.version - known.version
        assert made == (known.table != knows.table), f"{made} versions of the mapping table"
        return done

    def _nothing_overwritten(
        self, before: Look, after: Look, known: Remembered, knows: Remembered, rules: Rules, undo: bool
    ) -> None:
        diary = self.diary
        for place, value in diary.during.items():
            assert place[:2] not in after or after[place[:2]][place[2]] == value, (
                f"{place}: overwritten as it was typed"
            )
        for place, (old, new) in changes(before, after).items():
            if place in diary.during:
                continue
            side, _, name = place
            decided = known.decided.get(name, set())
            others = partners(place[:2], known.pairs | knows.pairs)
            sources = {look[other][name] for look in (before, after) for other in others if other in look} | decided
            assert new in sources | (diary.stood[place] if undo else set()), f"{place}: {new!r} came from nowhere"
            if place not in diary.fresh:
                continue
            assert not undo, f"{place}: the undo overwrote {old!r}"
            pairs = [(place[1], o) if side == "business_central" else (o, place[1]) for _, o in others]
            allowed = decided or any(
                may_go(
                    diary,
                    place,
                    old,
                    (*other, name),
                    rules,
                    name in known.bases.get(pair, ({},))[0],
                    pair[0] in known.ticked,
                )
                for other, pair in zip(others, pairs, strict=True)
            )
            assert allowed, f"{place}: {old!r} was overwritten by {new!r} without a rule"

    def _come_to_rest(self) -> None:
        self.running.webstore_faults.clear()
        self.running.business_central_faults.clear()
        for _ in range(7):
            done = self._observe(self.shop.sync)
            if not self.shop.writes():
                break
        else:
            raise AssertionError("the two systems do not come to rest")
        assert done is not None
        look, knows, flags = look_at(self.running), self.shop.remembered(), self.shop.setup.synchronization
        assert knows.open_writes == []
        if str(flags.push_webstore_customers) != "None" and str(flags.pull_webstore_customers) == "All":
            self._both_agree(done, look, knows)
            self._nobody_forgotten(done, look, knows)

    def _both_agree(self, done: Done, look: Look, knows: Remembered) -> None:
        waiting = {(row["bc_id"], row["field"]) for row in inbox.list_conflicts(self.shop.setup)}
        left_out = {q.bc_id for q in done.plan.quarantined} | {o.bc_id for o in done.plan.orphans}
        keep = str(self.shop.setup.synchronization.policies.blank) == "keep"
        for bc_id, webstore_id in knows.links.items():
            w, c = look.get(("webstore", webstore_id)), look.get(("business_central", bc_id))
            if w is None or c is None or webstore_id is None or bc_id in left_out or bc_id not in knows.ticked:
                continue
            for name in FIELDS:
                blank = keep and "" in {w[name], c[name]}
                excused = blank or (bc_id, name) in waiting or (bc_id, webstore_id, name) in self.diary.undone
                assert excused or w[name] == c[name], f"{bc_id} {name}: {w[name]!r} and {c[name]!r}"

    def _nobody_forgotten(self, done: Done, look: Look, knows: Remembered) -> None:
        """Whom a run created it knows, or asks about."""
        asked: set[tuple[str, Any]] = {("webstore", key) for a in done.plan.ambiguous for key in a.webstore_ids}
        asked |= {("business_central", key) for a in done.plan.ambiguous for key in a.bc_ids}
        forgotten = set(look) - self.diary.people - knows.ever_linked - asked
        assert not forgotten, f"created and forgotten: {sorted(map(str, forgotten))}"

    def _nobody_twice(self, look: Look) -> None:
        emails = Counter((side, values["email"].lower()) for (side, _), values in look.items())
        assert max(emails.values(), default=1) == 1, f"twice: {emails.most_common(1)}"

    def _closed_gates(self, rules: Rules) -> None:
        if rules.push == "None":
            assert not self.running.webstore_log.writes()
        if rules.pull == "None":
            verbs = {o.verb for e in self.running.business_central_log.writes() for o in e.operations}
            assert verbs <= {"read"}

    def _journal_knows(self, changed: dict[Place, tuple[str, str]], knows: Remembered) -> None:
        """Of everything that a run changed the journal has the value before and the value after."""
        written: set[tuple[Any, ...]] = set()
        for row in knows.journal:
            key = row["bc_id"] if row["system"] == "business_central" else int(row["webstore_id"] or 0)
            before, after = orjson.loads(row["before"]), orjson.loads(row["after"])
            written |= {(row["system"], key, name, before.get(name, ""), value) for name, value in after.items()}
        for place, change in changed.items():
            assert place in self.diary.during or (*place, *change) in written, f"{place}: no before-image of {change}"

    def _gone(self, before: Look, after: Look, knows: Remembered, undo: bool) -> None:
        """Only an undo deletes, and only accounts that a run created and nobody has edited."""
        for side, key in before.keys() - after.keys():
            assert undo, f"{side} {key} was deleted"
            assert side == "webstore", f"{side} {key} was deleted"
            assert (side, key) not in self.diary.people
            assert not any((side, key, name) in self.diary.fresh for name in FIELDS)
            assert key not in knows.links.values()

    def _bases_moved_by_right(self, known: Remembered, knows: Remembered) -> None:
        """A base is what both sides held alike; only an undo accepts a difference."""
        for (bc_id, webstore_id), (w, c) in knows.bases.items():
            old_w, old_c = known.bases.get((bc_id, webstore_id), ({}, {}))
            for name in FIELDS:
                if name not in w or (w[name], c[name]) == (old_w.get(name), old_c.get(name)):
                    continue
                alike = w[name] == c[name] or (bc_id, webstore_id, name) in self.diary.ever_undone
                assert alike, f"base of {bc_id} {name}: {w[name]!r} and {c[name]!r}"
                stood = (
                    self.diary.stood["webstore", webstore_id, name],
                    self.diary.stood["business_central", bc_id, name],
                )
                assert w[name] in stood[0], f"base of {bc_id} {name}: {w[name]!r} never stood there"
                assert c[name] in stood[1], f"base of {bc_id} {name}: {c[name]!r} never stood there"

    # helpers of the people

    def _rules(self) -> Rules:
        flags = self.shop.setup.synchronization
        p = flags.policies
        push, pull = str(flags.push_webstore_customers), str(flags.pull_webstore_customers)
        return Rules(push, pull, str(p.conflict), str(p.first_link), str(p.blank), str(p.drift))

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
        look = {who: values for who, values in look_at(self.running).items() if who == (side, key)}
        self.diary.note(look)
        self.diary.fresh |= {(side, key, name) for name, value in look[side, key].items() if value}

    def _about_to_be_written(self, number: int) -> tuple[str, int, str] | None:
        """Where an edit of the other side is about to go: a person who types there now is in danger."""
        pairs = self.shop.remembered().pairs
        found = [
            (other, self.everybody(other).index(key), name)
            for side, owner, name in sorted(self.diary.fresh, key=str)
            for other, key in sorted(partners((side, owner), pairs))
            if key in self.everybody(other)
        ]
        return found[number % len(found)] if found else None

    def _type(self, side: str, person: int, field: str, value: str) -> None:
        ids = self.everybody(side)
        if not ids:
            return
        key = ids[person % len(ids)]
        knows = self.shop.remembered()
        if field == "email" and (side, key) not in self.diary.people | knows.ever_linked:
            return  # whom an interrupted run created is looked up by e-mail
        self.diary.see(look_at(self.running), (side, key, field))
        getattr(self.running, side).people_update(key, typed(side, field, value))
        self.diary.type((side, key, field), value)


def partners(who: tuple[str, Any], pairs: set[tuple[str, int]]) -> list[tuple[str, Any]]:
    """Everybody on the other side with whom somebody makes a pair."""
    side, key = who
    if side == "webstore":
        return [("business_central", bc_id) for bc_id, webstore_id in pairs if webstore_id == key]
    return [("webstore", webstore_id) for bc_id, webstore_id in pairs if bc_id == key]


@pytest.fixture
def folders() -> Iterator[Iterator[Path]]:
    """A new folder for every life."""
    with tempfile.TemporaryDirectory(prefix="life-") as name:
        yield (Path(name) / str(number) for number in itertools.count())


def test_nothing_is_done_twice_lost_or_overwritten(
    systems: Running, folders: Iterator[Path], empty_store: Path
) -> None:
    """Every rule of section 10 of the design, in any order of what people and machines do."""

    class ALife(Life):
        def __init__(self) -> None:
            super().__init__(systems, folders, empty_store)

    run_state_machine_as_test(ALife, settings=stateful(10, 16))
