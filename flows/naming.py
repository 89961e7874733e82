"""Names of flow runs: what they do to which webstore, and what is special about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from prefect.runtime import flow_run

from flows.overrides import Overrides, customers_of
from flows.setup_choice import chosen_name

__all__ = ["run_name", "setup_label"]


def setup_label(setup: object) -> str:
    """A setup in a name: a block's own, a file's without folder and ending.

    Args:
        setup: what a run's parameter holds: a name, a block, or a reference to one.
    """
    name = chosen_name(setup)
    return PurePath(name).stem if name.endswith(".toml") else name


def run_name(what: str, *, every: str = "") -> Callable[[], str]:
    """Makes names such as "synchronize 3 customers of shop (dry run, push None)".

    Args:
        what: `{setup}`, `{customers}`, `{run}` and `{action}` in it are filled in from the parameters.
        every: said in brackets of every run.
    """

    def name() -> str:
        given: Mapping[str, Any] = flow_run.parameters
        number = len(customers_of(given.get("customers") or []))
        customers = f"{number} customer{'s' * (number != 1)}"
        text = what.format(
            setup=setup_label(given.get("setup", "")),
            customers=customers if number or not given.get("everyone") else "everybody",
            run=str(given.get("run_id", ""))[:8],
            action=str(given.get("action", "")),
        )
        special = [every] if every else []
        special += ["dry run"] if given.get("dry_run") else []
        special += [f"plan {str(given['approved_plan'])[:12]}"] if given.get("approved_plan") else []
        overrides = given.get("overrides")
        special += (overrides if isinstance(overrides, Overrides) else Overrides.model_validate(overrides or {})).words
        return f"{text} ({', '.join(special)})" if special else text

    return name
