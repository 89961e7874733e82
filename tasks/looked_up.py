"""What somebody has looked up, as an artifact: any rows, with a sentence about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from connector.report.run_tables import ShownTable, masked
from connector.setup import PersonalData, Setup
from tasks.report import publish_table

__all__ = ["publish_looked_up"]


def publish_looked_up(setup: Setup, title: str, rows: Sequence[Mapping[str, Any]], total: int, told: str) -> None:
    """Show rows under the key `looked-up-<webstore>`, masked as the setup wants it.

    Args:
        total: how many rows there are.
        told: a sentence about them.
    """
    frame = pd.DataFrame(list(rows), dtype=object)
    if setup.reports.personal_data is PersonalData.MASK:
        frame = masked(frame)
    publish_table(
        setup.webstore_code, ShownTable("looked-up", f"{title[0].upper()}{title[1:]}. {told}", frame, total, "")
    )
