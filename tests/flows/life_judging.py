"""Judging a life: both systems and the store before and after whatever a run did, against the diary of what people did.

What is wrong is of one of three kinds, as its users fear them: something was lost, somebody is there twice, or the run did not
tell.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from hypothesis.stateful import RuleBasedStateMachine

from connector.desk import inbox, restored
from connector.errors import InputError, PremiseBroken, RemoteTrouble
from connector.run.request import RunReport
from connector.store import LeaseHeld, LeaseLost
from sandbox.server import Running
from tests.by_hand import by_hand, seen
from tests.flows.clocks import Clocks
from tests.flows.conftest import emptied
from tests.flows.diary import FIELDS, SIDES, Diary, Look, Place, Rules, changes, look_at, may_go, partners
from tests.flows.moments import Killed, bury
from tests.flows.shop import Remembered, Shop

__all__ = ["LOST", "TWICE", "UNTOLD", "Judged", "Wrong"]

# before a run: some fall into the same second as what was done before, and some do not
A_WHILE = 0.7
LOST, TWICE, UNTOLD = "lost", "twice", "untold"


class Wrong(AssertionError):
    """What must never happen did; `kind` says which of the three."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


def must(fine: object, kind: str, text: str) -> None:
    """Raise Wrong if something is not as it has to be."""
    if not fine:
        raise Wrong(kind, text)


def _drops(done: RunReport | None) -> set[str]:
    return {str(one) for one in done.summary.dropped_customers} if done is not None else set()


class Judged(RuleBasedStateMachine):
    """The two systems, the connector between them, the diary, and the judge.

    Args:
        folders: a new folder for every life.
        tally: what was lived so far; lives add to it.
    """

    def __init__(
        self, running: Running, folders: Iterator[Path], empty_store: Path, clocks: Clocks, tally: Counter[str]
    ) -> None:
        super().__init__()
        emptied(running)
        clocks.reset()
        self.running, self.clocks, self.tally = running, clocks, tally
        self.shop = Shop(running, next(folders), store=empty_store, max_attempts=2)
        self.diary = Diary()
        self.serial = itertools.count(1)
        self.runs: list[str] = []
        self._before: Look = {}
        self._known = self.shop.remembered()
        self._disturbed = False
        tally["lives"] += 1

    def everybody(self, side: str) -> list[Any]:
        """Ids of one side."""
        return sorted(getattr(self.running, side).customer_ids())

    def observe(self, act: Callable[[], RunReport], *, undo: bool = False, beside: bool = False) -> RunReport | None:
        """Let a run do its work, and judge it; None = it refused to, in words.

        Args:
            beside: another run stands still meanwhile.
        """
        self.tally["runs"] += 1
        self.begin()
        self._disturbed = beside
        done = None
        try:
            done = act()
            self.runs.append(done.run_id)
        except Killed:
            bury(self.shop.store_file)
        except RemoteTrouble as trouble:
            faults = (self.running.webstore_faults, self.running.business_central_faults)
            must(any(one.fired for one in faults), UNTOLD, f"there was no trouble: {trouble}")
        except PremiseBroken as refusal:
            must(self.diary.worldly, UNTOLD, f"nothing had happened: {refusal}")
            must(not self.shop.writes(), LOST, f"written before it was refused: {refusal}")
            self.tally["refusals"] += 1
        except InputError as unknown:  # whom a lagging copy does not have yet, a run of him alone cannot find
            must(self.diary.lagging, UNTOLD, f"nobody was named wrongly: {unknown}")
            must(not self.shop.writes(), LOST, f"written before it was refused: {unknown}")
        except (LeaseLost, LeaseHeld) as fenced:
            must(self._disturbed, UNTOLD, f"nobody else was at work: {fenced}")
        self.judge(undo=undo, whole=not self._disturbed or beside)
        return done

    def begin(self) -> None:
        """From here on everything that changes is a run's doing."""
        self.clocks.passes(A_WHILE)
        self._before, self._known = look_at(self.running), self.shop.remembered()
        self.diary.linked(self._before, self._pairs_of(self._known))
        self._rules_then = self._rules()
        self.shop.forget_requests()
        self.diary.during.clear()

    def judge(self, *, undo: bool = False, whole: bool = True) -> None:
        """What changed since `begin`; `whole`: a run from its beginning to its end."""
        diary, before, known = self.diary, self._before, self._known
        after, knows = look_at(self.running), self.shop.remembered()
        diary.linked(after, self._pairs_of(knows) - self._pairs_of(known), anew=True)
        pairs = diary.true_pairs(after, known.pairs | knows.pairs)
        changed = changes(before, after)
        self._nobody_twice(after)
        self._closed_gates()
        self._nothing_overwritten(before, after, pairs, undo)
        self._journal_knows(changed, knows)
        self._gone(before, after, knows, undo)
        diary.note(after)
        if undo:
            put_back = {
                (*((key, other) if side == "business_central" else (other, key)), name)
                for side, key, name in changed
                for _, other in partners((side, key), pairs)
            }
            diary.undone |= put_back
            diary.ever_undone |= put_back
        self._bases_moved_by_right(known, knows)
        true = diary.true_pairs(after, self._pairs_of(knows))
        diary.settle(after, dict(true), set(changed))
        made, changed_table = knows.version - known.version, known.table != knows.table
        # an account that is made anew in a shop that was restored may get the id that it had
        fine = made == changed_table or (diary.worldly and made == 1)
        must(not whole or fine, UNTOLD, f"{made} versions of the mapping table")

    def come_to_rest(self) -> None:
        """Nothing disturbs any more: runs until one writes nothing, then everything has to be right, or asked about."""
        for side in SIDES:
            self.calm(side)
        for _ in range(10):
            done = self.observe(self.shop.sync)
            if done is None:
                self._answer_the_breaker()
            elif not self.shop.writes():
                break
        else:
            raise Wrong(UNTOLD, "the two systems do not come to rest")
        self._dropped_once(done)
        look, knows, flags = look_at(self.running), self.shop.remembered(), self.shop.setup.synchronization
        must(knows.open_writes == [], LOST, "writes without an outcome")
        if str(flags.push_webstore_customers) != "None" and str(flags.pull_webstore_customers) == "All":
            self._both_agree(done, look, knows)
            self._nobody_forgotten(done, look, knows)

    def _dropped_once(self, done: RunReport | None) -> None:
        """Dropped is what the next run tries again: what is dropped twice with nothing changed waits for nobody, for good."""
        dropped = _drops(done)
        if dropped:
            again = dropped & _drops(self.observe(self.shop.sync))
            must(not again, UNTOLD, f"dropped by every run: {sorted(again)}")

    def calm(self, side: str) -> None:
        """All faults of a side end."""
        faults = getattr(self.running, f"{side}_faults")
        self.tally["stale reads"] += sum(one.kind == "stale" for one in faults.fired)
        faults.clear()
        self.diary.lagging.discard(side)

    def _answer_the_breaker(self) -> None:
        """A person says that the side which did not go back is right."""
        answered = False
        for side, other in (("webstore", "business-central"), ("business-central", "webstore")):
            if any(not row["decided"] for row in seen(restored.list_restored, self.shop.setup, side)):
                answered |= by_hand(restored.answer_restored, self.shop.setup, side, other) > 0
        must(answered, UNTOLD, "the run refuses to go on, and there is nothing to answer")

    def _nothing_overwritten(self, before: Look, after: Look, pairs: set[tuple[str, int]], undo: bool) -> None:
        diary, known = self.diary, self._known
        for place, value in diary.during.items():
            kept = place[:2] not in after or after[place[:2]][place[2]] == value
            must(kept, LOST, f"{place}: overwritten as it was typed")
        for place, (old, new) in changes(before, after).items():
            if place in diary.during:
                continue
            name = place[2]
            decided = known.decided.get(name, set())
            others = partners(place[:2], pairs)
            sources = {look[other][name] for look in (before, after) for other in others if other in look} | decided
            # an old copy shows what stood there a while ago
            sources |= {v for other in others if other[0] in diary.lagging for v in diary.stood[*other, name]}
            must(new in sources | (diary.stood[place] if undo else set()), LOST, f"{place}: {new!r} came from nowhere")
            if place not in diary.fresh:
                continue
            must(not undo, LOST, f"{place}: the undo overwrote {old!r}")
            allowed = decided or any(self._allowed(place, old, (*other, name)) for other in others)
            must(allowed, LOST, f"{place}: {old!r} was overwritten by {new!r} without a rule")

    def _allowed(self, place: Place, old: str, other: Place) -> bool:
        """Whether the rules of the setup let a fresh value go."""
        pair = (place[1], other[1]) if place[0] == "business_central" else (other[1], place[1])
        based = place[2] in self._known.bases.get(pair, ({},))[0]
        return may_go(self.diary, place, old, other, self._rules_then, based, pair[0] in self._known.ticked)

    def _both_agree(self, done: RunReport, look: Look, knows: Remembered) -> None:
        waiting = {(row["bc_id"], row["field"]) for row in seen(inbox.list_conflicts, self.shop.setup)}
        left_out = {q.bc_id for q in done.plan.quarantined} | {o.bc_id for o in done.plan.orphans}
        keep = str(self.shop.setup.synchronization.policies.blank) == "keep"
        for bc_id, webstore_id in knows.links.items():
            w, c = look.get(("webstore", webstore_id)), look.get(("business_central", bc_id))
            if w is None or c is None or webstore_id is None or bc_id in left_out or bc_id not in knows.ticked:
                continue
            for name in FIELDS:
                blank = keep and "" in {w[name], c[name]}
                excused = blank or (bc_id, name) in waiting or (bc_id, webstore_id, name) in self.diary.undone
                must(excused or w[name] == c[name], UNTOLD, f"{bc_id} {name}: {w[name]!r} and {c[name]!r}")

    def _nobody_forgotten(self, done: RunReport, look: Look, knows: Remembered) -> None:
        """Whom a run created it knows, or asks about."""
        asked: set[tuple[str, Any]] = {("webstore", key) for a in done.plan.ambiguous for key in a.webstore_ids}
        asked |= {("business_central", key) for a in done.plan.ambiguous for key in a.bc_ids}
        forgotten = set(look) - self.diary.people - knows.ever_linked - asked
        must(not forgotten, UNTOLD, f"created and forgotten: {sorted(map(str, forgotten))}")

    def _nobody_twice(self, look: Look) -> None:
        emails = Counter((side, values["email"].lower()) for (side, _), values in look.items())
        emails -= Counter({(side, ""): emails[side, ""] for side in SIDES})
        must(max(emails.values(), default=1) == 1, TWICE, f"{emails.most_common(1)}")

    def _closed_gates(self) -> None:
        if self._rules_then.push == "None":
            must(not self.running.webstore_log.writes(), LOST, "written though Push Webstore Customers is None")
        if self._rules_then.pull == "None":
            verbs = {o.verb for e in self.running.business_central_log.writes() for o in e.operations}
            must(verbs <= {"read"}, LOST, "written though Pull Webstore Customers is None")

    def _journal_knows(self, changed: dict[Place, tuple[str, str]], knows: Remembered) -> None:
        """Of everything that a run changed the journal has the value before and the value after."""
        written: set[tuple[Any, ...]] = set()
        for row in knows.journal:
            key = row["bc_id"] if row["system"] == "business_central" else int(row["webstore_id"] or 0)
            before, after = orjson.loads(row["before"]), orjson.loads(row["after"])
            written |= {(row["system"], key, name, before.get(name, ""), value) for name, value in after.items()}
        # before a lagging copy of a database nothing is known of what our own last write left but by the journal
        left = {(*place, after) for *place, _, after in written}
        for place, change in changed.items():
            known = place in self.diary.during or (*place, *change) in written
            known |= place[0] in self.diary.lagging and {(*place, value) for value in change} <= left
            must(known, UNTOLD, f"{place}: no before-image of {change}")

    def _gone(self, before: Look, after: Look, knows: Remembered, undo: bool) -> None:
        """Only an undo deletes, and only accounts that a run created and nobody has edited."""
        for side, key in before.keys() - after.keys():
            ours = undo and side == "webstore" and (side, key) not in self.diary.people
            edited = any((side, key, name) in self.diary.fresh for name in FIELDS)
            must(ours and not edited and key not in knows.links.values(), LOST, f"{side} {key} was deleted")

    def _bases_moved_by_right(self, known: Remembered, knows: Remembered) -> None:
        """A base is what both sides held alike; only an undo accepts a difference."""
        for (bc_id, webstore_id), (w, c) in knows.bases.items():
            old_w, old_c = known.bases.get((bc_id, webstore_id), ({}, {}))
            for name in FIELDS:
                if name not in w or (w[name], c[name]) == (old_w.get(name), old_c.get(name)):
                    continue
                what = f"base of {bc_id} {name}"
                alike = w[name] == c[name] or (bc_id, webstore_id, name) in self.diary.ever_undone
                must(alike, LOST, f"{what}: {w[name]!r} and {c[name]!r}")
                stood_w = self.diary.stood["webstore", webstore_id, name]
                stood_c = self.diary.stood["business_central", bc_id, name]
                must(w[name] in stood_w, LOST, f"{what}: {w[name]!r} never stood in the webstore")
                must(c[name] in stood_c, LOST, f"{what}: {c[name]!r} never stood in Business Central")

    def _rules(self) -> Rules:
        flags = self.shop.setup.synchronization
        p = flags.policies
        push, pull = str(flags.push_webstore_customers), str(flags.pull_webstore_customers)
        return Rules(push, pull, str(p.conflict), str(p.first_link), str(p.blank), str(p.drift))

    @staticmethod
    def _pairs_of(remembered: Remembered) -> set[tuple[str, int]]:
        return {(bc_id, key) for bc_id, key in remembered.links.items() if key is not None}
