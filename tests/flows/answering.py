"""Somebody in front of Prefect's pages, where a flow runs in this process: fills in forms, and looks at artifacts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.flow_runs import resume_flow_run

__all__ = ["answering", "artifact"]


def artifact(key: str) -> str:
    with get_client(sync_client=True) as client:
        found = [a for a in client.read_artifacts() if a.key == key]
    return str(max(found, key=lambda a: a.created).data)


class answering:  # noqa: N801 - it reads as a statement
    """Somebody fills in the forms of runs that pause, one after the other; yields the schemas of the forms and their texts."""

    def __init__(self, *answers: dict[str, Any] | Callable[[], dict[str, Any]]) -> None:
        self._answers = answers
        self._schemas: list[Any] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._answer)

    def __enter__(self) -> list[Any]:
        self._thread.start()
        return self._schemas

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _answer(self) -> None:
        seen: set[str] = set()
        left = list(self._answers)
        while left and not self._ended.wait(0.3):
            with get_client(sync_client=True) as client:
                for run in client.read_flow_runs():
                    if run.state is None or not run.state.is_paused() or str(run.state.id) in seen:
                        continue
                    keyset = run.state.state_details.run_input_keyset or {}
                    try:
                        keys = [keyset[name] for name in ("schema", "description") if name in keyset]
                        read = [client.request("GET", f"/flow_runs/{run.id}/input/{key}") for key in keys]
                    except PrefectHTTPStatusError:  # the form is saved a moment after the run says that it waits
                        continue
                    self._schemas += [one.json() for one in read]
                    seen.add(str(run.state.id))
                    answer = left.pop(0)
                    resume_flow_run(run.id, run_input=answer() if callable(answer) else answer)
