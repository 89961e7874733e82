"""What is told to Prometheus, of what the store remembers: whichever process made a run, and however often one began anew.

Labels are codes of webstores and words of this project. Nothing that a customer typed or a server answered stands in them:
there are few, and all that can be read is counts and times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.core.customer import Direction, Side
from connector.errors import StoreError
from connector.run.summary import RunSummary
from connector.store import View
from connector.store.tallies import REQUEST_SECONDS, REQUESTS, RUN_SECONDS, RUNS, WRITES

__all__ = ["METRICS", "StoreMetrics", "ViewOf"]

# opens what is remembered of a webstore
ViewOf = Callable[[], AbstractContextManager[View]]
_SHOP = "webstore"

# name without customer_sync_ → what it is, and its labels; a counter's name goes on with _total
_COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "runs": (
        "Runs by how they ended; not-all-written: done, but writes were refused or failed.",
        (_SHOP, "mode", "outcome", "dry_run"),
    ),
    "run_seconds": ("How long runs took together, the wait for each other left out.", (_SHOP, "mode", "dry_run")),
    "writes": ("Writes by what became of them.", (_SHOP, "direction", "action", "outcome")),
    "requests": ("Requests of runs to a system, by its answer; none: no answer came.", (_SHOP, "system", "answer")),
    "request_seconds": ("How long the answers to these requests took together.", (_SHOP, "system")),
    "webhooks": ("Told changes and webhooks by what became of them.", (_SHOP, "result")),
}
_GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "build_info": ("The version that answers.", ("version",)),
    "store_readable": ("Whether the store could be read: 1, or 0 and nothing else is told of it.", (_SHOP,)),
    "last_run_timestamp_seconds": ("When a run ended so last; dry runs do not count.", (_SHOP, "mode", "outcome")),
    "waiting": ("What waits for a person, or for the next run.", (_SHOP, "what")),
    "runs_going_on": ("Runs that are at work, or wait for a person.", (_SHOP, "state")),
    "linked_customers": ("Linked pairs of the mapping table.", (_SHOP,)),
    "mapping_version": ("The newest version of the mapping table.", (_SHOP,)),
    "customers_read": ("Customers that the last full run has read.", (_SHOP, "system")),
    "last_full_run_customers": ("What became of them.", (_SHOP, "direction", "what")),
    "webhook_oldest_change_timestamp_seconds": ("Since when the oldest told change waits for a run.", (_SHOP,)),
}
METRICS = (*(f"customer_sync_{name}_total" for name in _COUNTERS), *(f"customer_sync_{name}" for name in _GAUGES))
_OF_TALLIES = {RUNS: "runs", RUN_SECONDS: "run_seconds", WRITES: "writes", REQUESTS: "requests",
               REQUEST_SECONDS: "request_seconds"}  # fmt: skip


# told as 0 until there is one: of a series that begins with 1 Prometheus cannot see that it grew
_EXPECTED: Mapping[str, Sequence[Sequence[str]]] = {
    "runs": [
        (mode, outcome, "false")
        for mode in ("all", "selected", "undo")
        for outcome in (
            "completed",
            "not-all-written",
            "stopped",
            "refused",
            "failed",
            "crashed",
            "cancelled",
            "interrupted",
        )
    ],
    "writes": [
        (direction, action, outcome)
        for direction in Direction
        for action in ("create", "update")
        for outcome in ("confirmed", "refused", "dropped", "held", "adopted", "not-happened")
    ],
    "requests": [(system, answer) for system in Side for answer in ("2xx", "4xx", "5xx", "429", "none")],
}


class StoreMetrics(Collector):
    """All metrics of some webstores. What cannot be read is told as such, and keeps nothing from the others.

    Args:
        webstores: code → opens a view of its store.

    Attributes:
        problems: code → why its store could not be read the last time.
    """

    def __init__(self, webstores: Mapping[str, ViewOf]) -> None:
        self._webstores = webstores
        self.problems: dict[str, StoreError] = {}

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        families = _Families()
        families.add("build_info", [_version()], 1)
        self.problems = {}
        for code, opened in self._webstores.items():
            try:
                with opened() as view:
                    found = list(_samples(code, view))
            except StoreError as error:
                self.problems[code] = error
                found = []
            for name, labels, value in found:
                families.add(name, labels, value)
            families.add("store_readable", [code], float(code not in self.problems))
        yield from families.all.values()


class _Families:
    """The metrics, to be filled."""

    def __init__(self) -> None:
        self.all: dict[str, CounterMetricFamily | GaugeMetricFamily] = {
            name: CounterMetricFamily(f"customer_sync_{name}", said, labels=labels)
            for name, (said, labels) in _COUNTERS.items()
        }
        for name, (said, labels) in _GAUGES.items():
            self.all[name] = GaugeMetricFamily(f"customer_sync_{name}", said, labels=labels)

    def add(self, name: str, labels: Sequence[str], value: float) -> None:
        """Add a value to one of them."""
        self.all[name].add_metric(labels, value)


def _samples(code: str, view: View) -> Iterator[tuple[str, Sequence[str], float]]:
    """Metric, labels and value of everything that one webstore has."""
    counted: dict[tuple[str, ...], float] = {
        (name, *labels): 0 for name, expected in _EXPECTED.items() for labels in expected
    }
    for tally in view.tallies.all():
        name = _OF_TALLIES[tally.what]
        _, (_, *labels) = _COUNTERS[name]
        counted[name, *(tally.labels[label] for label in labels)] = tally.total
        if tally.what == RUNS and tally.labels["dry_run"] == "false":
            ended = [code, tally.labels["mode"], tally.labels["outcome"]]
            yield "last_run_timestamp_seconds", ended, tally.last_at.timestamp()
    yield from ((name, [code, *labels], total) for (name, *labels), total in counted.items())
    for result, (count, _) in view.webhooks.counters().items():
        yield "webhooks", [code, result], count
    changes, last, going_on = view.webhooks.waiting(), view.runs.last_full(), view.runs.going_on()
    summary = RunSummary.from_stored(last["summary"]) if last else RunSummary()
    waiting = {
        "plans": going_on["waiting"],
        "conflicts": view.conflicts.count(),
        "suggestions": view.suggestions.unanswered(),
        "quarantined": view.quarantine.customers(),
        "holds": view.holds.count(),
        "orphans": summary.orphans,
        "ambiguous": summary.ambiguous,
        "webhook changes": changes.count if changes else 0,
    }
    yield from (("waiting", [code, what], count) for what, count in waiting.items())
    yield from (("runs_going_on", [code, state], count) for state, count in going_on.items())
    yield "linked_customers", [code], view.mapping.linked()
    yield "mapping_version", [code], view.mapping.version()
    if changes:
        yield "webhook_oldest_change_timestamp_seconds", [code], changes.first_at.timestamp()
    if last:
        yield from (("customers_read", [code, side], summary.extracted.of(side)) for side in Side)
        for direction in Direction:
            for what, count in summary.of(direction).counters.items():
                yield "last_full_run_customers", [code, direction, what], count


def _version() -> str:
    try:
        return version("customer-sync")
    except PackageNotFoundError:  # run from a folder of sources that nobody installed
        return "unknown"
