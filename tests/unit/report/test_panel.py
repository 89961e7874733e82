"""What an artifact's panel has room for: the same few columns of each kind of table, and no word that pushes it wider."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.report.panel import KINDS, readable
from connector.report.run_tables import masked
from connector.report.wrapping import PANEL, broken, column_limits

GUID = "5d115c9c-44e3-ea11-bb43-000d3a2feca1"
PLANNED: dict[str, list[Any]] = {
    "direction": ["push", "", "push"], "action": ["update", "link", "withheld"], "bc_id": [GUID, GUID, GUID],
    "bc_number": ["C1", "C2", ""], "webstore_id": [None, 7.0, 8.0], "field": ["city", "", "city"], "base": ["", "", ""],
    "before": ["Oslo", "", ""], "after": ["Bergen", "", "Ås"], "reason": ["changed", "same e-mail", "push is None"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "frame", "rows"),
    [
        (
            "plan",
            PLANNED,
            [
                ["push update", "C1", "city", "Oslo → Bergen", "changed"],
                ["link", "C2 woo:7", "", "", "same e-mail"],
                ["push withheld", "woo:8", "city", "(blank) → Ås", "push is None"],
            ],
        ),
        (
            "holds",
            {"bc_number": ["", "C2"], "key": ["woo:5", f"bc:{GUID}"], "direction": ["pull", "push"],
             "failed_attempts": [3, 1], "last_error": ["no", ""],
             "last_failed_at": pd.to_datetime(["2026-03-01T10:20:30Z", None])},
            [["woo:5", "pull", "3", "no", "2026-03-01 10:20"], ["C2", "push", "1", "", ""]],
        ),
        (
            "quality",
            {"key": ["woo:5", f"bc:{GUID}", ""], "data": ["business_central", "plan", "webstore"], "records": [2, 1, 0]},
            [["woo:5", "Business Central", "", "", "2", ""], [GUID, "plan", "", "", "1", ""], ["", "webstore", "", "", "0", ""]],
        ),
        (
            "conflicts",
            {"bc_number": ["C1"], "bc_id": [GUID], "webstore_id": [7], "field": ["city"], "base": [None],
             "webstore": ["Ås"], "since": pd.to_datetime(["2026-03-01"])},
            [["C1 woo:7", "city", "", "Ås", "", ""]],
        ),
        ("ambiguous", {"bc_number": [""], "webstore_id": [9], "field": [""], "reason": ["same email"]},
         [["woo:9", "same email"]]),
        ("connection", {"result": ["ok"], "system": ["business_central"], "finding": ["reads"], "remedy": [""]},
         [["ok", "Business Central", "reads", ""]]),
    ],
)  # fmt: skip
def test_a_kind_of_table_has_its_columns_whatever_is_in_them(
    kind: str, frame: dict[str, Any], rows: list[list[str]]
) -> None:
    headings = list(KINDS[kind])
    assert readable(kind, pd.DataFrame(frame)) == (headings, rows)
    assert readable(kind, pd.DataFrame(frame).head(0)) == (headings, [])
    assert readable(kind, pd.DataFrame()) == (headings, [])


def test_another_table_has_who_it_is_first_and_no_ids_that_nobody_reads() -> None:
    frame = {
        "version": [3],
        "bc_id": [GUID],
        "bc_number": ["C1"],
        "webstore_id": [7],
        "last_error": [""],
        "changed": [True],
    }
    assert readable("history", pd.DataFrame(frame)) == (["customer", "version", "changed"], [["C1 woo:7", "3", "yes"]])


def test_a_masked_table_names_nobody() -> None:
    frame = masked(pd.DataFrame({"bc_name": ["Kari"], "webstore_name": ["Kari N"], "because": ["same name: kari"]}))
    assert frame.to_numpy().tolist() == [["K****", "K****", "s****"]]


@given(
    st.lists(
        st.lists(st.text(st.sampled_from("aWi漢@.-é "), max_size=400), min_size=1, max_size=3), min_size=1, max_size=8
    )
)
def test_words_are_broken_so_that_a_table_fits_and_nothing_is_lost(columns: list[list[str]]) -> None:
    limits = column_limits(columns, PANEL)
    assert sum(limits) <= PANEL
    for column, limit in zip(columns, limits, strict=True):
        for cell in column:
            pieces = broken(cell, limit)
            assert "".join(pieces) == cell
            assert len(pieces) == 1 or max(column_limits([" ".join(pieces).split()], 1e9)) <= max(limit, 3.2)


def test_what_fits_stays_whole_and_an_address_breaks_behind_its_punctuation() -> None:
    assert column_limits([["C1"], ["kari@nord.example"]], PANEL)[1] > 9
    full = [
        ["49b2c1bd"],
        ["Synchronisation of all"],
        ["2026-11-28 20:01:08.592801"],
        ["completed"],
        ["updated"],
        ["office"],
    ]
    limits = column_limits(full, PANEL)
    assert all(broken(text, limit) == [text] for (text,), limit in zip(full, limits, strict=True)), (
        "little room is left over"
    )
    assert broken("kari@nord.example Oslo", 12) == ["kari@nord.example Oslo"]
    assert broken("👩\u200d👩\u200d👧e\u0301" * 2, 1) == ["👩\u200d👩\u200d👧", "e\u0301"] * 2
    assert broken("see kari.nordmann-hansen@company.example", 9) == ["see kari.nordmann-", "hansen@company", ".example"]
