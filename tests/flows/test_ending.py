"""A command that is told to end: what is being written is recorded, and nobody waits for the rest of a long read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.run.setup_source import opened_store
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start
from tests.flows.shop import small_rules

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def slow() -> Iterator[Running]:
    """A shop that takes half a minute to be read."""
    with start(webstore_customers=4_000, business_central_customers=30, latency_ms=2_000) as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_end_ends_while_it_reads(
    slow: Running, tmp_path: Path, number: signal.Signals
) -> None:
    setup = tmp_path / "setup.toml"
    text = setup_text(slow, webstore_code="shop", directory=tmp_path)
    setup.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{small_rules(tmp_path)}"'))
    line = [sys.executable, "-m", "flows.cli", "sync", "--here", "--json", "--setup", str(setup)]
    environment = {**os.environ, **announcement(slow, setup)["env"]}
    slow.webstore_log.clear()
    usual = signal.getsignal(number)
    signal.signal(number, signal.SIG_DFL)  # a shell's background job ignores SIGINT, and so would what it starts
    try:
        command = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(number, usual)
    with command:
        deadline = time.monotonic() + 60
        while sum(entry.path.endswith("/customers") for entry in slow.webstore_log) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        asked = len(slow.webstore_log)
        command.send_signal(number)
        command.communicate(timeout=60)
    assert len(slow.webstore_log) - asked < 20, "of 40 pages"
    assert command.returncode != 0
    with opened_store(setup) as (made, store), store.view(made.webstore_code) as view:
        assert view.runs.recent(1)[0]["status"] == "interrupted"
        assert view.journal.open() == []
