"""A day in which webhooks tell of edits and scheduled runs read less: requests, how long an edit takes, what webhooks missed.

    python -m benchmarks.reading_less [--customers 20000] [--hours 24] [--edits 200] [--lost 0.02]

Both systems are emulated in this process. The day is played by its events: people edit at random moments, hooks come seconds
later or never, the receiver waits as set up, and the schedule begins a run every quarter of an hour. While nothing happens the
clock of the day jumps; while a run works it goes on as the real one does. So a day of 24 hours takes about as long as its runs.

Requests are all that the two systems were sent but for tokens, against a full read every quarter of an hour. What depends on the
number of customers are the pages of a full read alone: at the end the day is also told for 100,000 of them.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from unittest import mock

from benchmarks.measuring import Part
from connector.extract import changed
from connector.setup import Webhooks
from connector.store import Waiting, open_store
from connector.store.columns import now
from connector.webhooks.debouncing import due_in
from connector.webhooks.dispatching import Dispatcher
from connector.webhooks.limits import Counters
from sandbox.server import start
from tests.flows.shop import Shop

GOAL, GOAL_SECONDS = 0.05, 60.0
QUARTER = 900.0
TOLD_FOR = 100_000
_PAGE = 100


@dataclass
class Day:
    """The day of one shop.

    Attributes:
        lost: share of hooks that never come.
        clock: seconds since it began.
        open_edits: (side, key) → when the edit was made, and its value.
        seconds: how long the edits took that have arrived.
    """

    shop: Shop
    pairs: list[tuple[int, str]]
    lost: float
    chance: random.Random
    wait_seconds: float
    clock: float = 0.0
    events: list[tuple[float, int, str, str]] = field(default_factory=list)
    first: float | None = None
    last: float = 0.0
    open_edits: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    runs: int = 0

    def edits(self, hours: float, per_hour: int) -> None:
        """Draw when people edit."""
        for serial in range(round(hours * per_hour)):
            heapq.heappush(self.events, (self.chance.uniform(0, hours * 3600), serial, "edit", ""))

    def play(self, hours: float, dispatcher: Dispatcher) -> None:
        """Until its end."""
        tick = QUARTER
        while True:
            due = self._hooks_due()
            upcoming = min(self.events[0][0] if self.events else float("inf"), due, tick)
            if upcoming > hours * 3600 and upcoming == tick:
                return
            self.clock = max(self.clock, upcoming)
            if upcoming == tick:
                tick += QUARTER
                self._works(lambda: self.shop.sync(scheduled=True))
            elif upcoming == due:
                self.first = None
                self._works(lambda: self._dispatch(dispatcher))
            else:
                self._happens(*heapq.heappop(self.events))

    def _hooks_due(self) -> float:
        if self.first is None:
            return float("inf")
        begin = now()
        waiting = Waiting(1, begin, begin + timedelta(seconds=self.last - self.first))
        return self.last + due_in(waiting, waiting.last_at, self.wait_seconds / 2, self.wait_seconds)

    def _happens(self, moment: float, serial: int, what: str, key: str) -> None:
        if what == "hook":
            with open_store(self.shop.setup.store.url).work("shop") as work:
                work.webhooks.note([key])
            self.first, self.last = moment if self.first is None else self.first, moment
            return
        place = self.chance.randrange(len(self.pairs))
        account, customer = self.pairs[place]
        side, value = self.chance.choice(("webstore", "business_central")), f"City {serial}"
        other = "business_central" if side == "webstore" else "webstore"
        if (other, place) in self.open_edits:  # both would be changed: a conflict waits for a person
            return
        if side == "webstore":
            self.shop.type_in_webstore(account, city=value)
        else:
            self.shop.type_in_company(customer, city=value)
        began, _ = self.open_edits.get((side, place), (moment, value))
        self.open_edits[side, place] = (began, value)
        if self.chance.random() >= self.lost:
            name = f"woo:{account}" if side == "webstore" else f"bc:{customer.lower()}"
            heapq.heappush(self.events, (moment + self.chance.uniform(1, 5), serial, "hook", name))

    def _dispatch(self, dispatcher: Dispatcher) -> None:
        time.sleep(0.06)  # the receiver's own waiting is set to almost nothing
        dispatcher.step()

    def _works(self, run: object) -> None:
        began = time.perf_counter()
        assert callable(run)
        run()
        self.runs += 1
        self.clock += time.perf_counter() - began
        self.look()

    def look(self) -> None:
        """Which edits have arrived."""
        for (side, place), (moment, value) in list(self.open_edits.items()):
            account, customer = self.pairs[place]
            there = (
                self.shop.customer(customer)["city"]
                if side == "webstore"
                else self.shop.account(account)["billing"]["city"]
            )
            if there == value:
                del self.open_edits[side, place]
                self.seconds.append(self.clock - moment)

    def requests(self) -> int:
        """Requests since the last time."""
        logs = (self.shop.running.webstore_log, self.shop.running.business_central_log)
        count = sum(not entry.is_token_request for log in logs for entry in log.entries)
        self.shop.forget_requests()
        return count


def played(customers: int, hours: float, per_hour: int, lost: float, wait_seconds: float) -> Iterator[Part]:
    """One day, and the full read that ends it."""
    with tempfile.TemporaryDirectory() as name, start(empty=True, seed=1) as running:
        shop = Shop(running, Path(name))
        hooks = Webhooks.model_validate(
            {"public_url": "http://127.0.0.1:1", "debounce_seconds": 0.05, "longest_wait_seconds": 0.05}
        )
        shop.setup = shop.setup.model_copy(update={"webhooks": hooks})
        for number in range(customers):
            shop.register(f"p{number}@day.example", f"Ann Lee{number}", city="Bergen")
        shop.settle()
        shop.forget_requests()
        day = Day(shop, _pairs(shop), lost, random.Random(7), wait_seconds)
        shop.sync(scheduled=True)
        full = day.requests()
        shop.change(hours_between_full_reads=24)
        shop.sync(scheduled=True)
        day.requests()
        day.edits(hours, per_hour)
        store = open_store(shop.setup.store.url)
        dispatcher = Dispatcher(shop.setup, store, lambda names: shop.sync(*(names or ()), scheduled=True), Counters())
        day.play(hours, dispatcher)
        in_between, arrived, waited = day.requests(), len(day.seconds), sorted(day.seconds)
        with mock.patch.object(changed, "now", lambda: now() + timedelta(hours=25)):
            summary = shop.sync(scheduled=True).summary
        last = day.requests()
        day.look()
        if day.open_edits:
            raise AssertionError(f"{len(day.open_edits)} edits are lost")
        store.close()
    pages = -(-TOLD_FOR // _PAGE) - -(-customers // _PAGE)
    runs_a_day, share = 24 * 3600 / QUARTER, 24 / hours
    ours, theirs = in_between * share + full + pages, runs_a_day * (full + pages)
    missed = summary.reading.missed_by_webhooks if summary.reading else None
    what = f"{TOLD_FOR:,} customers, {per_hour} edits an hour, {lost:.0%} of hooks lost"
    yield Part(
        f"{what}: requests a day against full reads every 15 minutes ({day.runs} runs in {hours:g} h, {last} requests end it)",
        ours, theirs, ours / theirs, GOAL, unit="requests",
    )  # fmt: skip
    told = f"{arrived} edits arrived before the full read, webhooks missed {missed} accounts"
    if waited and lost < 1:
        slow = waited[int(len(waited) * 0.95)]
        yield Part(
            f"{what}: seconds of 19 in 20 edits (median {statistics.median(waited):.0f} s; {told})",
            slow, GOAL_SECONDS, slow / GOAL_SECONDS, 1.0,
        )  # fmt: skip
    else:
        yield Part(f"{what}: edits lost ({told})", 0, 1, 0, 0, unit="edits")


def _pairs(shop: Shop) -> list[tuple[int, str]]:
    return [(account, customer) for customer, account in shop.links().items() if account is not None]


def measure(
    customers: int = 2000, hours: float = 24, edits: int = 200, lost: float = 0.02, wait_seconds: float = 50
) -> list[Part]:
    """A day on which some hooks are lost, and some hours without any."""
    return [
        *played(customers, hours, edits, lost, wait_seconds),
        *played(customers, min(hours, 24), edits, 1.0, wait_seconds),
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
