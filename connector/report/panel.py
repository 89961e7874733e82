"""Tables as people read them in the panel of an artifact: who comes first, and the same few columns wherever a table is made.

A kind of table (`plan`, `conflicts` …) has its columns here, and nowhere else: a run and the flow in which somebody decides show
the same ones, whether they hold anything or not. Ids that nobody reads are in none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["KINDS", "readable"]

# kind of table → its columns: heading → what is in it. Some are made of several: see _MADE
_CHANGE, _WHO, _WHAT = "before → after", "customer", "what"
KINDS: Mapping[str, Mapping[str, str]] = {
    "plan": {_WHAT: _WHAT, _WHO: _WHO, "field": "field", _CHANGE: _CHANGE, "reason": "reason"},
    "conflicts": {
        _WHO: _WHO,
        "field": "field",
        "in Business Central": "business_central",
        "in the webstore": "webstore",
        "last agreed": "base",
        "decided": "decided",
    },
    "ambiguous": {_WHO: _WHO, "reason": "reason"},
    "orphans": {_WHO: _WHO, "reason": "reason"},
    "quarantined": {_WHO: _WHO, "field": "field", "reason": "reason"},
    "holds": {
        _WHO: _WHO,
        "direction": "direction",
        "failures": "failed_attempts",
        "reason": "last_error",
        "last failure (UTC)": "last_failed_at",
    },
    "suggestions": {
        "pair": "pair",
        "in Business Central": "business_central",
        "in the webstore": "webstore",
        "standing": "standing",
        "because": "because",
    },
    "mapping": {
        _WHO: _WHO,
        "in Business Central": "bc_name",
        "in the webstore": "webstore_name",
        "ticked": "webstore_customer",
        "states": "states",
        "last error": "last_error",
    },
    "connection": {"result": "result", "system": "system", "finding": "finding", "what to do": "remedy"},
    "quality": {
        _WHO: _WHO,
        "data": "data",
        "expected": "expected",
        "reason": "reason",
        "records": "records",
        "severity": "severity",
    },
}
# of any other table: what nobody reads, and what a column is called
_NEVER = frozenset({"bc_id", "run_id"})
_HEADINGS = {
    "bc_name": "in Business Central",
    "webstore_name": "in the webstore",
    "business_central": "in Business Central",
    "webstore": "in the webstore",
    "base": "last agreed",
}
_SYSTEMS = {"business_central": "Business Central", "webstore": "webstore", "mapping": "mapping table"}
# a column of which nothing is told where it is missing, which is something else than a blank value
_BLANK = {"other_side": "(blank)"}
_OF_A_SYSTEM = frozenset({"system", "data"})


def readable(kind: str, frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """A table with the columns of its kind; of a kind that is not known here, with all columns that hold something.

    Returns:
        Headings, and rows of texts.
    """
    texts = {str(name): [_cell(str(name), value) for value in column] for name, column in frame.items()}
    texts |= _made(texts)
    columns = KINDS.get(kind) or {
        _HEADINGS.get(name, name.replace("_", " ")): name
        for name, column in texts.items()
        if name not in _NEVER and (any(column) or not len(frame))
    }
    blank = [""] * len(frame)
    rows = [list(row) for row in zip(*(texts.get(name, blank) for name in columns.values()), strict=True)]
    return list(columns), rows


def _made(texts: dict[str, list[str]]) -> dict[str, list[str]]:
    """Columns that are made of several others, which are taken out; who it is comes first."""
    made: dict[str, list[str]] = {}
    if {"direction", "action"} <= texts.keys():
        pairs = zip(texts.pop("direction"), texts.pop("action"), strict=True)
        made[_WHAT] = [" ".join(pair).strip() for pair in pairs]
    if texts.keys() & {"bc_number", "webstore_id", "key"}:
        names = [texts.pop(name, None) for name in ("bc_number", "webstore_id", "key")]
        length = max(len(column) for column in names if column is not None)
        filled = [column if column is not None else [""] * length for column in names]
        made[_WHO] = [_who(*names_of_one) for names_of_one in zip(*filled, strict=True)]
    if {"before", "after"} <= texts.keys():
        both = texts.pop("before"), texts.pop("after")
        other = texts.pop("other_side", [""] * len(both[0]))
        made[_CHANGE] = [_change(*values) for values in zip(*both, other, strict=True)]
    rest = {name: texts.pop(name) for name in list(texts)}
    return made | rest


def _who(number: str, account: str, key: str) -> str:
    """A customer by the names that every form takes: number and account, whichever are known."""
    names = [number, f"woo:{account}" if account else ""]
    if key.startswith("woo:") or not number:
        names.append(key.removeprefix("bc:"))
    return " ".join(dict.fromkeys(name for name in names if name))


def _cell(column: str, value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return "" if pd.isna(value) else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if value is None or (not isinstance(value, (str, dict)) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.3g}"
    return _SYSTEMS.get(str(value), str(value)) if column in _OF_A_SYSTEM else str(value) or _BLANK.get(column, "")


def _change(before: str, after: str, other: str) -> str:
    """What was and what will be, and what the other side holds where that is something else; of what stays the value alone."""
    change = before if before == after else f"{before or '(blank)'} → {after or '(blank)'}"
    return f"{change} (other side: {other})" if other else change
