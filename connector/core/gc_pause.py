"""The collector of cycles rests while decisions are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_resting"]


class _Rest:
    """How many threads want it to rest, and whether it was at work before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted_by = 0
        self.was_at_work = False


_rest = _Rest()


@contextmanager
def collector_resting() -> Iterator[None]:
    """No collection meanwhile, in any thread; partitions are decided side by side.

    Deciding makes many small objects, none in a cycle, that live until the run ends. The collector would look through all of
    them again and again, for a quarter of the time of a plan of 20,000 writes.
    """
    with _rest.lock:
        if not _rest.wanted_by:
            _rest.was_at_work = gc.isenabled()
            gc.disable()
        _rest.wanted_by += 1
    try:
        yield
    finally:
        with _rest.lock:
            _rest.wanted_by -= 1
            if not _rest.wanted_by and _rest.was_at_work:
                gc.enable()
