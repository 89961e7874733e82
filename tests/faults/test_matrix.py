"""One case of every fault of the matrix, each with another kind of work; the whole matrix is `make fault-matrix`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.matrix_cases import FAULTS, Case, all_cases
from tests.faults.matrix_page import REPORT, line_of
from tests.faults.matrix_site import Site, site

CASES = [
    Case(fault, fault.operations[n % len(fault.operations)], fault.sides[n % len(fault.sides)], always=False)
    for n, fault in enumerate(FAULTS)
    if "Retry-After" not in fault.name  # these wait
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("matrix")) as started:
        yield started


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_after_any_fault_both_sides_agree_and_nothing_is_lost_or_there_twice(here: Site, case: Case) -> None:
    result = here.play(case)
    assert result.struck, "the fault did not strike"
    assert not any(result.problems.values()), (result.told, result.problems)


def test_the_page_shows_the_whole_matrix_and_no_failure() -> None:
    page = REPORT.read_text(encoding="utf-8")
    cases = len(all_cases())
    assert cases >= 150
    assert page.splitlines()[-1] == f"{cases} cases: {cases} converged, 0 duplicates, 0 losses"
    assert "FAILED" not in page
    assert all(f"| {fault.name} |" in page for fault in FAULTS)
    assert line_of([]) == "0 cases: 0 converged, 0 duplicates, 0 losses"
