"""Names of flow runs: what they do to which webstore, and what is special about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from prefect.runtime import flow_run

from connector.core.counting import counted
from flows.overrides import Overrides, customers_of
from flows.setup_choice import chosen_name

__all__ = ["run_name", "setup_label", "who_is_meant"]


def setup_label(setup: object) -> str:
    """A setup in a name: a block's own, a file's without folder and ending.

    Args:
        setup: what a run's parameter holds: a name, a block, or a reference to one.
    """
    name = chosen_name(setup)
    return PurePath(name).stem if name.endswith(".toml") else name


def run_name(what: str | Callable[[Mapping[str, Any]], str], *, every: str = "") -> Callable[[], str]:
    """Makes names such as "synchronize 3 customers of shop (dry run, push None)".

    Args:
        what: `{setup}`, `{customers}`, `{run}` and `{version}` in it are filled in from the parameters; a function is given
            them, and gives such a text.
        every: said in brackets of every run.
    """

    def name() -> str:
        given: Mapping[str, Any] = flow_run.parameters
        text = (what if isinstance(what, str) else what(given)).format(
            setup=setup_label(given.get("setup", "")),
            customers=who_is_meant(given),
            run=str(given.get("run_id", ""))[:8],
            subject=str(given.get("subject", "")),
            version=given.get("version", 0),
        )
        special = [every] if every else []
        special += ["dry run"] if given.get("dry_run") else []
        special += [f"plan {str(given['approved_plan'])[:12]}"] if given.get("approved_plan") else []
        overrides = given.get("overrides")
        special += (overrides if isinstance(overrides, Overrides) else Overrides.model_validate(overrides or {})).words
        return f"{text} ({', '.join(special)})" if special else text

    return name


def who_is_meant(given: Mapping[str, Any]) -> str:
    """How many customers a run's parameters name, in words; "nobody" where none is and `everyone` is not said."""
    number = len(customers_of(given.get("customers") or []))
    return counted(number, "customer") if number else "everybody" if given.get("everyone") else "nobody"
