"""Validating only what has changed: what was found in the very same data by the same expectations is true again.

Most scheduled runs read what the last one read. What was found then stands in that run's summary, by key and without values,
together with a digest of data and expectations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from connector.core.column_lookup import ENGINE, hashes_of_rows
from connector.core.expectations import Expectation, Finding
from connector.quality import validate
from connector.run.run import Run
from connector.run.summary import RunSummary

__all__ = ["Validation", "is_known", "last_validated", "validate_once"]

# a summary is no place for a hundred thousand keys: then everything is validated anew
_MOST_KEYS = 2_000
_RUNS_LOOKED_THROUGH = 5


def last_validated(run: Run) -> Mapping[str, Any]:
    """What earlier runs found, by suite: `digest` and `findings`."""
    with run.store.view(run.code) as view:
        summaries = [RunSummary.from_stored(row["summary"]) for row in view.runs.recent(_RUNS_LOOKED_THROUGH)]
    return next((summary.validated for summary in summaries if summary.validated), {})


@dataclass
class Validation:
    """What was found in one partition, and what the next run may rely on.

    Attributes:
        remembered: piece of data → `digest` and `findings`, for the run's summary.
        anew: something was validated that was not known.
    """

    findings: list[Finding] = field(default_factory=list)
    remembered: dict[str, Any] = field(default_factory=dict)
    anew: bool = False


def is_known(known: Mapping[str, Any], piece: str, expectations: Sequence[Expectation], table: pa.Table) -> bool:
    """Whether `known` is about the very same data and expectations; as in `validate_once`."""
    return bool(known.get(piece, {}).get("digest") == _digest(expectations, table))


def validate_once(
    validation: Validation,
    known: Mapping[str, Any],
    piece: str,
    suite: str,
    expectations: Sequence[Expectation],
    table: pa.Table,
    keys: pa.Array,
) -> None:
    """As `connector.quality.validate`, but only when data or expectations are not those that `known` is about.

    Args:
        validation: gets what is found.
        known: what earlier runs remembered, by piece.
        piece: the data's name: the suite's, and which partition they are of.
    """
    digest = _digest(expectations, table)
    before = known.get(piece, {})
    if before.get("digest") == digest:
        findings = [Finding(suite, expectations[i], count, tuple(keys)) for i, count, keys in before["findings"]]
    else:
        findings = validate(suite, expectations, table, keys)
        validation.anew = True
    validation.findings += findings
    if sum(len(finding.keys) for finding in findings) <= _MOST_KEYS:
        places = {id(expectation): i for i, expectation in enumerate(expectations)}
        told = [[places[id(f.expectation)], f.count, list(f.keys)] for f in findings]
        validation.remembered[piece] = {"digest": digest, "findings": told}


def _digest(expectations: Sequence[Expectation], table: pa.Table) -> str:
    needed = {name for expectation in expectations for name in expectation.fields} | {"id", "bc_id", "webstore_id"}
    names = [name for name in table.column_names if name in needed]
    digest = hashlib.blake2b(hashes_of_rows([table[name] for name in names], ENGINE).data, digest_size=16)
    digest.update("\n".join(names).encode())
    digest.update("\n".join(str(expectation) for expectation in expectations).encode())
    return digest.hexdigest()
