"""Who is meant by a name: one customer, or nobody and why."""

from __future__ import annotations

import pytest

from connector.core.customer_references import Who, find

ANN = "a1b2c3d4-0000-0000-0000-00000000000a"
BEA = "b1b2c3d4-0000-0000-0000-00000000000b"
CUSTOMERS = [
    Who(ANN, "C00010", 17), Who(ANN, "C00010", None), Who(BEA, "C00020", None), Who(None, "", 21), Who(None, "", 30),
]  # fmt: skip


def keys(*names: str) -> set[str]:
    found = find(names, CUSTOMERS, "not in this plan")
    assert not found.problems
    return {key for _, key in found.keys}


@pytest.mark.parametrize(
    "name",
    [
        "C00010",
        "c00010",
        " C00010 ",
        ANN,
        ANN.upper(),
        f"{{{ANN}}}",
        "woo:17",
        "WOO:17",
        "woo: 17",
        "\u200bC00010",
        "Ｃ０００１０",
        "woo:17\ufeff",
    ],
)
def test_a_customer_is_found_by_every_name_it_has_and_with_all_that_the_plan_does_to_it(name: str) -> None:
    assert keys(name) == {ANN, "17"}


def test_a_create_is_found_though_it_has_no_number_yet() -> None:
    assert keys("woo:21", f"{{{BEA.upper()}}}") == {"21", BEA}


def test_the_same_customer_named_twice_is_one() -> None:
    assert keys("C00010", "C00010", "woo:17") == keys("C00010")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("C00011", "C00011: not in this plan"),
        ("17", "17: not in this plan (woo:17 is)"),
        ("woo:4711", "woo:4711: not in this plan"),
        ("", "a blank name means nobody"),
        ("  ", "a blank name means nobody"),
        ("%", "%: not in this plan"),
    ],
)
def test_a_name_that_means_nobody_is_a_problem(name: str, problem: str) -> None:
    found = find(["C00020", name], CUSTOMERS, "not in this plan")
    assert found.problems == (problem,)


def test_a_name_that_fits_two_customers_is_a_problem_that_says_which() -> None:
    twice = [Who(ANN, "C1", 1), Who(BEA, "C1", 2)]
    (problem,) = find(["C1"], twice, "not in this plan").problems
    assert problem.startswith("C1 fits several customers")
    assert ANN in problem and BEA in problem


def test_a_number_that_looks_like_an_account_is_ambiguous_where_that_account_is_there() -> None:
    both = [Who(ANN, "woo:5", None), Who(BEA, "C2", 5)]
    assert "fits several" in find(["woo:5"], both, "not here").problems[0]
