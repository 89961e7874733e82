"""By what a flow run is found: tags with its webstore, what kind of run it is, whether it writes, and who acts in it.

Prefect gives a run the tags of its deployment and of whoever starts it. The rest is known in the run itself only, which therefore
tags itself as soon as it knows its setup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from prefect.client.orchestration import get_client

from connector.setup import Setup
from flows.flow_run import BY, actor_of_run, flow_name, name_given, this_run
from flows.setup_choice import SetupChoice
from flows.setups import resolve_setup

__all__ = [
    "DRY_RUN",
    "PROJECT",
    "WEBSTORE",
    "kind_of",
    "opened_setup",
    "setup_of_run",
    "sign",
    "signed_by",
    "starting_tags",
]

PROJECT = "customer-sync"
WEBSTORE = "webstore:"
DRY_RUN = "dry-run"
# with the run: the next one of this process is another one
_opened: ContextVar[tuple[object, Setup | None]] = ContextVar("opened", default=(None, None))
_signed: ContextVar[tuple[object, str]] = ContextVar("signed", default=(None, ""))
# kind of a run by its flow; any other is of its own kind
_KINDS = {
    "synchronize-customers": "sync",
    "synchronize-selected-customers": "sync",
    "synchronize-all-webstores": "sync",
    "suggest-customer-mapping": "suggestions",
    "review-conflicts": "conflicts",
    "edit-customer-mapping": "mapping",
    "import-customer-mapping": "mapping",
    "export-customer-mapping": "mapping",
    "release-holds": "holds",
    "undo-run": "undo",
    "test-connection": "connection",
    "purge-activity-log": "purge",
}


def kind_of(flow: str) -> str:
    """What kind of run a flow makes, as a tag."""
    return _KINDS.get(flow, flow)


def starting_tags(flow: str, *, dry_run: bool = False, more: Iterable[str] = ()) -> list[str]:
    """Tags for whoever starts a run of a flow, so that it is found before it has begun."""
    return [PROJECT, kind_of(flow), *([DRY_RUN] if dry_run else []), *more]


def setup_of_run(setup: SetupChoice, *, with_secrets: bool = True) -> Setup:
    """The setup that this flow run works with; from now on the run is found by its webstore.

    Args:
        with_secrets: False = references to secrets need not lead anywhere.

    Raises:
        SetupError: it is not there, or cannot work.
    """
    made = resolve_setup(setup, with_secrets)
    run = this_run()
    _opened.set((run.id, made))
    given: Mapping[str, Any] = run.parameters or {}
    who = name_given(given.get("your_name"))
    _tag(
        [*starting_tags(flow_name(), dry_run=bool(given.get("dry_run"))), f"{WEBSTORE}{made.webstore_code}"]
        + ([f"{BY}{who}"] if who else [])
    )
    return made


def opened_setup() -> Setup | None:
    """The setup that this run works with; None = it has none yet."""
    run_id, setup = _opened.get()
    return setup if run_id == this_run().id else None


def sign(name: object) -> str:
    """Show on the run who has answered its form; gives the name.

    The run's tag names whoever was known first: who started it, if a name was given there.
    """
    who = name_given(name)
    if who:
        _signed.set((this_run().id, who))
    if who and not any(tag.startswith(BY) for tag in this_run().tags):
        _tag([f"{BY}{who}"])
    return who


def signed_by() -> str:
    """The name that a person has given in a form of this run, the newest; "" = none was."""
    run_id, name = _signed.get()
    run = this_run()
    return name if name and run_id == run.id else name_given((run.parameters or {}).get("your_name"))


def who_acts() -> str:
    """Who answers this run's forms at the moment, for versions and decisions; as `actor_of_run` where no name was given."""
    return signed_by() or actor_of_run()


def _tag(tags: Sequence[str]) -> None:
    """Add tags to this run, on the server and in what this process knows of it."""
    run = this_run()
    wanted = list(dict.fromkeys([*run.tags, *tags]))
    if wanted == list(run.tags):
        return
    with get_client(sync_client=True) as client:
        client.update_flow_run(run.id, tags=wanted)
    run.tags = wanted
