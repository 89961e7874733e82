"""A day in which webhooks tell of edits and scheduled runs read less: requests, how long an edit takes, what webhooks missed.

    python -m benchmarks.reading_less [--customers 2000] [--hours 24] [--edits 200] [--lost 0.02] [--wait 50]

Both systems are emulated in this process, and the day is played by its events, hundreds of times as fast as it is:
people edit at random moments, the webstore's hooks come seconds later, Business Central's after half a minute, some
never; so do those of what the pipeline itself writes. The receiver waits as set up, and the schedule begins a run
every quarter of an hour. While nothing happens all clocks jump (both systems', the store's, the receiver's); while a
run works they go on as the real one does.

Requests are all that the two systems were sent but for tokens, against a full read every quarter of an hour. What depends on the
number of customers are the pages of a full read alone, so the day is also told for 100,000 of them.

The limit: one read of everybody; every quarter of an hour a look for new accounts, one for what Business Central changed, and who
both sides are; and for each window one read and one write of each side in which somebody edited, or of the other one.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from benchmarks.measuring import Part
from connector.run import seen_lately
from connector.store import boot_seconds, open_store
from connector.store.columns import now
from sandbox.request_log import LogEntry
from sandbox.server import Running, start
from tests.flows.shop import Shop
from tests.flows.windows import Receiver

GOAL, GOAL_SECONDS = 0.05, 60.0
QUARTER = 900.0
TOLD_FOR = 100_000
_PAGE = 100
# a look for new accounts, a list of what was changed, and who both sides are
_LEAST_OF_A_SCHEDULED_RUN = 4
_KINDS = ("who they are", "lists", "new accounts", "changed since", "everybody", "by id", "before a write", "writes")
# seconds after an edit: WooCommerce delivers when its queue is worked off, Business Central after half a minute
_DELAYS = {"webstore": (1.0, 5.0), "business_central": (30.0, 35.0)}


class Time:
    """The time of the day that is played, on every clock."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._began, self._ahead = time.perf_counter(), 0.0

    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self._began + self._ahead

    def jump(self, to: float) -> None:
        """Let nothing happen until then."""
        seconds = max(to - self.seconds(), 0.0)
        self._ahead += seconds
        self._running.webstore.advance_clock(seconds)
        self._running.business_central.clock.advance(seconds)

    @contextmanager
    def on_all_clocks(self) -> Iterator[None]:
        """What this process takes for the time."""

        def moment() -> datetime:
            return now() + timedelta(seconds=self._ahead)

        with ExitStack() as patched:
            for name, module in list(sys.modules.items()):
                if name.startswith("connector.") and getattr(module, "now", None) is now:
                    patched.enter_context(mock.patch.object(module, "now", moment))
            later = mock.patch.object(seen_lately, "boot_seconds", lambda: boot_seconds() + self._ahead)
            patched.enter_context(later)
            yield


@dataclass
class Day:
    """The day of one shop.

    Attributes:
        lost: share of hooks that never come.
        edits: (side, place of the pair) → when the edit was made that has not arrived, and its value.
        seconds: how long those took that have.
        requests: by kind.
        windows: by the sides in which somebody had edited.
    """

    shop: Shop
    receiver: Receiver
    time: Time
    pairs: list[tuple[int, str]]
    lost: float
    chance: random.Random
    events: list[tuple[float, int, str, str]] = field(default_factory=list)
    edits: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    on_their_way: set[tuple[str, str]] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    windows: Counter[frozenset[str]] = field(default_factory=Counter)
    scheduled: int = 0
    _serial: int = 0

    def play(self, hours: float, per_hour: int) -> None:
        """From its beginning to its end."""
        for _ in range(round(hours * per_hour)):
            self._add(self.chance.uniform(0, hours * 3600), "edit", "")
        tick, due = QUARTER, float("inf")
        while min(self.events[0][0] if self.events else tick, due, tick) < hours * 3600:
            upcoming = min(self.events[0][0] if self.events else tick, due, tick)
            self.time.jump(upcoming)
            if upcoming == tick:
                tick, self.scheduled = tick + QUARTER, self.scheduled + 1
                self.shop.sync(scheduled=True)
                self._look()
            elif upcoming == due:
                self.windows[frozenset(key.partition(":")[0] for key in self.receiver.waiting())] += 1
                self.receiver.step()
                self._look()
            else:
                _, _, what, key = heapq.heappop(self.events)
                self._edit() if what == "edit" else self._deliver(what, key)
            due = self.time.seconds() + self.receiver.step() if self.receiver.waiting() else float("inf")

    def _add(self, moment: float, what: str, key: str) -> None:
        self._serial += 1
        heapq.heappush(self.events, (moment, self._serial, what, key))

    def _edit(self) -> None:
        self._serial += 1
        place, value = self.chance.randrange(len(self.pairs)), f"City {self._serial}"
        account, customer = self.pairs[place]
        side = self.chance.choice(list(_DELAYS))
        other = "business_central" if side == "webstore" else "webstore"
        if (other, place) in self.edits:  # both would be changed: a conflict waits for a person
            return
        if side == "webstore":
            self.shop.type_in_webstore(account, city=value)
        else:
            self.shop.type_in_company(customer, city=value)
        began, _ = self.edits.get((side, place), (self.time.seconds(), value))
        self.edits[side, place] = (began, value)
        self._will_tell(side, str(account) if side == "webstore" else customer)

    def _will_tell(self, side: str, key: str) -> None:
        """A hook is queued; one that is queued already tells of this change, too."""
        if (side, key) not in self.on_their_way and self.chance.random() >= self.lost:
            self.on_their_way.add((side, key))
            self._add(self.time.seconds() + self.chance.uniform(*_DELAYS[side]), side, key)

    def _deliver(self, side: str, key: str) -> None:
        self.on_their_way.discard((side, key))
        if side == "webstore":
            self.receiver.told_of_account(int(key))
        else:
            self.receiver.told_of_card(key)

    def _look(self) -> None:
        """What a run asked for, what it wrote, and which edits have arrived."""
        logs = {
            "webstore": self.shop.running.webstore_log.entries,
            "business_central": self.shop.running.business_central_log.entries,
        }
        for side, entries in logs.items():
            for entry in entries:
                if not entry.is_token_request:
                    self.requests[kind_of(entry)] += 1
                for verb, target in entry.operations if entry.is_write else ():
                    if verb == "update":
                        self._will_tell(side, target.partition("/")[2])
        self.shop.forget_requests()
        for (side, place), (moment, value) in list(self.edits.items()):
            account, customer = self.pairs[place]
            there = (
                self.shop.customer(customer)["city"]
                if side == "webstore"
                else self.shop.account(account)["billing"]["city"]
            )
            if there == value:
                del self.edits[side, place]
                self.seconds.append(self.time.seconds() - moment)

    def least(self, full: int) -> int:
        """Requests that such a day needs at least."""
        both = frozenset(("woo", "bc"))
        of_windows = sum(count * (4 if sides == both else 3) for sides, count in self.windows.items())
        return full + self.scheduled * _LEAST_OF_A_SCHEDULED_RUN + of_windows


def kind_of(entry: LogEntry) -> str:
    """What a request was for."""
    path, query = entry.path.rstrip("/"), entry.query
    found = {
        "writes": entry.is_write,
        "who they are": path.endswith(("/wp-json", "/companies")),
        "lists": not path.endswith(("/customers", "/$batch", ")")),
        "by id": "include=" in query and "_fields" in query,
        "before a write": "include=" in query,
        "changed since": "lastModifiedDateTime" in query.partition("filter=")[2],
        "new accounts": "order=desc" in query,
        "everybody": path.endswith("/customers"),
    }
    return next((kind for kind, is_it in found.items() if is_it), "by id")


def played(customers: int, hours: float, per_hour: int, lost: float, wait_seconds: float) -> Iterator[Part]:
    """One day, and the full read that ends it."""
    with tempfile.TemporaryDirectory() as name, start(empty=True, seed=1) as running:
        shop = Shop(running, Path(name))
        # of 100,000 customers a day's edits are no percentage that a breaker stops at
        breakers = shop.setup.breakers.model_copy(update={"updates_percent": None})
        shop.setup = shop.setup.model_copy(update={"breakers": breakers})
        for number in range(customers):
            shop.register(f"p{number}@day.example", f"Ann Lee{number}", city="Bergen")
        shop.settle()
        store = open_store(shop.setup.store.url)
        receiver = Receiver(shop, store, wait_seconds)
        pairs = [(account, customer) for customer, account in shop.links().items() if account is not None]
        day = Day(shop, receiver, Time(running), pairs, lost, random.Random(7))
        with day.time.on_all_clocks():
            shop.change(hours_between_full_reads=24)
            shop.forget_requests()
            shop.sync(scheduled=True)
            day._look()
            full, day.requests = day.requests.total(), Counter()
            day.play(hours, per_hour)
            in_between, waited = Counter(day.requests), sorted(day.seconds)
            day.time.jump(25 * 3600)
            found = shop.sync(scheduled=True).summary.reading
            day._look()
        if day.edits:
            raise AssertionError(f"{len(day.edits)} edits are lost")
        store.close()
    pages = -(-TOLD_FOR // _PAGE) - -(-customers // _PAGE)
    runs_a_day, share = 24 * 3600 / QUARTER, 24 / hours
    ours, theirs = in_between.total() * share + full + pages, runs_a_day * (full + pages)
    least = (day.least(0) * share + full + pages) / theirs
    missed = found.missed_by_webhooks if found else None
    if missed is None:
        raise AssertionError(f"what webhooks missed was not counted: {found}")
    what = f"{TOLD_FOR:,} customers, {per_hour} edits an hour, {lost:.0%} of hooks lost, a wait of {wait_seconds:g} s"
    by_kind = ", ".join(f"{kind} {round(in_between[kind] * share):,}" for kind in _KINDS if in_between[kind])
    yield Part(
        f"{what}: requests a day against full reads every 15 minutes ({day.windows.total()} windows and {day.scheduled} "
        f"scheduled runs in {hours:g} h; by kind a day, besides one read of everybody: {by_kind})",
        ours, theirs, ours / theirs, GOAL, unit="requests", limit=least,
        bound="one read and one write of each side for each window, and the looks of the scheduled runs",
    )  # fmt: skip
    told = (
        f"{len(waited)} edits arrived before the full read, webhooks missed {missed} accounts that the full read found"
    )
    if waited and lost < 1:
        # those of which no hook tells wait for the schedule, or for the full read
        hooked = waited[: round(len(waited) * (1 - lost))]
        yield Part(
            f"{what}: seconds of the slowest edit that a hook told of (median {statistics.median(waited):.0f} s, 19 in 20 "
            f"{waited[int(len(waited) * 0.95)]:.0f} s, without a hook up to {waited[-1]:.0f} s; {told})",
            hooked[-1], GOAL_SECONDS, hooked[-1] / GOAL_SECONDS, 1.0,
        )  # fmt: skip
    else:
        yield Part(f"{what}: edits lost ({told})", 0, 1, 0, 0, unit="edits")


def measure(
    customers: int = 2000, hours: float = 24, edits: int = 200, lost: float = 0.02, wait_seconds: float = 50
) -> list[Part]:
    """A day on which some hooks are lost, and one without any."""
    return [
        *played(customers, hours, edits, lost, wait_seconds),
        *played(customers, hours, edits, 1.0, wait_seconds),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--edits", type=int, default=200, help="an hour")
    parser.add_argument("--lost", type=float, default=0.02, help="share of hooks that never come")
    parser.add_argument("--wait", type=float, default=50, help="longest_wait_seconds")
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.hours, arguments.edits, arguments.lost, arguments.wait)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


if __name__ == "__main__":
    sys.exit(main())
