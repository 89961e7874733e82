"""The plans that were looked at last, as people read them: a document of many megabytes is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict

import orjson

from connector.core.gc_pause import collector_resting
from connector.store import KeptPlan, View
from console.plan_rows import PlannedWork, planned_work

__all__ = ["work_of"]

# a plan of 100,000 customers takes seconds to be read, and is looked at page by page
_KEPT = 2


class _Shelf:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        # whoever looks at a plan that is here does not wait while another one is read
        self._reading = threading.Lock()
        self._works: OrderedDict[KeptPlan, PlannedWork] = OrderedDict()

    def work(self, view: View, plan: KeptPlan) -> PlannedWork | None:
        found = self._found(plan)
        if found is not None:
            return found
        with self._reading:
            found = self._found(plan) or _read(view, plan)
        if found is not None:
            self._put(plan, found)
        return found

    def _found(self, plan: KeptPlan) -> PlannedWork | None:
        with self._lock:
            if plan in self._works:
                self._works.move_to_end(plan)
            return self._works.get(plan)

    def _put(self, plan: KeptPlan, work: PlannedWork) -> None:
        with self._lock:
            self._works[plan] = work
            self._works.move_to_end(plan)
            while len(self._works) > _KEPT:
                self._works.popitem(last=False)


_SHELF = _Shelf()


def work_of(view: View, plan: KeptPlan) -> PlannedWork | None:
    """A plan, for showing; its document is read only if it is not one of those that were looked at last.

    Args:
        plan: as the store has it at this moment: one that is made again is another one, and one that an erasure has removed
            is not there to be asked for.

    Returns:
        None if the store has it no more.
    """
    return _SHELF.work(view, plan)


def _read(view: View, plan: KeptPlan) -> PlannedWork | None:
    stored = view.plans.get(plan.hash)
    if stored is None:
        return None
    with collector_resting():
        return planned_work(orjson.loads(stored.document))
