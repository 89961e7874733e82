"""Whatever is killed whenever: what was acknowledged is kept, and nothing is there by half."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from connector.store import open_store

WRITER = """
import sys
from connector.store import Intent, MappingRow, Settlement, open_store
store, number = open_store(sys.argv[1]), int(sys.argv[2])
while True:
    number += 1
    with store.work("shop") as work:
        write = Intent(run_id="r", direction="push", system="webstore", operation="create", bc_id=f"id-{number}",
                       bc_number="", webstore_id=None, natural_key="", payload={}, before={}, after={})
        ids = work.journal.intend([write] * 3)
    with store.work("shop") as work:
        work.describe(actor="customer-sync", reason="crash", run_id=f"run-{number}")
        work.mapping.link(f"id-{number}", f"C{number}", number)
        work.journal.settle([Settlement(i, "confirmed") for i in ids])
    print(number, flush=True)
"""


@pytest.mark.parametrize("kills", [4])
def test_no_acknowledged_commit_is_lost_and_none_is_torn(url: str, kills: int) -> None:
    open_store(url).close()
    acknowledged = 0
    for kill in range(kills):
        command = [sys.executable, "-c", WRITER, url, str(kill * 1_000_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            acknowledged += 1
            time.sleep(0.05 + 0.037 * kill)
            process.kill()
            acknowledged += len([line for line in process.stdout.read().split("\n") if line.strip()])
    store = open_store(url)
    assert store.check() == []
    with store.view("shop") as view:
        mapping, versions, writes = view.mapping.current(), view.mapping.versions(), view.journal.counts()
        unsettled = len(view.journal.open())
    store.close()
    # at most one commit per kill may have happened without its acknowledgement having come through
    assert acknowledged <= len(mapping) <= acknowledged + kills
    assert len(versions) == len(mapping)
    assert all((version.added, version.removed, version.changed) == (1, 0, 0) for version in versions)
    confirmed = int(writes.loc[writes["outcome"] == "confirmed", "writes"].sum())
    assert confirmed == 3 * len(mapping)
    assert unsettled % 3 == 0 and unsettled <= 3 * kills
