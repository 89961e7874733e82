"""Questions about many rows, one form after the other; a run that was suspended finds its own rows again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prefect.input import RunInput
from prefect.input.actions import create_flow_run_input, read_flow_run_input

from connector.report.run_tables import masked_rows
from connector.setup import PersonalData, Setup
from flows.approving import answered

__all__ = ["PER_FORM", "answers_by_page"]

PER_FORM = 10
Rows = list[dict[str, Any]]


def answers_by_page(
    setup: Setup,
    name: str,
    waiting: Callable[[], Rows],
    identity: Callable[[Mapping[str, Any]], object],
    form: Callable[[Sequence[Mapping[str, Any]]], type[RunInput]],
) -> Iterator[tuple[Rows, dict[str, Any]]]:
    """Ask about rows until each was shown once.

    The rows of a form are kept with the flow run: when it goes on in another process, an answer still means the row that the
    person saw, whatever has changed since.

    Args:
        name: of the question, in the keys under which rows and answers are kept.
        waiting: the rows that wait now; asked again before every form.
        identity: what makes two rows the same one.
        form: makes the form of some rows, whose values are masked when the setup wants it.

    Yields:
        Each form's rows, and its answers.
    """
    shown: set[object] = set()
    page = 1
    while rows := _rows_of(f"{name}-{page}-rows", waiting, identity, shown):
        shown |= {identity(row) for row in rows}
        told = masked_rows(rows) if setup.reports.personal_data is PersonalData.MASK else rows
        yield rows, answered(setup, form(told), f"{name}-{page}").model_dump()
        page += 1


def _rows_of(
    key: str, waiting: Callable[[], Rows], identity: Callable[[Mapping[str, Any]], object], shown: set[object]
) -> Rows:
    kept: Any = read_flow_run_input(key)
    if kept is not None:
        return list(kept)
    rows = [row for row in waiting() if identity(row) not in shown][:PER_FORM]
    create_flow_run_input(key, rows)
    return rows
