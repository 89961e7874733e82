"""Where the cases of the fault matrix are played: a sandbox, a setup, the work, the run with the fault and those without it."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.clients.woocommerce import batches
from connector.errors import CustomerSyncError
from connector.run.summary import RunSummary
from connector.setup import load_setup
from connector.store import open_store
from sandbox.command import announcement, setup_text
from sandbox.server import COMPANY, Running, start
from tests.faults.going_back import OTHER, play_restored, play_stale
from tests.faults.matrix_cases import LISTS, Case
from tests.faults.matrix_page import CaseResult
from tests.faults.telling import heard, on_the_terminal, places_that_obey
from tests.faults.world import FIELDS, World
from tests.flows import runs
from tests.flows.conftest import emptied
from tests.flows.shop import small_rules

__all__ = ["Ended", "Site", "site"]

PAGE = 20
# later pages are needed: WooCommerce gives 100 customers at most, Business Central is asked for 20
MANY = {"webstore": 130, "business_central": 50}
FOREVER = 10_000
# all cases run in the five minutes in which Business Central allows 6,000 requests
SETTINGS = {"maximum_page": PAGE, "requests_per_window": 1_000_000}
# what no list that is read may end with
UNBOUNDED = ("endless-pages", "slow-drip", "oversized")
# what a person types right before a write
FASTER = {"webstore": {"billing": {"address_2": "Typed first"}}, "business_central": {"addressLine2": "Typed first"}}


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        told: as in CaseResult.
        warnings: of the run; reasons: of the conflicts in its plan; orphans: how many were reported.
        shown: what the terminal showed of it; logged: what stood in the log.
        summary: of the run; None when an error ended it.
    """

    told: str
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    orphans: int = 0
    shown: str = ""
    logged: str = ""
    summary: RunSummary | None = None


@dataclass(frozen=True)
class Site:
    """Where cases are played: one sandbox, one setup, and an empty store to copy."""

    running: Running
    folder: Path
    empty: Path

    def play(self, case: Case) -> CaseResult:
        """Play a case."""
        if case.fault.kind != "slow-drip":
            return self._play(case)
        # a shop is given a minute for creates, whatever the setup says; nobody waits for it here
        usual, batches.CREATE_SECONDS = batches.CREATE_SECONDS, 0
        try:
            return self._play(case)
        finally:
            batches.CREATE_SECONDS = usual

    def _play(self, case: Case) -> CaseResult:
        running, setup = self.running, self._begin(case)
        world = World(running, setup, random.Random(case.title))
        self._work(case, world)
        if case.fault.kind in {"stale", "restored"}:
            return self._play_the_past(case, world)
        faults = getattr(running, f"{case.side}_faults")
        self.pass_time(case.side, case.fault.clock_ahead)
        rule = None
        if case.fault.kind:
            narrow = LISTS if case.operation == "extract" else {"writes_only": True}
            options = {"changes": FASTER[case.side]} if case.fault.kind == "stale-tag" else case.fault.options
            count = FOREVER if case.always else 1
            rule = faults.add(case.fault.kind, count=count, **(case.fault.only or narrow), **options)
        ended = self.run(setup)
        struck = rule.struck if rule else 1
        self._note(case, world, faults)
        faults.clear()
        if case.fault.kind == "company-renamed":
            running.business_central.rename_company(COMPANY)
        running.business_central.numbers.mend()
        badly_told = self._badly_told(case, setup, ended)
        runs, problems = self._calm_down(setup, world)
        self.pass_time(case.side, -case.fault.clock_ahead)
        return CaseResult(case, struck, ended.told, runs, {**problems, **badly_told})

    def _badly_told(self, case: Case, setup: Path, ended: Ended) -> dict[str, list[str]]:
        """What people were told in a way that deceives them, or more than once."""
        if case.fault.kind == "escapes-in-message":
            texts = {"terminal": ended.shown, "log": ended.logged}
            silent = [] if ended.told == "done" or "such" in ended.told else ["what the server said was not told"]
            return {"obeyed": places_that_obey(load_setup(setup), texts, ended.summary), "silent": silent}
        if case.fault.kind == "series-exhausted":
            told = [] if ended.summary is None else [error.customers for error in ended.summary.errors]
            return {"silent": [] if told == [4] else [f"of 4 customers it was told for {told}"]}
        if case.fault.kind in UNBOUNDED and case.operation == "extract" and case.always and ended.told == "done":
            return {"silent": ["the run took what has no end for an answer"]}
        return {}

    def _play_the_past(self, case: Case, world: World) -> CaseResult:
        play = play_stale if case.fault.kind == "stale" else play_restored
        struck, ended, silent = play(self, case, world)
        getattr(self.running, f"{case.side}_faults").clear()
        runs, problems = self._calm_down(world.setup, world)
        asked = case.fault.kind == "restored" and case.operation != "create"
        return CaseResult(case, struck, ended.told, runs, {**problems, "silent": silent}, asked)

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
        text = text.replace("max_attempts = 3", f"max_attempts = 0\nsettle_seconds = {case.fault.settle:g}")
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
        with heard() as lines:
            try:
                done = runs.synchronize(load_setup(setup), dry_run=dry_run, page_size=PAGE)
            except CustomerSyncError as error:
                told = f"exit {error.exit_code}: {error}"
                return Ended(told, shown=on_the_terminal(error), logged="\n".join(lines))
        summary = done.summary
        errors = summary.errors
        told = "done" if not errors else f"exit {1 if not summary.stopped else 3}: {errors[0].message}"
        reasons = tuple(standing.reason for standing in done.plan.conflicts)
        return Ended(
            told,
            summary.warnings,
            reasons,
            summary.orphans,
            on_the_terminal(summary),
            "\n".join(lines),
            summary,
        )

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
