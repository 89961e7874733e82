"""The flows of the mapping page: look at the mapping table, tick, untick, link, unlink, answer doubts, restore, release holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from prefect import flow

from connector.core.counting import counted
from connector.desk import activity, editing, same_customer, versions
from connector.desk.desk import at_desk
from connector.run.names_given import pairs_read
from connector.setup import Setup
from flows.flow_run import actor_of_run, whole
from flows.naming import run_name
from flows.outcomes import EXPLAINED, Told, concluded
from flows.overrides import customers_given, customers_of
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice
from tasks.administration import publish_holds, publish_mapping

__all__ = ["MappingAction", "edit_customer_mapping", "release_holds"]


class MappingAction(StrEnum):
    """What is done to the mapping table."""

    SHOW = "show"
    TICK = "tick"
    UNTICK = "untick"
    LINK = "link"
    UNLINK = "unlink"
    SAME = "still the same customer"
    OTHER = "another customer"
    RESTORE = "restore a version"


_ASKING = frozenset({MappingAction.TICK, MappingAction.LINK, MappingAction.SAME, MappingAction.OTHER})


def _named(given: Mapping[str, Any]) -> str:
    """What a run does, in its name."""
    try:
        action = MappingAction(given.get("action", MappingAction.SHOW))
    except ValueError:  # the flow refuses it
        return "edit the mapping of {setup}"
    number = len(customers_of(given.get("customers") or []))
    pairs, verb = counted(number, "pair") if number else "nobody", "are" if number > 1 else "is"
    names = {
        MappingAction.RESTORE: "restore version {version} of the mapping of {setup}",
        MappingAction.LINK: f"link {pairs} in the mapping of {{setup}}",
        MappingAction.SAME: f"{{customers}} of {{setup}} {verb} still the same",
        MappingAction.OTHER: f"{{customers}} of {{setup}} {verb} somebody else by now",
    }
    if action is MappingAction.SHOW and not number:
        return "show the mapping of {setup}"
    return names.get(action, f"{action} {{customers}} in the mapping of {{setup}}")


@flow(name="edit-customer-mapping", flow_run_name=run_name(_named), **EXPLAINED)
def edit_customer_mapping(
    action: MappingAction = MappingAction.SHOW,
    customers: str | list[str] = "",
    version: int = 0,
    setup: SetupChoice = "setup.toml",
    your_name: str = "",
) -> Told:
    """Look at the mapping table, or edit it as one new version. Neither system is touched; the next run acts on it.

    Args:
        action: show; tick or untick Webstore Customer; link; unlink; say of customers in doubt whether they are the same; restore a version.
        customers: Business Central numbers, pasted or as a list; to link: pairs such as C00010=17, number and Webstore ID.
        version: For restoring: the number of the version to go back to.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        your_name: Your name; it stands in the version, and where this run is shown. Left empty = whom Prefect knows.
    """  # noqa: E501 - the form shows a parameter's description only as far as its first line

    def body() -> Any:
        # these ask the two systems about the customers
        made = setup_of_run(setup, with_secrets=action in _ASKING)
        looks = action in {MappingAction.SHOW, MappingAction.RESTORE}
        names = (
            customers_of(customers) if looks else customers_given(customers, "Which customers? Nothing was changed.")
        )
        message = _edited(made, action, names, version)
        shown = [name.partition("=")[0] for name in names]
        rows = publish_mapping(made.webstore_code, whole(made), shown if action is not MappingAction.RESTORE else [])
        return Told(
            message or f"{counted(rows, 'row of the mapping table is', 'rows of the mapping table are')} shown.",
            {"rows": rows},
        )

    return concluded(setup, body)  # type: ignore[no-any-return]


def _edited(setup: Setup, action: MappingAction, names: list[str], version: int) -> str:
    if action is MappingAction.SHOW:
        return ""
    with at_desk(setup, actor=actor_of_run()) as desk:
        if action is MappingAction.RESTORE:
            done = versions.restore_version(desk, version)
            return f"Version {version} is current again, as version {done['mapping_version']}."
        if action is MappingAction.LINK:
            done = editing.link(desk, pairs_read(names))
            return f"{counted(done['linked'], 'pair')} linked."
        if action is MappingAction.UNLINK:
            editing.unlink(desk, names)
            pairs = "the pair is" if len(names) == 1 else "the pairs are"
            return f"{counted(len(names), 'customer')} unlinked; {pairs} remembered as not the same."
        if action in {MappingAction.SAME, MappingAction.OTHER}:
            say = same_customer.say_same if action is MappingAction.SAME else same_customer.say_other
            return "; ".join(f"{row['bc_number']}: {row['answer']}" for row in say(desk, names)) + "."
        edit = editing.tick if action is MappingAction.TICK else editing.untick
        edit(desk, names)
        return f"{counted(len(names), 'customer')} {action.value}ed."


@flow(name="release-holds", flow_run_name=run_name("release {customers} of {setup} from hold"), **EXPLAINED)
def release_holds(
    customers: str | list[str] = "", everyone: bool = False, setup: SetupChoice = "setup.toml", your_name: str = ""
) -> Told:
    """Let customers on hold take part in scheduled runs again; their counters start anew.

    Args:
        customers: Business Central numbers or ids, or woo:ID, pasted or as a list.
        everyone: Everybody who is on hold.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        your_name: Your name; it stands in the log, and where this run is shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)
        with at_desk(made, actor=actor_of_run()) as desk:
            count = activity.release_holds(desk, customers_of(customers), everyone=everyone)
        publish_holds(whole(made))
        return Told(f"{counted(count, 'customer')} released.", {"released": count})

    return concluded(setup, body)  # type: ignore[no-any-return]
