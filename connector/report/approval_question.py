"""The question that a plan asks of a person before it may be written, as Markdown for forms and terminals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from connector.core.characters import shown
from connector.core.counting import counted
from connector.planning.approvals import PlanShown
from connector.report.literal import table_as_it_is
from connector.report.run_tables import masked_rows
from connector.report.wrapping import FORM
from connector.setup import PersonalData, Setup

__all__ = ["question"]

_SHOWN = 20
_COLUMNS = ("customer", "field", "before → after")
_SHOWN_FIRST = ("delete", "update", "create", "link", "unlink", "orphan")
# what is left as it is comes last
_LEFT = {"withheld": "withheld", "kept": "changed by somebody since, or kept by a policy", "keep": "left as it is"}
_OTHER = {"push": "Business Central", "pull": "webstore"}


def question(setup: Setup, plan: PlanShown, page: str = "", *, in_browser: bool = False) -> str:
    """Markdown of a plan: why it waits, what it does, its first rows, and where the whole of it is.

    Args:
        page: address of the whole plan; "" = there is none.
        in_browser: for a form of the Prefect UI, else for a terminal.
    """
    counts = "\n".join(f"- {name}: **{count}**" for name, count in plan.counts.items())
    mails = plan.counts.get("push create", 0)
    people = counted(mails, "person", "people")
    warning = f"\n\n{people} will be sent the shop's new-account mail." * bool(mails)
    deletions = plan.counts.get("push delete", 0)
    warning += f"\n\n**{counted(deletions, 'account')} will be deleted in the webstore.**" * bool(deletions)
    left = Counter(str(row["action"]) for row in plan.rows if row["action"] in _LEFT)
    or_more = " or more" if plan.approved.unnamed else ""
    counts += "".join(
        f"\n- not written, {_LEFT[action]}: **{count}**{or_more}" for action, count in sorted(left.items())
    )
    # what loses a value comes first
    rows = [row for action in (*_SHOWN_FIRST, *_LEFT) for row in plan.rows if row["action"] == action and _acts(row)]
    first = rows[:_SHOWN]
    if setup.reports.personal_data is PersonalData.MASK:
        first = masked_rows(first)
    more = f"Below are the first {len(first)} of {len(rows)}{or_more} rows. " if len(rows) > len(first) else ""
    if plan.approved.unnamed:
        more += (
            f"Of so large a plan the first {len(plan.approved.customers):,} writes and links are kept to be looked at, and of "
            f"{plan.approved.unnamed:,} others what tells whether they are still the same. "
        )
    cells = _cells(first)
    table = table_as_it_is(_COLUMNS, cells, width=FORM) if in_browser else _markdown(_COLUMNS, cells)
    link = f"[The whole plan]({page})" if page else ""
    head = f"### Plan `{plan.hash[:12]}` of webstore {setup.webstore_code}\n\nIt waits: {plan.reason}."
    # Prefect's form cuts the table in a low window, so that whatever must be seen stands above it
    return f"{head}\n\n{counts}{warning}\n\n{more}{link}\n\n{table}"


def _acts(row: dict[str, Any]) -> bool:
    """Whether a row is something that is done: an orphan may only be reported."""
    return row["action"] != "orphan" or not str(row["reason"]).endswith("; report")


def _cells(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Three columns, each customer named once: the form of a pause is narrow."""
    cells = []
    named = ""
    for row in rows:
        pair = f" = woo:{row['webstore_id']}" if row["action"] in {"link", "unlink"} and row["webstore_id"] else ""
        who = f"{row['direction']} {row['action']} {row['bc_number'] or 'woo:' + str(row['webstore_id'])}{pair}".strip()
        cells.append(("" if who == named else who, str(row["field"] or ""), _change(row)))
        named = who
    return cells


def _change(row: dict[str, Any]) -> str:
    """Before → after, and what makes another sense of it; of what changes no field the reason."""
    if not row["field"]:
        return str(row["reason"]) if row["action"] in {"orphan", "unlink", "keep"} else ""
    change = f"{row['before'] or ''} → {row['after'] or ''}"
    if row.get("other_side") is not None:  # plans of earlier versions do not have it
        change += f" ({_OTHER[row['direction']]}: {row['other_side'] or '(blank)'})"
    return f"{change}; not written: {row['reason']}" if row["action"] in _LEFT else change


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# what Markdown would make a link, an image, markup or another column of; a customer may be called so
_MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def _escaped(value: str) -> str:
    """A value as a cell of a Markdown table, as plain text."""
    return _MARKDOWN.sub(r"\\\1", " ".join(shown(value).split()))
