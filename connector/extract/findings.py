"""What is not as expected of a run's data: who is set apart for it, with which reason, and whether the run must stop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa

from connector.core.expectations import Finding, Severity
from connector.errors import PremiseBroken

__all__ = ["apart", "merged", "reasons_of", "stop_on_findings"]

Reasons = Mapping[Any, str]


def stop_on_findings(findings: Iterable[Finding]) -> None:
    """Raise PremiseBroken if an expectation of severity "stop" is not met."""
    broken = [finding for finding in findings if finding.expectation.severity is Severity.STOP]
    if broken:
        raise PremiseBroken(
            "The data are not what every run relies on: " + " ".join(finding.words for finding in broken),
            hint="Nothing was written. The expectations stand in mappings/quality/.",
        )


def reasons_of(findings: Sequence[Finding], mapping: pd.DataFrame) -> tuple[Reasons, Reasons]:
    """Webstore id → why it is set apart, and the same for Business Central ids. A bad mapping row sets both apart."""
    w: dict[Any, list[str]] = defaultdict(list)
    c: dict[Any, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.expectation.severity is not Severity.QUARANTINE:
            continue
        reason = f"{finding.expectation.field}: {finding.expectation.reason}"
        if finding.suite == "webstore":
            for key in finding.keys:
                w[int(key)].append(reason)
            continue
        for bc_id in finding.keys:
            c[bc_id].append(reason)
        if finding.suite == "mapping":
            for webstore_id in mapping.loc[mapping["bc_id"].isin(finding.keys), "webstore_id"].dropna():
                w[int(webstore_id)].append(reason)
    return _joined(w), _joined(c)


def _joined(reasons: Mapping[Any, Sequence[str]]) -> Reasons:
    return {key: " ".join(dict.fromkeys(texts)) for key, texts in reasons.items()}


def apart(table: pa.Table, key: str, reasons: Reasons) -> pa.Table:
    """The same rows; whoever there is a reason for has it in `malformed`."""
    if not reasons or not table.num_rows:
        return table
    texts = [
        said or reasons.get(one, "")
        for one, said in zip(table[key].to_pylist(), table["malformed"].to_pylist(), strict=True)
    ]
    return table.set_column(table.column_names.index("malformed"), "malformed", pa.array(texts, type=pa.large_string()))


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of all partitions as one per expectation."""
    found: dict[tuple[str, int], Finding] = {}
    for finding in findings:
        place = (finding.suite, finding.expectation.line)
        before = found.get(place)
        found[place] = (
            replace(finding, count=before.count + finding.count, keys=(*before.keys, *finding.keys))
            if before
            else finding
        )
    return [found[place] for place in sorted(found)]
