"""A plan that needs an approval, in a run of this process: asked, answered, refused, and not answered at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from connector.pipeline import carry_out
from connector.report import run_tables
from connector.run.request import Answer, RunReport, RunRequest, Skipped
from connector.run.setup_source import opened_store
from connector.runtime import Runtime
from connector.setup import ApprovalRequired
from tests.flows.shop import Shop


@pytest.fixture
def asking(shop: Shop) -> Shop:
    """Somebody registers, and every plan needs an approval."""
    approval = shop.setup.approval.model_copy(update={"required": ApprovalRequired.ALWAYS})
    shop.setup = shop.setup.model_copy(update={"approval": approval})
    shop.register("kari@nord.example", "Kari Nordmann", city="Bergen")
    shop.register("per@nord.example", "Per Hansen", city="Oslo")
    return shop


def run(shop: Shop, answer: Any) -> RunReport | Skipped:
    """A run whose question is answered by a function."""
    runtime = Runtime(actor="the office", ask=lambda setup, plan: answer(plan))
    try:
        return carry_out(RunRequest(shop.setup), runtime)
    finally:
        runtime.close()


def status(shop: Shop) -> str:
    """How the newest run ended."""
    with opened_store(shop.setup) as (setup, store), store.view(setup.webstore_code) as view:
        return str(view.runs.recent(1)[0]["status"])


def test_what_was_approved_is_written_without_whom_was_left_out(asking: Shop) -> None:
    left_out = f"woo:{asking.accounts()['per@nord.example']}"
    done = run(asking, lambda plan: Answer(True, (left_out,), "Ines"))
    assert isinstance(done, RunReport)
    assert (done.summary.pull.created, done.summary.approval.approved_by) == (1, "Ines")
    assert status(asking) == "completed"


def test_another_plan_is_shown_within_the_same_second(asking: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 1, 1, tzinfo=tz)

    monkeypatch.setattr(run_tables, "datetime", Stopped)
    left_out = f"woo:{asking.accounts()['per@nord.example']}"
    done = run(asking, lambda plan: Answer(True, (left_out,)))
    assert isinstance(done, RunReport)
    assert done.summary.pull.created == 1


def test_a_no_writes_nothing(asking: Shop) -> None:
    done = run(asking, lambda plan: Answer(False, by="Ines"))
    assert isinstance(done, Skipped)
    assert (done.name, asking.customers()) == ("Rejected", {})
    assert status(asking) == "rejected"


def test_whoever_gives_no_answer_leaves_no_run_that_waits(asking: Shop) -> None:
    def interrupted(_plan: Any) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(asking, interrupted)
    assert (status(asking), asking.customers()) == ("cancelled", {})
