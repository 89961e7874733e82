"""A life of one webstore and one company: runs, in any order with what people and the world outside do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connector.errors import PremiseBroken, RemoteTrouble
from connector.run.request import RunReport
from connector.run.seen_lately import SeenLately
from tests.flows.diary import SIDES, look_at, partners
from tests.flows.life_outside import Outside, forms, jumps, whose
from tests.flows.life_people import fields, sides, who
from tests.flows.moments import BEGIN, COMMIT, REQUEST, Moments, elsewhere, watched

__all__ = ["Life"]

# a lease lasts 45 seconds; what was looked at is good for 20
LONGER_THAN_THE_LEASE, LONGER_THAN_A_LOOK = 60, 30


class Life(Outside):
    """One webstore, one company, and everybody who has to do with them."""

    def __init__(self, *life: Any) -> None:
        super().__init__(*life)
        self.lately = SeenLately()

    @initialize(accounts=st.integers(0, 2), customers=st.integers(0, 2), both=st.integers(0, 2))
    def it_begins(self, accounts: int, customers: int, both: int) -> None:
        self.there_is_a_past(accounts, customers, both)

    @rule(
        push=st.sampled_from(["Mapped Only", "Mapped Only", "None"]),
        pull=st.sampled_from(["All", "All", "Mapped Only", "None"]),
    )
    def flags_change(self, push: str, pull: str) -> None:
        self.the_flags_change(push, pull)

    @rule(hours=st.sampled_from((24, 24, 0)))
    def full_reads_become_rare(self, hours: int) -> None:
        self.shop.change(hours_between_full_reads=hours)

    @rule(scheduled=st.booleans(), partitions=st.sampled_from((0, 0, 3)))
    def a_run(self, scheduled: bool, partitions: int) -> None:
        # one process carries them out, as a receiver of webhooks does, and remembers what it has seen
        self._observed(lambda: self.shop.sync(scheduled=scheduled, partitions=partitions, lately=self.lately))

    @rule(number=st.integers(min_value=1, max_value=12), partitions=st.sampled_from((0, 2)))
    def a_run_that_is_killed(self, number: int, partitions: int) -> None:
        """With partitions the next run that has them goes on with what it had read."""
        with watched() as moments:
            moments.kill_before(number)
            self._observed(lambda: self.shop.sync(partitions=partitions))

    @rule(number=st.integers(min_value=1, max_value=6), side=sides, person=who, field=fields)
    def a_run_while_somebody_types(self, number: int, side: str, person: int, field: str) -> None:
        side, person, field = self._about_to_be_written(person) or (side, person, field)

        def arm(moments: Moments) -> None:
            # between the last look at an account and the request nothing can be noticed: WooCommerce has no tags
            kind = COMMIT if side == "webstore" else None
            moments.before(number, lambda: self._type(side, person, field, self._value(field)), kind)

        with watched() as moments:
            self._observed(lambda: self.shop.sync(when_planned=lambda: arm(moments)))

    @rule(number=st.integers(min_value=1, max_value=12), whose=whose, seconds=jumps)
    def a_run_while_a_clock_jumps(self, number: int, whose: str, seconds: float) -> None:
        with watched() as moments:
            moments.before(number, lambda: self._jump(whose, seconds))
            self._observed(self.shop.sync)

    @rule(
        number=st.integers(min_value=1, max_value=4), kind=st.sampled_from([BEGIN, REQUEST]), longer=st.booleans(),
        taken_over=st.booleans(), partitions=st.sampled_from((0, 0, 2)), undone=st.sampled_from((0, 0, 1)),
        side=sides, person=who, field=fields,
    )  # fmt: skip
    def a_run_that_stands_still(
        self, number: int, kind: str, longer: bool, taken_over: bool, partitions: int, undone: int, side: str, person: int,
        field: str,
    ) -> None:  # fmt: skip
        """Right before a writing request or transaction, while others work; then it goes on as if nothing had happened."""
        self.a_mapped_customer_is_edited(person, field, both=False, side=side)  # so that there is something to write
        side, person, field = self._about_to_be_written(person) or (side, person, field)
        stood: list[BaseException | None] = []
        undo = bool(undone and self.runs)

        def meanwhile() -> None:
            self.judge(undo=undo, whole=False)
            if taken_over:
                self.observe(self.shop.sync, beside=True)
            self.begin()
            self._disturbed = True
            self._type(side, person, field, self._value(field))

        def stand_still() -> None:
            self.tally["standstills"] += 1
            seconds = LONGER_THAN_THE_LEASE if longer else LONGER_THAN_A_LOOK
            self.clocks.boot.forward(seconds)
            self.clocks.passes(seconds)
            self._disturbed = True
            try:
                elsewhere(meanwhile)
            except BaseException as wrong:
                stood.append(wrong)  # whatever becomes of it in the run that stood still
                raise

        with watched() as moments:
            plan = {"when_planned": lambda: moments.before(number, stand_still, kind)}
            run: Callable[[], RunReport] = lambda: self.shop.sync(partitions=partitions, **plan)  # noqa: E731
            if undo:
                run = lambda: self.shop.undo(self.runs[-1], **plan)  # noqa: E731
            try:
                self._observed(run, undo=undo)
            finally:
                for wrong in stood:
                    raise wrong  # type: ignore[misc]

    @rule(side=sides, which=st.integers(0, 1), person=who, field=fields, edited=st.sampled_from([None, *SIDES]))
    def a_run_after_a_restore(self, side: str, which: int, person: int, field: str, edited: str | None) -> None:
        """The most dangerous one: whether anybody edits before it or not."""
        self.a_side_is_restored(side, which)
        if edited:
            self.a_mapped_customer_is_edited(person, field, both=False, side=edited)
        self._observed(self.shop.sync)

    @rule(side=sides, by=forms, person=who, field=fields)
    def runs_that_old_copies_are_answered(self, side: str, by: str, person: int, field: str) -> None:
        """The first fills the cache, the second writes past it, the third reads what was before."""
        self.old_copies_are_answered(side, by)
        self._observed(self.shop.sync)
        self.a_mapped_customer_is_edited(person, field, both=False, side=next(one for one in SIDES if one != side))
        self._observed(self.shop.sync)
        self._observed(self.shop.sync)

    @rule(side=sides, person=who)
    def a_run_of_one_customer(self, side: str, person: int) -> None:
        ids = self.everybody(side)
        if ids:
            key = ids[person % len(ids)]
            self.observe(lambda: self.shop.sync(f"woo:{key}" if side == "webstore" else str(key)))

    @rule(twice=st.sampled_from((False, False, True)))
    def a_dry_run(self, twice: bool) -> None:
        before = look_at(self.running)
        self.shop.forget_requests()
        with suppress(RemoteTrouble, PremiseBroken):
            first = self.shop.sync(dry_run=True)
            self._seen()
            if twice and not self.diary.lagging:
                assert first.plan == self.shop.sync(dry_run=True, partitions=2).plan
        assert self.shop.writes() == []
        assert look_at(self.running) == before

    @rule(which=st.integers(min_value=1, max_value=4), delete=st.booleans())
    def a_run_is_undone(self, which: int, delete: bool) -> None:
        if self.runs:
            run_id = self.runs[-min(which, len(self.runs))]
            self.observe(lambda: self.shop.undo(run_id, delete_accounts=delete), undo=True)

    @rule()
    def everything_comes_to_rest(self) -> None:
        self.come_to_rest()
        self._seen()

    def teardown(self) -> None:
        """At the end of every life the flags come back, and what was withheld with them."""
        try:
            for side in SIDES:
                self.calm(side)
            self.shop.change(push_webstore_customers="Mapped Only", pull_webstore_customers="All")
            self.come_to_rest()
        finally:
            self.set_clocks_right()

    def _observed(self, run: Callable[[], RunReport], *, undo: bool = False) -> None:
        done = self.observe(run, undo=undo)
        if done is not None and done.summary.mode == "all":
            self._seen()

    def _seen(self) -> None:
        """A run has looked at both sides, unless old copies were answered."""
        for side in set(SIDES) - self.diary.lagging:
            self.restored[side].clear()

    def _about_to_be_written(self, number: int) -> tuple[str, int, str] | None:
        """Where an edit of the other side is about to go: a person who types there now is in danger."""
        pairs = self.shop.remembered().pairs
        found: list[tuple[str, int, Any]] = [
            (other, self.everybody(other).index(key), name)
            for side, owner, name in sorted(self.diary.fresh, key=str)
            for other, key in sorted(partners((side, owner), pairs))
            if key in self.everybody(other)
        ]
        return found[number % len(found)] if found else None
