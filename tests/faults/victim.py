"""A process that runs one synchronisation after another, each in a child of its own that may be killed at any moment.

It imports everything once and forks for every run, so that a kill costs a fork and not the import of Prefect. It speaks
lines of JSON: it is told `{"setup": FILE, "kill": {...}, "report": FILE, "plain": bool}`, answers `{"pid": n}` at once, and
`{"status": wait status}` when the child has ended. A run that reached its end leaves its summary in the report file. A
plain run goes through the pipeline without Prefect, in a tenth of the time.

`kill` chooses a moment at which the child ends itself with SIGKILL: `{"at": "commit" | "request", "number": n, "when":
"before" | "after"}`: the n-th commit of the store, or the n-th writing request. An empty one leaves the killing to others.

With `"how": "stop"` the child stands still at that moment instead (SIGSTOP). Then `{"stopped": n}` is answered, other orders are
carried out, and `{"resume": n}` lets it go on; its end is answered as that of any other.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import requests
from sqlalchemy.engine.default import DefaultDialect

from connector.errors import CustomerSyncError
from connector.run.run import Starter, started_by
from connector.setup import load_setup
from tests.flows import runs


class _Countdown:
    """Sends a signal to this process before or after the n-th time that something is done, whichever thread does it."""

    def __init__(self, number: int, when: str, how: str) -> None:
        self.left = number
        self.when = when
        self.signal = signal.SIGSTOP if how == "stop" else signal.SIGKILL
        self.lock = threading.Lock()

    def around(self, action: Any, *arguments: Any, **named: Any) -> Any:
        with self.lock:
            self.left -= 1
            is_due = self.left == 0
        if is_due and self.when == "before":
            os.kill(os.getpid(), self.signal)
        result = action(*arguments, **named)
        if is_due and self.when == "after":
            os.kill(os.getpid(), self.signal)
        return result


def _arm(kill: dict[str, Any]) -> None:
    if not kill:
        return
    countdown = _Countdown(int(kill["number"]), kill["when"], kill.get("how", "kill"))
    if kill["at"] == "commit":
        commit = DefaultDialect.do_commit
        DefaultDialect.do_commit = lambda self, connection: countdown.around(commit, self, connection)  # type: ignore[method-assign]
        return
    send = requests.Session.send

    def counted(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        if request.method in {"GET", "HEAD"} or "oauth2" in (request.url or ""):
            return send(self, request, **more)
        answer: requests.Response = countdown.around(send, self, request, **more)
        return answer

    requests.Session.send = counted  # type: ignore[method-assign]


def _run(order: dict[str, Any]) -> dict[str, Any]:
    if order["plain"]:
        try:
            return runs.synchronize(load_setup(Path(order["setup"]))).summary.as_json()
        except CustomerSyncError as error:
            return {"error": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: PLC0415

    from flows.synchronize_customers import synchronize_customers  # noqa: PLC0415

    started_by.set(Starter("crash test"))
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        try:
            report = synchronize_customers(setup=order["setup"])
        except CustomerSyncError as error:
            return {"error": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
    summary: dict[str, Any] = report.summary.as_json()
    return summary


def main() -> None:
    """Serve orders until standard input ends."""
    if "--plain" not in sys.argv:  # what a run needs is imported once, before the forks
        for module in ("flows.synchronize_customers", "great_expectations"):
            import_module(module)
    standing: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "resume" in order:
            child = int(order["resume"])
            os.kill(child, signal.SIGCONT)
        else:
            child = os.fork()
            if child == 0:
                _arm(order.get("kill") or {})
                result = _run(order)
                Path(order["report"]).write_text(json.dumps(result, default=str), encoding="utf-8")
                os._exit(0)
            _answer({"pid": child})
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            standing.add(child)
            _answer({"stopped": child})
        else:
            standing.discard(child)
            _answer({"status": status})
    for child in standing:  # whoever gave the orders gave up
        os.kill(child, signal.SIGKILL)


def _answer(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
