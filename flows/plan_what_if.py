"""The flow that plans under other rules or settings, beside today's plan: asks neither system, writes nothing."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from connector.core.counting import counted
from connector.core.sentences import sentences
from connector.errors import InputError
from connector.planning.what_if import what_if
from connector.report.literal import lines_as_they_are, table_as_it_is
from connector.setup import PersonalData
from flows.naming import run_name
from flows.outcomes import EXPLAINED, Told, concluded
from flows.overrides import Overrides
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice
from flows.what_if_command import other_setup, tables_of, told_of
from tasks.report import artifact_key

__all__ = ["plan_what_if"]


@flow(name="plan-what-if", flow_run_name=run_name("plan what if other rules counted for {setup}"), **EXPLAINED)
def plan_what_if(
    setup: SetupChoice = "setup.toml",
    settings: str | list[str] = "",
    overrides: Overrides = Overrides(),  # noqa: B008 - a frozen default that the form shows
    rules: str = "",
) -> Told:
    """Show what would be different from today's plan under other settings or rules. Made of what the last run has read, at once.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        settings: One a line: name=value, as in the setup, such as policies.blank=clear.
        overrides: The flags that are tried; "as set up" keeps the setup's.
        rules: A folder of other rule files, on the machine of the worker. Empty = those of the setup.
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)
        given = settings.splitlines() if isinstance(settings, str) else settings
        wanted = [line.strip() for line in given if line.strip()]
        if not (wanted or overrides.words or rules.strip()):
            raise InputError(
                "What if what? Nothing is given that would be different.", hint="Give a setting, a flag, or rules."
            )
        now, then = other_setup(made, rules.strip() or None, wanted, overrides)
        found = what_if(now, then)
        told = told_of(found)
        text = [f"### {made.webstore_code}: a plan under other rules, nothing asked, nothing written"]
        most = made.reports.rows
        for table in tables_of(found, masked=made.reports.personal_data is PersonalData.MASK):
            text.append(table_as_it_is(table.columns, table.rows[:most]))
            text += [f"The first {most:,} of {len(table.rows):,} rows."] if len(table.rows) > most else []
        text.append(lines_as_they_are(told))
        create_markdown_artifact(key=artifact_key("what-if", made.webstore_code), markdown="\n\n".join(text))
        number = len({one.who for one in found.differences})
        would = counted(number, "customer would be planned otherwise", "customers would be planned otherwise")
        return Told(sentences(f"{would}; nothing was written", told[-1]), found.groups)

    return concluded(setup, body)  # type: ignore[no-any-return]
