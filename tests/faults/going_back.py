"""Cases of the fault matrix in which the past comes back: a side answers with old copies, or was restored from a backup.

A fault that strikes at a request is over with it. These are states of a whole side, so each of them has an order of its own:

- *stale list*: the side remembers how it was; then a run does the work, and another one reads the side as it was before;
- *restored*: a run does the work; then the side is as it was before; a run tells it and leaves it alone, a person answers
  that the other side is right, and runs go on until one writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.desk import restored
from tests.by_hand import by_hand
from tests.faults.world import World

if TYPE_CHECKING:
    from tests.faults.matrix_cases import Case
    from tests.faults.matrix_site import Ended, Site

__all__ = ["OTHER", "play_restored", "play_stale", "tells_of_the_past"]

OTHER = {"webstore": "business_central", "business_central": "webstore"}
# stamps of the webstore are whole seconds, and nobody restores a backup of this second
_LATER_SECONDS = 60
_WORDS = ("before; asked for by id", "older than what was seen")


def tells_of_the_past(ended: Ended) -> bool:
    """Whether a run said that something it read was older than before."""
    return any(words in text for words in _WORDS for text in (ended.told, *ended.warnings, *ended.reasons))


def play_stale(site: Site, case: Case, world: World) -> tuple[int, Ended, list[str]]:
    """The side remembers, a run does the work, and the next one reads the past.

    Returns:
        How often something old was (or, where runs get past it, could have been) answered; how the last run ended; what was
        not told though it should have been.
    """
    faults = getattr(site.running, f"{case.side}_faults")
    rule = faults.add(case.fault.kind, **case.fault.options)
    # what is asked now is remembered
    site.run(world.setup, dry_run=True)
    first = site.run(world.setup)
    ended = site.run(world.setup)
    by_address = case.fault.options["by"] == "cache"
    silent = not (by_address or case.operation == "create" or tells_of_the_past(ended) or tells_of_the_past(first))
    return (rule.seen if by_address else rule.struck), ended, ["the old list was not told"] if silent else []


def play_restored(site: Site, case: Case, world: World) -> tuple[int, Ended, list[str]]:
    """A run does the work, the side goes back to before, a run tells it, and a person answers.

    Returns:
        As play_stale.
    """
    system = getattr(site.running, case.side)
    moment = system.snapshot()
    if case.operation == "extract":
        world.edit(case.side)  # and the restore takes it away from the side where it was typed
    site.pass_time(case.side, _LATER_SECONDS)
    problems = [] if (done := site.run(world.setup)).told == "done" else [f"the work was not done: {done.told}"]
    system.restore(moment)
    world.went_back(case.side)
    for log in (site.running.webstore_log, site.running.business_central_log):
        log.clear()
    ended = site.run(world.setup)
    if case.operation == "create":
        world.forget(case.side, [])  # reported as gone; whether they are made again is a policy
        problems += [] if ended.orphans >= 4 else ["nobody was reported as gone"]
        return 1, ended, problems
    problems += [] if tells_of_the_past(ended) else ["the restore was not told"]
    problems += [f"{what} before anybody answered" for what in world.problems()["lost"]]
    if site.running.webstore_log.writes() or site.running.business_central_log.writes():
        problems.append("something was written before anybody answered")
    if problems:
        return 1, ended, problems
    words = {side: side.replace("_", "-") for side in OTHER}
    by_hand(restored.answer_restored, world.setup, words[case.side], words[OTHER[case.side]])
    return 1, ended, problems
