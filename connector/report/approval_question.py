"""The question that a plan asks of a person before it may be written, as Markdown for forms and terminals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from connector.core.characters import shown
from connector.core.counting import counted
from connector.planning.approvals import PlanShown
from connector.report.run_tables import masked_rows
from connector.setup import PersonalData, Setup

__all__ = ["escaped", "question"]

_SHOWN = 20
_SHOWN_FIRST = ("delete", "update", "create", "link", "unlink", "orphan")


def question(setup: Setup, plan: PlanShown, page: str = "") -> str:
    """Markdown of a plan: why it waits, what it does, its first rows, and where the whole of it is.

    Args:
        page: address of the whole plan; "" = there is none.
    """
    counts = "\n".join(f"- {name}: **{count}**" for name, count in plan.counts.items())
    mails = plan.counts.get("push create", 0)
    warning = f"\n\n{mails} people will be sent the shop's new-account mail." * bool(mails)
    deletions = plan.counts.get("push delete", 0)
    warning += f"\n\n**{counted(deletions, 'account')} will be deleted in the webstore.**" * bool(deletions)
    # what loses a value comes first
    rows = [row for action in _SHOWN_FIRST for row in plan.rows if row["action"] == action and _acts(row)]
    first = rows[:_SHOWN]
    if setup.reports.personal_data is PersonalData.MASK:
        first = masked_rows(first)
    more = f"The first {len(first)} of {len(rows)} rows. " if len(rows) > len(first) else ""
    return (
        f"### Plan `{plan.hash[:12]}` of webstore {setup.webstore_code}\n\nIt waits: {plan.reason}.\n\n"
        f"{counts}{warning}\n\n{_table(first)}\n\n{more}" + (f"[The whole plan]({page})" if page else "")
    )


def _acts(row: dict[str, Any]) -> bool:
    """Whether a row is something that is done: an orphan may only be reported."""
    return row["action"] != "orphan" or not str(row["reason"]).endswith("; report")


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """Three columns, each customer named once: the form of a pause is narrow."""
    lines = ["customer | field | before → after", "---|---|---"]
    named = ""
    for row in rows:
        pair = f" = woo:{row['webstore_id']}" if row["action"] == "link" else ""
        who = f"{row['direction']} {row['action']} {row['bc_number'] or 'woo:' + str(row['webstore_id'])}{pair}".strip()
        change = f"{row['before'] or ''} → {row['after'] or ''}" if row["field"] else ""
        change = str(row["reason"]) if row["action"] == "orphan" else change
        lines.append(" | ".join(escaped(cell) for cell in ("" if who == named else who, row["field"], change)))
        named = who
    return "\n".join(f"| {line} |" for line in lines)


# what Markdown would make a link, an image, markup or another column of; a customer may be called so
_MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def escaped(value: Any) -> str:
    """A value as a cell of a Markdown table, as plain text."""
    return _MARKDOWN.sub(r"\\\1", " ".join(shown(str(value)).split()))
