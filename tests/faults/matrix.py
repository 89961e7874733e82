"""The fault matrix: every fault, struck at every kind of work, on either side, once and over and over.

`python -m tests.faults.matrix --write` is what `make fault-matrix` runs: it writes docs/reliability.md; its last line counts.

A case is a small webstore and a small company that are synchronised, then work of one kind, then a run with the fault, then
runs without it until one writes nothing. It converges when both sides agree then on everything that the rules let them, with
nobody twice, no write forgotten and no edit lost (world.py judges).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.errors import CustomerSyncError
from connector.setup import load_setup
from connector.store import open_store
from sandbox.command import announcement, setup_text
from sandbox.server import COMPANY, Running, start
from tests.faults.going_back import OTHER, play_restored, play_stale
from tests.faults.world import FIELDS, World
from tests.flows import runs
from tests.flows.conftest import emptied
from tests.flows.shop import small_rules

SIDES = ("webstore", "business_central")
OPERATIONS = ("extract", "create", "update", "batch", "link")
PAGE = 20
# later pages are needed: WooCommerce gives 100 customers at most, Business Central is asked for 20
MANY = {"webstore": 130, "business_central": 50}
REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"
FOREVER = 10_000
# all cases run in the five minutes in which Business Central allows 6,000 requests
SETTINGS = {"maximum_page": PAGE, "requests_per_window": 1_000_000}
# what a person types right before a write
FASTER = {"webstore": {"billing": {"address_2": "Typed first"}}, "business_central": {"addressLine2": "Typed first"}}


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        kind: of sandbox/faults.py, with its options; "" = only the side's clock is set ahead; "restored" = of going_back.py.
        operations: of the work that it can spoil.
        sides: that can play it.
        often: whether it is also played at every request of the run; the others strike once and for good.
    """

    name: str
    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = OPERATIONS
    sides: tuple[str, ...] = SIDES
    often: bool = True
    timeout: float = 30
    clock_ahead: float = 0


WRITING = ("create", "update", "batch", "link")
FAULTS = (
    Fault("429 with Retry-After", "429", {"retry_after": 1}),
    Fault("429 without Retry-After", "429"),
    Fault("503", "503"),
    Fault("maintenance mode (503, Retry-After 600)", "503", {"retry_after": 600}),
    Fault("500, nothing done", "500"),
    Fault("500 after the work", "500", {"handled": True}),
    Fault("504 after the work", "504-after-write"),
    Fault("connection dropped before", "drop-before"),
    Fault("connection dropped after the work", "drop-after-write"),
    Fault("torn JSON", "torn-json"),
    Fault("HTML error page", "html", {"status": 502}),
    Fault("HTML log-in page with status 200", "html", {"status": 200}),
    Fault("XML error", "xml"),
    Fault("slow answer", "slow", {"seconds": 0.3}, often=False),
    Fault("answer after the client's patience", "slow", {"seconds": 0.8}, timeout=0.4, often=False),
    Fault("expired token", "expired-token", sides=("business_central",)),
    Fault("somebody edits first (stale tag)", "stale-tag", operations=("update", "batch", "link"), often=False),
    Fault("row deleted while paging", "row-deleted-while-paging", operations=("extract",), often=False),
    Fault("row inserted while paging", "row-inserted-while-paging", operations=("extract",), often=False),
    Fault("key turned read-only", "read-only-key", operations=WRITING),
    Fault("company renamed", "company-renamed", {"name": "Other"}, sides=("business_central",), often=False),
    Fault(
        "number series exhausted", "series-exhausted", operations=("create",), sides=("business_central",), often=False
    ),
    Fault("clock two hours ahead", clock_ahead=7_200, often=False),
    Fault("clock two hours behind", clock_ahead=-7_200, often=False),
    Fault("stale list: cache by whole address", "stale", {"by": "cache"}, often=False),
    Fault("stale list: cache that drops parameters", "stale", {"by": "cache-path"}, often=False),
    Fault("stale list: lagging database", "stale", {"by": "replica"}, often=False),
    Fault("restored from a backup", "restored", often=False),
)


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    fault: Fault
    operation: str
    side: str
    always: bool

    @property
    def title(self) -> str:
        """The case in words."""
        often = "at every request" if self.always else "once"
        return f"{self.fault.name} {often}, {self.operation}, {self.side}"


@dataclass(frozen=True)
class Verdict:
    """What became of a case.

    Attributes:
        struck: how often the fault struck.
        told: how the run with the fault ended: "done", or the exit code with what it said.
        runs: how many runs more it took until nothing was left to write, the last one not counted.
        problems: of world.py, "rest" when the systems did not come to rest, "silent" when a run did not say what it met.
        asked: a person had to answer before both sides agreed.
    """

    case: Case
    struck: int
    told: str
    runs: int
    problems: dict[str, list[str]]
    asked: bool = False

    @property
    def converged(self) -> bool:
        """Whether all is well."""
        return self.struck > 0 and not any(self.problems.values())

    @property
    def cell(self) -> str:
        """The case in the table."""
        if not self.converged:
            return "**FAILED**"
        if self.asked:
            return "stopped, asked" if self.told.startswith("exit 3") else "asked"
        if self.case.fault.kind == "stale" and self.told.startswith("exit 3"):
            return "stopped"
        return {0: "same run", 1: "next run"}.get(self.runs, f"{self.runs} runs later")


def all_cases() -> list[Case]:
    """The whole matrix."""
    return [
        Case(fault, operation, side, always)
        for fault in FAULTS
        for operation in fault.operations
        for side in fault.sides
        for always in ((False, True) if fault.often else (False,))
    ]


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        told: as in Verdict.
        warnings: of the run; reasons: of the conflicts in its plan; orphans: how many were reported.
    """

    told: str
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    orphans: int = 0


@dataclass(frozen=True)
class Site:
    """Where cases are played: one sandbox, one setup, and an empty store to copy."""

    running: Running
    folder: Path
    empty: Path

    def play(self, case: Case) -> Verdict:
        """Play a case."""
        running, setup = self.running, self._begin(case)
        world = World(running, setup, random.Random(case.title))
        self._work(case, world)
        if case.fault.kind in {"stale", "restored"}:
            return self._play_the_past(case, world)
        faults = getattr(running, f"{case.side}_faults")
        self.pass_time(case.side, case.fault.clock_ahead)
        rule = None
        if case.fault.kind:
            narrow = {"method": "GET", "path": "customers$"} if case.operation == "extract" else {"writes_only": True}
            options = {"changes": FASTER[case.side]} if case.fault.kind == "stale-tag" else case.fault.options
            rule = faults.add(case.fault.kind, count=FOREVER if case.always else 1, **narrow, **options)
        told = self.run(setup).told
        struck = rule.struck if rule else 1
        self._note(case, world, faults)
        faults.clear()
        if case.fault.kind == "company-renamed":
            running.business_central.rename_company(COMPANY)
        running.business_central.numbers.mend()
        runs, problems = self._calm_down(setup, world)
        self.pass_time(case.side, -case.fault.clock_ahead)
        return Verdict(case, struck, told, runs, problems)

    def _play_the_past(self, case: Case, world: World) -> Verdict:
        play = play_stale if case.fault.kind == "stale" else play_restored
        struck, ended, silent = play(self, case, world)
        getattr(self.running, f"{case.side}_faults").clear()
        runs, problems = self._calm_down(world.setup, world)
        asked = case.fault.kind == "restored" and case.operation != "create"
        return Verdict(case, struck, ended.told, runs, {**problems, "silent": silent}, asked)

    def pass_time(self, side: str, ahead: float) -> None:
        """Set the clock of a side ahead, or back."""
        running = self.running
        (running.webstore.advance_clock if side == "webstore" else running.business_central.clock.advance)(ahead)

    def _begin(self, case: Case) -> Path:
        """Empty systems and an empty store."""
        emptied(self.running)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copy(self.empty, folder / "store.sqlite")
        text = setup_text(self.running, webstore_code="matrix", directory=folder)
        text = text.replace("max_attempts = 3", "max_attempts = 0\nsettle_seconds = 0")
        text = text.replace("enabled = true", f'enabled = true\nmappings = "{small_rules(folder)}"')
        winner = "business-central" if case.side == "webstore" else "webstore"
        text = text.replace('first_link = "business-central"', f'first_link = "{winner}"')
        for name in ("url", "base_url"):
            text = text.replace(f"\n{name} =", f"\ntimeout_seconds = {case.fault.timeout}\n{name} =", 1)
        setup = folder / "setup.toml"
        text += "\n[breakers]\nupdates_percent = 100\n"
        setup.write_text(text, encoding="utf-8")
        return setup

    def _work(self, case: Case, world: World) -> None:
        """Some customers are synchronised; then there is something to do of the case's kind, on the case's side."""
        many = MANY[case.side] if case.fault.kind.startswith("row-") else 0
        world.fill(accounts=3 + many, customers=3, both=2)
        if case.operation == "batch":
            world.fill(accounts=12, customers=12, both=0)
        told = self.run(world.setup).told
        assert told == "done", told
        source = OTHER[case.side]
        if case.fault.kind == "restored":
            self.pass_time(case.side, 60)  # stamps of the webstore are whole seconds
            if case.operation == "extract":
                return
        if case.operation == "create":
            for _ in range(4):
                world.new_ticked_customer() if case.side == "webstore" else world.new_account()
        elif case.operation == "link":
            for _ in range(3):
                world.new_pair(differing=True)
        else:
            # what somebody types first into the very field that is being written is the limit that the page names
            names = tuple(sorted(FIELDS.keys() - {"address_2"})) if case.fault.kind == "stale-tag" else ()
            for _ in range(25 if case.operation == "batch" else 1):
                world.edit(source, names)
        self.running.webstore_log.clear()
        self.running.business_central_log.clear()

    def _note(self, case: Case, world: World, faults: Any) -> None:
        """People who left while their list was read are not looked for, and whoever typed is known to have typed."""
        for fired in faults.fired:
            if fired.kind == "row-deleted-while-paging":
                world.forget(case.side, fired.touched)
            elif fired.kind == "stale-tag":
                world.know_edit(case.side, fired.touched, "address_2", "Typed first")

    def run(self, setup: Path, *, dry_run: bool = False) -> Ended:
        """A run over all customers."""
        try:
            done = runs.synchronize(load_setup(setup), dry_run=dry_run, page_size=PAGE)
        except CustomerSyncError as error:
            return Ended(f"exit {error.exit_code}: {error}")
        errors = done.summary["errors"]
        told = "done" if not errors else f"exit {1 if not done.summary['stopped'] else 3}: {errors[0]['message']}"
        reasons = tuple(standing.reason for standing in done.plan.conflicts)
        return Ended(told, tuple(done.summary["warnings"]), reasons, done.summary["orphans"])

    def _calm_down(self, setup: Path, world: World) -> tuple[int, dict[str, list[str]]]:
        logs = (self.running.webstore_log, self.running.business_central_log)
        for number in range(6):
            for log in logs:
                log.clear()
            told = self.run(setup).told
            if told != "done":
                return number, {"rest": [told]}
            if not any(log.writes() for log in logs):
                return number, world.problems()
        return 6, {"rest": ["the two systems do not come to rest"]}


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A sandbox, and its secrets in the environment."""
    empty = folder / "empty.sqlite"
    open_store(f"sqlite:///{empty}").close()
    with start(empty=True, seed=5, business_central_settings=SETTINGS) as running:
        secrets = announcement(running, folder / "setup.toml")["env"]
        os.environ.update(secrets)
        try:
            yield Site(running, folder, empty)
        finally:
            for name in secrets:
                del os.environ[name]


def line_of(verdicts: list[Verdict]) -> str:
    """The line that people and programs look for."""
    converged = sum(v.converged for v in verdicts)
    duplicates = sum(len(v.problems.get("duplicates", [])) for v in verdicts)
    losses = sum(len(v.problems.get(kind, [])) for v in verdicts for kind in ("lost", "forgotten"))
    return f"{len(verdicts)} cases: {converged} converged, {duplicates} duplicates, {losses} losses"


def page_of(verdicts: list[Verdict]) -> str:
    """docs/reliability.md."""
    text = [HEAD]
    for always, title in ((False, "Struck once"), (True, "Struck at every request of the run")):
        rows = [v for v in verdicts if v.case.always is always]
        text += [
            f"\n## {title}\n",
            f"| fault | side | {' | '.join(OPERATIONS)} |",
            "|---" * (2 + len(OPERATIONS)) + "|",
        ]
        for fault in FAULTS:
            for side in fault.sides:
                cells = {v.case.operation: v.cell for v in rows if v.case.fault is fault and v.case.side == side}
                if cells:
                    shown = " | ".join(cells.get(operation, "–") for operation in OPERATIONS)
                    text.append(f"| {fault.name} | {side.replace('_', ' ')} | {shown} |")
    return "\n".join([*text, "", line_of(verdicts), ""])


HEAD = """# Reliability

Written by `make fault-matrix`; the cases are those of `tests/faults/matrix.py`.

Each case: a small webstore and a small company that are synchronised; then work of one kind (*extract*: one edit on the other
side, the fault strikes while this side is read; *create*: four new customers; *update*: one edit; *batch*: 25 edits; *link*:
three customers who are on both sides with differing data), with the fault on the side that is read or written; then runs
without the fault, until one writes nothing. What is checked then: both sides agree, no customer twice, no write without an
outcome, no created customer unknown, no edit of a person lost.

A *stale list* is a state of a whole side: it remembers how it was, a run does the work, and another run reads the side as it was
before. *Restored from a backup*: a run does the work, and then the side is as it was before it (*extract*: an edit of that side,
which the backup does not have); a run tells it and writes nothing that would take anything back, a person answers that the other
side is right. What a restore took away on its own side, such as customers created since, is reported as gone.

*same run*: the run with the fault did all its work. *next run*: the run with the fault left something, said so with an exit
code and a message, and the next one did it. *asked*: it left the fields alone and asked a person; after the answer both sides
agree. *stopped*: so many records were older than before (`[breakers] went_back`, 2) that it stopped before its first write; when
the lists show the present again, nothing is left to do.

One thing cannot be noticed by anybody: WooCommerce has neither tags nor conditional writes, so that what a person types in the
milliseconds between the re-check and the write, into the very field that is written, is overwritten. The journal has the value
before and the value after; Business Central refuses such a write by its tag.

Another needs a copy of a database that lags and answers *all* reads. What was typed in the shop since the copy was made is
overwritten in the same way; and a company denies whom it has just got: where `orphan = "unlink"` is set, or a run is killed as it
creates, the customer may be created a second time, since Business Central has no unique field.

Runs are killed in the crash test (`make crash-test`); here they live. What comes together in any order (people, kills, restored
sides, old copies, ids that change owners, runs that stand still, clocks that jump) is lived at random: `make lives` lives 2,000
lives of a small shop, judges each run by what people did, and counts what was lost, who is there twice, what was not told."""


def say(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """The whole matrix."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    parser.add_argument("--only", default="", help="cases whose title holds this text")
    arguments = parser.parse_args()
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="fault-matrix-") as name, site(Path(name)) as here:
        for case in (case for case in all_cases() if arguments.only in case.title):
            began = time.monotonic()
            verdict = here.play(case)
            verdicts.append(verdict)
            say(f"{verdict.cell:<12} {time.monotonic() - began:5.1f} s  {case.title}: {verdict.told}")
            for kind, problems in verdict.problems.items():
                for problem in problems:
                    say(f"  {kind}: {problem}")
            if not verdict.struck:
                say("  the fault did not strike")
    if arguments.write:
        REPORT.write_text(page_of(verdicts), encoding="utf-8")
    say(line_of(verdicts))
    return 0 if all(verdict.converged for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
