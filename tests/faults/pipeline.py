"""The pipeline of the soak: one long-lived process with a receiver of webhooks, which runs what it is told to.

It speaks lines of JSON: `{"customers": [...], "scheduled": bool}` is a run, answered with how it ended and what the process
uses: `{"told", "writes", "rss_kb", "descriptors", "threads"}`; `{"quiet": true}` waits until no delivery waits for a run.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from connector.errors import CustomerSyncError
from connector.setup import load_setup
from connector.webhooks.serving import subscriptions_of
from tests.flows import runs
from tests.servers.receiver import SECRET, served

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def used() -> dict[str, int]:
    """What the process uses now."""
    return {
        "rss_kb": int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_KB,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }


def _told(act: Any) -> str:
    try:
        summary = act().summary
    except CustomerSyncError as error:
        return type(error).__name__
    return "stopped" if summary.stopped else "failed writes" if summary.errors else "done"


def main() -> None:
    """Serve orders until standard input ends."""
    setup = load_setup(Path(sys.argv[1]))
    # a run of a delivery and one that was ordered wait for each other, as processes do
    one_at_a_time = threading.Lock()

    def hooked(customers: Sequence[str] | None) -> None:
        with one_at_a_time:
            runs.synchronize(setup, customers or (), scheduled=True)

    with served(setup, hooked, debounce_seconds=0.5) as receiver:
        # a hook is only a hint: who cannot subscribe today still has the schedule
        with suppress(CustomerSyncError), subscriptions_of(receiver.setup, SECRET) as subscriptions:
            subscriptions.subscribe()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for line in sys.stdin:
            order = json.loads(line)
            told = ""
            if order.get("quiet"):
                receiver.quiet(120)
            else:
                customers, scheduled = order.get("customers", ()), bool(order.get("scheduled"))
                with one_at_a_time:
                    told = _told(lambda: runs.synchronize(setup, customers, scheduled=scheduled))  # noqa: B023
            answer = {"told": told, "hook_runs": len(receiver.runs), **used()}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
