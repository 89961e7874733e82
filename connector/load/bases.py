"""Moving bases: what each side held, field by field, when both last agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from connector.core.normalize import NORMALIZERS, fingerprint
from connector.core.plan import Agreement
from connector.load.run import Run
from connector.store import Base, Work

__all__ = ["put_bases"]


def put_bases(run: Run, work: Work, agreements: Sequence[Agreement]) -> None:
    """Move the bases of some fields of some pairs; the other fields keep theirs."""
    stored = work.bases.read([agreement.bc_id for agreement in agreements])
    known = {
        (bc_id, webstore_id): (orjson.loads(w), orjson.loads(c))
        for bc_id, webstore_id, w, c in zip(
            stored["bc_id"], stored["webstore_id"], stored["webstore"], stored["business_central"], strict=True
        )
    }
    rows = []
    for agreement in agreements:
        w, c = known.get((agreement.bc_id, agreement.webstore_id), ({}, {}))
        w, c = {**w, **agreement.webstore}, {**c, **agreement.business_central}
        rows.append(
            Base(agreement.bc_id, agreement.webstore_id, w, c, base_hash(run, w), base_hash(run, c), run.run_id)
        )
    work.bases.put(rows)


def base_hash(run: Run, values: Mapping[str, str]) -> str:
    """The fingerprint of one side of a base, comparable with those of an extract (normalize.row_hashes)."""
    return fingerprint(
        None if rule.field not in values else NORMALIZERS[rule.normalizer](values[rule.field])
        for rule in run.rules.fields.rules
    )
