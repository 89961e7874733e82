"""Questions about many rows, one form after the other; a run that was suspended finds its own rows again.

Only before the first form the process ends: nobody knows when somebody comes. Whoever has answered one is there, and gets the
next one from the same process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from prefect.input.actions import create_flow_run_input, read_flow_run_input
from prefect.logging import get_run_logger

from connector.report.run_tables import masked_rows
from connector.setup import PersonalData, Setup
from flows.forms import SignedForm
from flows.run_tags import sign
from flows.waiting import Question, Unanswered, answered

__all__ = ["PER_FORM", "Shown", "answers_by_page", "once"]

PER_FORM = 10
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    """The rows of one form, and which of all they are.

    Attributes:
        before: how many were shown before; total: how many there are, these and those before included.
    """

    rows: Rows
    page: int
    before: int
    total: int

    def words(self, one: str, several: str) -> str:
        """Which of how many, as people read it: page 2 of 5, 10 of 47 pairs."""
        pages = self.page + ceil((self.total - self.before - len(self.rows)) / PER_FORM)
        return f"page {self.page} of {pages}, {len(self.rows)} of {self.total} {one if self.total == 1 else several}"


def answers_by_page(
    setup: Setup,
    name: str,
    nouns: tuple[str, str],
    waiting: Callable[[], Rows],
    identity: Callable[[Mapping[str, Any]], object],
    form: Callable[[Shown], type[SignedForm]],
) -> Iterator[tuple[Shown, dict[str, Any]]]:
    """Ask about rows until each was shown once, or nobody answers any more.

    The rows of a form are kept with the flow run: when it goes on in another process, an answer still means the row that the
    person saw, whatever has changed since.

    Args:
        name: of the question, in the keys under which rows and answers are kept.
        nouns: what a row is called, and several.
        waiting: the rows that wait now; asked again before every form.
        identity: what makes two rows the same one.
        form: makes the form of some rows, whose values are masked when the setup wants it.

    Yields:
        What each form showed, and its answers.

    Raises:
        Unanswered: nobody answered the first form in time.
    """
    seen: set[object] = set()
    page = 1
    while (shown := _shown(name, page, waiting, identity, seen)).rows:
        seen |= {identity(row) for row in shown.rows}
        told = masked_rows(shown.rows) if setup.reports.personal_data is PersonalData.MASK else shown.rows
        what = shown.words(*nouns)
        left = shown.total - shown.before
        stay = "stays as it is" if left == 1 else "stay as they are"
        otherwise = f"this run ends, and {left} {nouns[left != 1]} {stay}: start it again then"
        question = Question(f"{name}-{page}", f"{what} to decide", otherwise, at_once=page > 1)
        try:
            answers = answered(setup, form(Shown(told, page, shown.before, shown.total)), question)
        except Unanswered as nobody:
            if page == 1:
                raise
            get_run_logger().warning("%s", nobody)
            return
        sign(answers.name)
        yield shown, answers.model_dump()
        if shown.before + len(shown.rows) >= shown.total:  # asking for more may mean to read both systems again
            return
        page += 1


def once(name: str, work: Callable[[], dict[str, int]]) -> dict[str, int]:
    """Do what comes before the first form, if this run has not done it before its process ended there; gives its counts."""
    key = f"{name}-before"
    kept: Any = read_flow_run_input(key)
    if kept is not None:
        return dict(kept)
    done = work()
    create_flow_run_input(key, done)
    return done


def _shown(
    name: str,
    page: int,
    waiting: Callable[[], Rows],
    identity: Callable[[Mapping[str, Any]], object],
    seen: set[object],
) -> Shown:
    key = f"{name}-{page}-rows"
    kept: Any = read_flow_run_input(key)
    if kept is not None:
        return Shown(list(kept["rows"]), page, kept["before"], kept["total"])
    left = [row for row in waiting() if identity(row) not in seen]
    shown = Shown(left[:PER_FORM], page, len(seen), len(seen) + len(left))
    create_flow_run_input(key, {"rows": shown.rows, "before": shown.before, "total": shown.total})
    return shown
