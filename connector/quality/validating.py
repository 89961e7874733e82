"""Validates frames: which expectations are not met, and by whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.expectations import WHOLE, Expectation, Finding, Severity
from connector.errors import InternalError
from connector.quality.engine import batch_of
from connector.quality.suites import suite_of

__all__ = ["validate"]

# of a warning the artifact shows some examples; whoever is quarantined is named in any case
EXAMPLES = 20


def validate(suite: str, expectations: Sequence[Expectation], table: pa.Table, keys: pa.Array) -> list[Finding]:
    """What is not as expected.

    Args:
        suite: its name in messages.
        table: one row per record, columns by the words of the suite; "" and null both mean blank.
        keys: how each record is named, in the order of the table.

    Returns:
        One finding per expectation that is not met, in the order of the file. What is said of a field that is not there is
        not checked, except that it `is there`.
    """
    there = set(table.column_names)
    expectations = [e for e in expectations if e.words == "is there" or there.issuperset(e.fields)]
    if not table.num_rows:  # nobody can fail; what is said of all records together still counts
        expectations = [e for e in expectations if e.words in WHOLE]
    if not expectations:
        return []
    found = batch_of(_frame(table, expectations)).validate(
        suite_of(suite, expectations), result_format={"result_format": "COMPLETE", "partial_unexpected_count": 0}
    )
    findings = [_finding(suite, expectations, result, keys) for result in found.results if not result.success]
    return sorted(findings, key=lambda finding: finding.expectation.line)


def _frame(table: pa.Table, expectations: Sequence[Expectation]) -> pd.DataFrame:
    """The columns that the suite names, blanks as missing values: what is blank is judged by `is filled` alone."""
    needed = {name for expectation in expectations for name in expectation.fields}
    columns = {name: _without_blanks(table[name]) for name in table.column_names if name in needed}
    if not columns:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _without_blanks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def _finding(suite: str, expectations: Sequence[Expectation], result: Any, keys: pa.Array) -> Finding:
    expectation = expectations[result.expectation_config.meta["position"]]
    details = result.result or {}
    trouble = _exception(result.exception_info)
    if trouble:
        raise InternalError(
            f"The expectation {expectation.text!r} (mappings/quality/{suite}.csv:{expectation.line}) cannot be checked: {trouble}"
        )
    rows = details.get("unexpected_index_list") or []
    shown = rows[:EXAMPLES] if expectation.severity is Severity.WARN else rows
    names = keys.take(pa.array(shown, type=pa.int64())).to_pylist() if shown else []
    return Finding(suite, expectation, int(details.get("unexpected_count") or 0), tuple(str(name) for name in names))


def _exception(info: Any) -> str:
    """The first exception that Great Expectations met; its keys differ by where it was met. Values are left out."""
    infos = [info, *(info.values() if isinstance(info, dict) else [])]
    for one in infos:
        if isinstance(one, dict) and one.get("raised_exception"):
            message = str(one.get("exception_message") or "unknown")
            return re.sub(r"'[^']*'", "'…'", message.splitlines()[0])[:200]
    return ""
