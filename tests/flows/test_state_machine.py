"""People, faults, kills and the world outside in any order: nothing is done twice, lost or overwritten without a rule, and
everything is told."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test

from sandbox.server import Running
from tests.flows.clocks import clocks_of_a_life
from tests.flows.life import Life
from tests.hypothesis_profiles import stateful


@pytest.fixture
def folders() -> Iterator[Iterator[Path]]:
    """A new folder for every life."""
    with tempfile.TemporaryDirectory(prefix="life-") as name:
        yield (Path(name) / str(number) for number in itertools.count())


def test_nothing_is_done_twice_lost_or_overwritten(
    systems: Running, folders: Iterator[Path], empty_store: Path
) -> None:
    """Every rule of section 10 of the design, in any order of what people and machines do."""
    with clocks_of_a_life() as clocks:

        class ALife(Life):
            def __init__(self) -> None:
                super().__init__(systems, folders, empty_store, clocks, Counter())

        run_state_machine_as_test(ALife, settings=stateful(10, 16))
