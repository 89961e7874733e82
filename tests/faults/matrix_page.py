"""docs/reliability.md: what became of every case of the fault matrix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.faults.matrix_cases import FAULTS, OPERATIONS, Case

__all__ = ["REPORT", "CaseResult", "line_of", "page_of"]

REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass(frozen=True)
class CaseResult:
    """What became of a case.

    Attributes:
        struck: how often the fault struck.
        told: how the run with the fault ended: "done", or the exit code with what it said.
        runs: how many runs more it took until nothing was left to write, the last one not counted.
        problems: of world.py, "rest" when the systems did not come to rest, "silent" when a run did not say what it met
            once, "obeyed" when it said what a terminal or a browser would obey.
        asked: a person had to answer before both sides agreed.
    """

    case: Case
    struck: int
    told: str
    runs: int
    problems: dict[str, list[str]]
    asked: bool = False

    @property
    def converged(self) -> bool:
        """Whether all is well."""
        return self.struck > 0 and not any(self.problems.values())

    @property
    def cell(self) -> str:
        """The case in the table."""
        if not self.converged:
            return "**FAILED**"
        if self.asked:
            return "stopped, asked" if self.told.startswith("exit 3") else "asked"
        if self.case.fault.kind == "stale" and self.told.startswith("exit 3"):
            return "stopped"
        return {0: "same run", 1: "next run"}.get(self.runs, f"{self.runs} runs later")


def line_of(results: list[CaseResult]) -> str:
    """The line that people and programs look for."""
    converged = sum(v.converged for v in results)
    duplicates = sum(len(v.problems.get("duplicates", [])) for v in results)
    losses = sum(len(v.problems.get(kind, [])) for v in results for kind in ("lost", "forgotten"))
    return f"{len(results)} cases: {converged} converged, {duplicates} duplicates, {losses} losses"


def page_of(results: list[CaseResult]) -> str:
    """docs/reliability.md."""
    text = [HEAD]
    for always, title in ((False, "Struck once"), (True, "Struck at every request of the run")):
        rows = [v for v in results if v.case.always is always]
        text += [
            f"\n## {title}\n",
            f"| fault | side | {' | '.join(OPERATIONS)} |",
            "|---" * (2 + len(OPERATIONS)) + "|",
        ]
        for fault in FAULTS:
            for side in fault.sides:
                cells = {v.case.operation: v.cell for v in rows if v.case.fault is fault and v.case.side == side}
                if cells:
                    shown = " | ".join(cells.get(operation, "–") for operation in OPERATIONS)
                    text.append(f"| {fault.name} | {side.replace('_', ' ')} | {shown} |")
    return "\n".join([*text, "", line_of(results), ""])


HEAD = """# Reliability

Written by `make fault-matrix`; the cases are those of `tests/faults/matrix_cases.py`.

Each case: a small webstore and a small company that are synchronised; then work of one kind (*extract*: one edit on the other
side, the fault strikes while this side is read; *create*: four new customers; *update*: one edit; *batch*: 25 edits; *link*:
three customers who are on both sides with differing data), with the fault on the side that is read or written; then runs
without the fault, until one writes nothing. What is checked then: both sides agree, no customer twice, no write without an
outcome, no created customer unknown, no edit of a person lost.

A *stale list* is a state of a whole side: it remembers how it was, a run does the work, and another run reads the side as it was
before. *Restored from a backup*: a run does the work, and then the side is as it was before it (*extract*: an edit of that side,
which the backup does not have); a run tells it and writes nothing that would take anything back, a person answers that the other
side is right. What a restore took away on its own side, such as customers created since, is reported as gone.

*Endless pages*: behind each page of a list there is said to be another one, with customers whom nobody knows, with the same ones
again, or with nobody; *look-ups* are the lists that are asked for right before a write. A *slow drip* is a byte now and then for
ever; `timeout_seconds` bounds the whole answer. An *oversized* answer is the right one behind 300 MB of blanks, as they are or in
300 kB of gzip. *Escapes*: the text of the error holds what a terminal or a browser obeys; it must stand neither on the terminal
nor in log, summary, activity log, HTML report, store or any file. A *number series* that is exhausted refuses all four creates,
is told once, and creates them in the run after it was mended.

*same run*: the run with the fault did all its work. *next run*: the run with the fault left something, said so with an exit
code and a message, and the next one did it. *asked*: it left the fields alone and asked a person; after the answer both sides
agree. *stopped*: so many records were older than before (`[breakers] went_back`, 2) that it stopped before its first write; when
the lists show the present again, nothing is left to do.

One thing cannot be noticed by anybody: WooCommerce has neither tags nor conditional writes, so that what a person types in the
milliseconds between the re-check and the write, into the very field that is written, is overwritten. The journal has the value
before and the value after; Business Central refuses such a write by its tag.

Another needs a copy of a database that lags and answers *all* reads. What was typed in the shop since the copy was made is
overwritten in the same way; and a company denies whom it has just got: where `orphan = "unlink"` is set, or a run is killed as it
creates, the customer may be created a second time, since Business Central has no unique field.

Runs are killed in the crash test (`make crash-test`); here they live. What comes together in any order (people, kills, restored
sides, old copies, ids that change owners, runs that stand still, clocks that jump) is lived at random: `make lives` lives 2,000
lives of a small shop, judges each run by what people did, and counts what was lost, who is there twice, what was not told."""
