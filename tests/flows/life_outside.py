"""What the world outside does in a life: it goes back, shows the past, gives ids to others, sets clocks, and answers badly."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from sandbox.moments import Moment
from tests.flows.diary import FIELDS, SIDES, Place, changes, look_at
from tests.flows.life_people import MOST, People, sides, who

__all__ = ["Outside", "forms", "jumps", "whose"]

FAULTS = ("504-after-write", "drop-after-write", "drop-before", "torn-json", "429", "503")
WRITES = {"webstore": "customers/batch", "business_central": r"\$batch"}
KEPT = 2

whose = st.sampled_from([*SIDES, "machine"])
forms = st.sampled_from(["cache", "cache-path", "replica"])
# seconds: some, hours, and more than the day by which a clock may be wrong and is still believed
jumps = st.sampled_from([-200_000, -4_000, -30, 30, 4_000, 200_000])


class Outside(People):
    """Administrators, hosts, clocks and networks."""

    def __init__(self, *life: Any) -> None:
        super().__init__(*life)
        self.kept: dict[str, list[tuple[Moment, set[Place]]]] = {side: [] for side in SIDES}
        self.ahead = dict.fromkeys(SIDES, 0.0)

    @rule(side=sides, kind=st.sampled_from(FAULTS), after=st.integers(min_value=0, max_value=2))
    def something_will_go_wrong(self, side: str, kind: str, after: int) -> None:
        more = {"retry_after": 0} if kind in {"429", "503"} else {}
        getattr(self.running, f"{side}_faults").add(kind, path=WRITES[side], method="POST", after=after, **more)

    def there_is_a_past(self, accounts: int, customers: int, both: int) -> None:
        super().there_is_a_past(accounts, customers, both)
        for side in SIDES:
            self.a_backup_is_made(side)

    @rule(side=sides)
    def a_backup_is_made(self, side: str) -> None:
        if self.everybody(side):  # a side that is suddenly empty stops every run
            backup = getattr(self.running, side).snapshot(), set(self.diary.fresh)
            self.kept[side] = [*self.kept[side], backup][-KEPT:]

    @rule(side=sides, which=st.integers(0, KEPT - 1))
    def a_side_is_restored(self, side: str, which: int) -> None:
        if not self.kept[side]:
            return
        before = look_at(self.running)
        moment, fresh_then = self.kept[side][which % len(self.kept[side])]
        getattr(self.running, side).restore(moment)
        after = look_at(self.running)
        known = self.shop.remembered()
        self.diary.goes_back(before, after, self.diary.true_pairs(before, known.pairs), fresh_then)
        self.diary.worldly = True
        self.restored[side] |= {key for _, key, _ in changes(before, after)}
        self.tally["restores"] += 1

    @rule(side=sides, by=forms)
    def old_copies_are_answered(self, side: str, by: str) -> None:
        getattr(self.running, f"{side}_faults").add("stale", by=by)
        self.diary.lagging.add(side)
        if (side, by) == ("business_central", "replica"):
            # whom a lagging company has just got it denies, and it takes a second one: nobody is created there meanwhile
            self.shop.change(pull_webstore_customers="Mapped Only")
        self.diary.worldly = True

    def the_flags_change(self, push: str, pull: str) -> None:
        lagging = any("replica" in one.options.values() for one in self.running.business_central_faults.pending)
        super().the_flags_change(push, "Mapped Only" if lagging and pull == "All" else pull)

    @precondition(lambda self: self.diary.lagging)
    @rule(side=sides)
    def the_present_is_answered_again(self, side: str) -> None:
        self.calm(side)

    @precondition(lambda self: len(self.everybody("webstore")) < MOST)
    @rule(side=sides, person=who, moves=st.booleans())
    def an_id_changes_its_owner(self, side: str, person: int, moves: bool) -> None:
        """The id of an account, or the number of a Business Central customer."""
        ids = self.everybody(side)
        if not ids or (side == "webstore" and side in self.diary.lagging):
            return
        old, other = ids[person % len(ids)], self._person()
        if side == "webstore":
            first, _, last = other["name"].partition(" ")
            billing = {name: other[name] for name in ("address_1", "city", "postcode", "phone")} | {"country": "NO"}
            record = {"email": other["email"], "first_name": first, "last_name": last, "billing": billing}
        else:
            record = {FIELDS[name]: other[name] for name in ("name", "email", "address_1", "city", "postcode", "phone")}
            record |= {"type": "Person", "country": "NO"}
        new, moved = getattr(self.running, side).people_replace(old, record, keep_old=moves)
        self.diary.moves((side, old), None if moved is None else (side, moved))
        self._entered(side, new)
        self.diary.worldly = True
        self.tally["owners"] += 1

    @rule(whose=whose, seconds=jumps)
    def a_clock_jumps(self, whose: str, seconds: float) -> None:
        self._jump(whose, seconds)

    @rule(seconds=st.sampled_from([1, 90, 4_000]))
    def time_passes(self, seconds: float) -> None:
        self.clocks.passes(seconds)

    def _jump(self, whose: str, seconds: float) -> None:
        if whose == "machine":
            self.clocks.day += seconds
        else:
            store = getattr(self.running, whose)
            (store.advance_clock if whose == "webstore" else store.clock.advance)(seconds)
            self.ahead[whose] += seconds
        self.diary.worldly = True
        self.tally["jumps"] += 1

    def set_clocks_right(self) -> None:
        """At the end of a life, for the next one."""
        self.running.webstore.advance_clock(-self.ahead["webstore"])
        self.running.business_central.clock.advance(-self.ahead["business_central"])
