"""Progress of long phases as artifacts in the Prefect UI."""

from __future__ import annotations

import re
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

__all__ = ["ProgressArtifacts"]

_SHOWN_AFTER, _AT_MOST_EVERY = 5.0, 3.0


@dataclass
class _Phase:
    begun: float = field(default_factory=time.monotonic)
    told: float = 0.0
    artifact: UUID | None = None


class ProgressArtifacts:
    """To be called with `(what, done, total)`, from any thread. A phase gets an artifact once it has taken some seconds."""

    def __init__(self, webstore_code: str) -> None:
        self._code = webstore_code.replace("_", "-")
        self._phases: dict[str, _Phase] = {}
        self._lock = threading.Lock()
        # threads of a task know nothing of the flow run that the artifact belongs to
        self._context = copy_context()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far a phase is."""
        now = time.monotonic()
        with self._lock:
            phase = self._phases.setdefault(what, _Phase())
            is_last = done >= total and phase.artifact is not None
            if now - phase.begun < _SHOWN_AFTER or (now - phase.told < _AT_MOST_EVERY and not is_last):
                return
            phase.told = now
            percent = 100.0 * min(done / total, 1.0) if total else 0.0
            phase.artifact = self._context.copy().run(self._show, what, phase.artifact, percent, f"{done} of {total}")

    def _show(self, what: str, artifact: UUID | None, percent: float, text: str) -> UUID:
        description = f"{what}: {text}"
        if artifact is None:
            key = f"progress-{re.sub('[^a-z0-9]+', '-', what.lower())}-{self._code}"
            created = create_progress_artifact(progress=percent, key=key, description=description)
            assert isinstance(created, UUID)  # noqa: S101 - the call is synchronous in a thread
            return created
        update_progress_artifact(artifact_id=artifact, progress=percent, description=description)
        return artifact
