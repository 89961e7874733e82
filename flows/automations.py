"""An automation that is ready and switched off: it tells a person when a plan waits or a run was stopped.

How somebody is told is a notification block (Slack, e-mail, Teams …), which only they can fill in. So the automation has the
right trigger and an action that does nothing; a person chooses the block and switches it on. It is made once: whatever was
changed in it stays.
"""

from __future__ import annotations

from prefect.client.orchestration import get_client
from prefect.events import AutomationCore, EventTrigger, ResourceSpecification
from prefect.events.actions import DoNothing

from flows.events import PLAN_WAITING, RUN_STOPPED
from flows.run_tags import PROJECT, WEBSTORE

__all__ = ["NOTIFY", "make_automations"]

NOTIFY = "tell us when a plan waits or a run was stopped"
# finds it again after somebody has given it another name
_MARK = f"{PROJECT}:notify"
_PAGE = 200


def make_automations() -> bool:
    """Make the automation on the server that is configured, unless it is there; gives whether it was made."""
    with get_client(sync_client=True) as client:
        offset = 0
        while page := client.read_automations(limit=_PAGE, offset=offset):
            if any(_MARK in one.tags or one.name == NOTIFY for one in page):
                return False
            offset += _PAGE
        client.create_automation(_notify())
    return True


def _notify() -> AutomationCore:
    return AutomationCore(
        name=NOTIFY,
        description="Switched off until you choose how: make a notification block, edit this automation's action to Send a "
        "notification with it (subject {{ event.resource['prefect.resource.name'] }}: {{ event.event }}, body "
        "{{ event.payload.reason }}), and switch it on. Deploying anew changes nothing in it.",
        enabled=False,
        tags=[PROJECT, _MARK],
        trigger=EventTrigger(
            expect={PLAN_WAITING, RUN_STOPPED},
            match=ResourceSpecification.model_validate({"prefect.resource.id": f"{PROJECT}.{WEBSTORE[:-1]}.*"}),
            posture="Reactive",  # type: ignore[arg-type]
            threshold=1,
        ),
        actions=[DoNothing()],
    )
