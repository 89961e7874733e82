"""Tasks that show: plan and summary as artifacts in the Prefect UI."""

from __future__ import annotations

from typing import Any

import pandas as pd
from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from connector.core.plan import Plan

__all__ = ["publish_plan", "publish_summary"]

# every list of artifacts carries the whole tables: 500 rows are readable, 100,000 would be 10 MB a call
ROWS = 500


@task(task_run_name="publish plan", cache_policy=NO_CACHE)
def publish_plan(webstore_code: str, plan: Plan) -> None:
    """The plan as a table artifact: field before → after, with the reason."""
    table = plan.table()
    shown = table.head(ROWS).astype(object).where(lambda frame: frame.notna(), None)
    create_table_artifact(
        key=f"plan-{webstore_code.replace('_', '-')}",
        table=[{str(name): value for name, value in row.items()} for row in shown.to_dict(orient="records")],
        description=f"Plan {plan.hash[:12]}: {len(table)} rows"
        + (f", the first {ROWS} shown" if len(table) > ROWS else ""),
    )


@task(task_run_name="publish summary", cache_policy=NO_CACHE)
def publish_summary(summary: dict[str, Any]) -> None:
    """The run in numbers as a markdown artifact."""
    counters = pd.DataFrame({name: summary[name] for name in ("push", "pull")})
    rows = [f"| {name} | {row['push']} | {row['pull']} |" for name, row in counters.iterrows()]
    others = [f"- {name}: {summary[name]}" for name in ("linked", "conflicts", "ambiguous", "orphans", "quarantined")]
    errors = [f"- {e['customer']} ({e['system']}): {e['message']}" for e in summary["errors"][:ROWS]]
    text = ["| | push | pull |", "|---|---|---|", *rows, "", *others, ""]
    text += (["**Not written**", "", *errors] if errors else []) + [f"\n**Stopped**: {s}" for s in summary["stopped"]]
    create_markdown_artifact(key=f"summary-{summary['webstore_code'].replace('_', '-')}", markdown="\n".join(text))
