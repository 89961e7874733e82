"""The thorough lives, a few of them: they are counted, a life that goes wrong is shown, and it can be lived again."""

from __future__ import annotations

import pytest

from tests.flows import lives
from tests.flows.life_judging import LOST, Wrong

pytestmark = pytest.mark.live


def test_lives_are_counted_and_nothing_goes_wrong() -> None:
    with lives.place() as there:
        lived = lives.live(there, 12, 3)
    assert lived.wrong == []
    assert lived.tally["lives"] >= 3
    assert lived.line().endswith(": 0 lost, 0 twice, 0 untold")


def test_a_life_that_goes_wrong_is_shown_and_goes_wrong_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_may_register(self: object, full: bool) -> None:
        raise Wrong(LOST, "somebody registered")

    monkeypatch.setattr("tests.flows.life.Life.a_dry_run", None)
    monkeypatch.setattr("tests.flows.life.Life.somebody_registers", nobody_may_register)
    with lives.place() as there:
        first, second = (lives.live(there, 5, 3) for _ in range(2))
    ((kind, number, text),) = first.wrong
    assert (kind, number) == (LOST, 5)
    assert "somebody registered" in text
    assert "state.it_begins(" in text
    assert first.wrong[0][:2] == second.wrong[0][:2]
    assert first.line().endswith(": 1 lost, 0 twice, 0 untold")
