"""A process that waits for an answer: when it goes on, and when it gives up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Failed, Paused, Running

from flows import waiting


class Server:
    """Gives a run's states, one after the other; the last one stays."""

    def __init__(self, *states: State[Any]) -> None:
        self.states = list(states)

    def read_flow_run(self, _: Any) -> SimpleNamespace:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return SimpleNamespace(state=state)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0.01)


def resumed(*states: State[Any], seconds: float) -> bool:
    return waiting._resumed(Server(*states), uuid4(), seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "seconds", "goes_on"),
    [
        ((Paused(), Running()), 60, True),
        ((Running(),), 0, True),  # answered in the last moment
        ((Paused(),), 0, False),
    ],
)
def test_an_answer_is_waited_for_until_its_time_is_over(
    states: tuple[State[Any], ...], seconds: float, goes_on: bool
) -> None:
    assert resumed(*states, seconds=seconds) is goes_on


@pytest.mark.parametrize("ended", [Cancelled(), Failed()])
def test_a_run_that_was_ended_while_it_waited_waits_no_longer(ended: State[Any]) -> None:
    with pytest.raises(waiting.Unanswered, match="was ended while it waited"):
        resumed(Paused(), ended, seconds=3600)
