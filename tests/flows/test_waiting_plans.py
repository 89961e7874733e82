"""A plan that waits on a real Prefect server: shown, edited meanwhile, answered; its process ended, restarted, or standing by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.server_world import World, world

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

ALL, SELECTED, UNDO = "synchronize-customers", "synchronize-selected-customers", "undo-run"
ALWAYS = {"approval": "always"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("waiting")) as made:
        assert made.wait(made.start(ALL))["state"]["type"] == "COMPLETED"
        yield made


def register(served: World, number: int) -> int:
    billing = {"address_1": f"Kai {number}", "city": "Bergen", "postcode": "5003", "country": "NO"}
    name = {"first_name": f"Nora{number}", "last_name": f"Vik{number}"}
    return served.running.webstore.people_create({"email": f"nora{number}@shop.example", **name, "billing": billing})


def registered(served: World, *numbers: int) -> dict[int, int]:
    return {number: register(served, number) for number in numbers}


def move(served: World, account: int, city: str) -> None:
    served.running.webstore.people_update(account, {"billing": {"city": city}})


def cities(served: World) -> dict[str, str]:
    company = served.running.business_central
    cards = [company.people_get(key) for key in company.customer_ids()]
    return {card["email"]: card["city"] for card in cards if card["email"].startswith("nora")}


def city(served: World, number: int) -> str:
    return cities(served).get(f"nora{number}@shop.example", "")


def waiting(served: World, flow: str, **parameters: Any) -> str:
    """A run that waits for an answer; gives its id."""
    run = served.start(flow, **parameters)
    served.wait(run, "PAUSED")
    served.until(lambda: served.stored_run(run).get("status") == "waiting", "the store to say that the run waits")
    return run


def summary(served: World, run: str) -> dict[str, Any]:
    ended = served.wait(run)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert "Dropped" in ended["state"]["message"] or not served.stored_run(run)["summary"]["dropped_customers"]
    found: dict[str, Any] = served.stored_run(run)["summary"]
    return found


def forms(served: World, run: str) -> int:
    """How often the run asked."""
    states = served.get(f"/flow_run_states/?flow_run_id={run}")
    return sum(state["type"] == "PAUSED" for state in states)


def form_of(served: World, run: str) -> str:
    """What a form that waits says above its fields; it is saved a moment after the run says that it waits."""
    keyset = served.run(run)["state"]["state_details"]["run_input_keyset"]

    def saved() -> str:
        answer = served.http.get(f"{served.api}/flow_runs/{run}/input/{keyset['description']}", timeout=60)
        return answer.text if answer.ok else ""

    return str(served.until(saved, "the form"))


def logged(served: World, run: str) -> str:
    """What a run has logged."""
    body = {"logs": {"flow_run_id": {"any_": [run]}}}
    return " ".join(one["message"] for one in served.post("/logs/filter", body))


def reasons(told: dict[str, Any]) -> dict[int | None, str]:
    return {lost["webstore_id"]: lost["reason"] for lost in told["dropped_customers"]}


def changed_between(served: World, run: str, accounts: dict[int, int], first: int, out: int) -> dict[str, Any]:
    """Somebody moves one customer while the plan waits, the answer leaves another one out, and a second answer comes late."""
    move(served, accounts[first], "Voss")
    served.resume(run, decision="approve", leave_out=f"woo:{accounts[out]}", name="Ada")
    late = {"run_input": {"decision": "approve", "leave_out": "", "name": "Bea"}}
    assert served.post(f"/flow_runs/{run}/resume", late)["status"] == "ABORT"
    return summary(served, run)


@pytest.mark.parametrize("flow", [ALL, SELECTED])
def test_an_approval_holds_for_the_rest_when_one_customer_was_edited_and_nobody_is_asked_again(
    served: World, flow: str
) -> None:
    start = 1000 if flow == ALL else 1100
    numbers = range(start, start + 5)
    accounts = registered(served, *numbers)
    selected = {"customers": [f"woo:{key}" for key in accounts.values()]} if flow == SELECTED else {}
    assert served.wait(served.start(flow, **selected))["state"]["type"] == "COMPLETED"
    for key in accounts.values():
        move(served, key, "Oslo")
    run = waiting(served, flow, overrides=ALWAYS, **selected)
    told = changed_between(served, run, accounts, start, start + 1)
    assert forms(served, run) == 1
    assert [city(served, number) for number in numbers] == ["Bergen", "Bergen", "Oslo", "Oslo", "Oslo"]
    assert reasons(told) == {
        accounts[start]: "changed since the plan was made", accounts[start + 1]: "left out by Ada",
    }  # fmt: skip
    assert (told["approved_by"], told["dropped_from_plan"], told["pull"]["updated"]) == ("Ada", 2, 3)


def test_a_worker_that_was_restarted_goes_on_with_the_answer_also_after_a_mistyped_one(served: World) -> None:
    accounts = registered(served, 1400, 1401, 1402)
    run = waiting(served, SELECTED, overrides=ALWAYS, customers=[f"woo:{key}" for key in accounts.values()])
    served.resume(run, decision="approve", leave_out="woo:4711", name="Ada")
    served.until(lambda: forms(served, run) == 2, "the form to come back")
    served.restart_worker()
    told = changed_between(served, run, accounts, 1400, 1401)
    assert forms(served, run) == 2
    assert [city(served, number) for number in (1400, 1401, 1402)] == ["", "", "Bergen"]
    assert reasons(told) == {
        accounts[1400]: "changed since the plan was made", accounts[1401]: "left out by Ada",
    }  # fmt: skip


def test_an_undo_that_waits_deletes_what_was_approved_and_nobody_else(served: World) -> None:
    company = served.running.business_central
    cards = []
    for number in (1600, 1601, 1602):
        record = {"displayName": f"Nora{number} Vik{number}", "type": "Person", "email": f"nora{number}@shop.example"}
        card = company.people_get(company.people_create({**record, "country": "NO", "city": "Bergen"}))
        cards.append(str(card["number"]))
    tick = served.start("edit-customer-mapping", action="tick", customers=cards)
    assert served.wait(tick)["state"]["type"] == "COMPLETED"
    made = served.start(ALL)
    assert summary(served, made)["push"]["created"] >= 3
    emails = {served.running.webstore.people_get(key)["email"]: key for key in served.running.webstore.customer_ids()}
    mine = {number: emails[f"nora{number}@shop.example"] for number in (1600, 1601, 1602)}
    served.approval(required="always")
    run = waiting(served, UNDO, run_id=made, delete_accounts=True)
    form = form_of(served, run)
    assert "accounts will be deleted in the webstore" in form
    undone = str(served.artifact("undone-shop")["data"])
    assert all(number in undone for number in cards) and "would be unlinked and deleted" in undone
    told = changed_between(served, run, mine, 1600, 1601)
    served.approval(required="never")
    assert forms(served, run) == 1
    left = served.running.webstore.customer_ids()
    assert [mine[number] in left for number in mine] == [True, True, False]
    lost = {one["webstore_id"]: (one["action"], one["reason"]) for one in told["dropped_customers"]}
    assert lost[mine[1601]] == ("delete", "left out by Ada")
    assert lost[mine[1600]][0] == "delete" and "changed since the run: city" in lost[mine[1600]][1]
    assert told["deleted"] >= 1


def test_a_paused_run_goes_on_in_its_own_process_with_the_approval(served: World) -> None:
    accounts = registered(served, 1700, 1701, 1702)
    served.approval(while_waiting="pause")
    run = waiting(served, SELECTED, overrides=ALWAYS, customers=[f"woo:{key}" for key in accounts.values()])
    assert served.run(run)["state"]["name"] == "Paused"
    told = changed_between(served, run, accounts, 1700, 1701)
    served.approval(while_waiting="suspend")
    assert forms(served, run) == 1
    assert [city(served, number) for number in (1700, 1701, 1702)] == ["", "", "Bergen"]
    assert set(reasons(told)) == {accounts[1700], accounts[1701]}


def test_a_run_that_waits_says_where_to_press_and_its_pages_come_from_one_process(served: World) -> None:
    company = served.running.business_central
    registered(served, *range(1800, 1812))
    for number in range(1800, 1812):
        company.people_create({"displayName": f"Nora{number} Vik{number}", "type": "Person", "country": "NO"})
    before = served.start("suggest-customer-mapping", ask=True, evidence=["name"])
    first = served.wait(before, "PAUSED")["state"]
    assert first["name"] == "Suspended"
    for told in (
        lambda: str(served.post("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["question-shop"]}}})),
        lambda: str(first["message"]),
        lambda: logged(served, before),
    ):
        served.until(lambda told=told: "page 1 of 2, 10 of 12 pairs" in told(), "what it waits for")
        assert "press Resume on this run's page" in told() and "If nobody has by 20" in told()
    assert "Page 1 of 2, 10 of 12 pairs" in form_of(served, before)
    served.resume(before, plain=True)

    def second_page() -> bool:
        state = served.run(before)["state"]
        return state["type"] == "PAUSED" and "page 2 of 2, 2 of 12 pairs" in (state["message"] or "")

    served.until(second_page, "the second page")
    assert served.run(before)["state"]["name"] == "Paused"
    form_of(served, before)
    served.resume(before, plain=True, pair_0="leave it")
    ended = served.wait(before)["state"]
    assert ended["message"] == "12 suggested, 11 accepted, 0 rejected."
    names = [state["name"] for state in served.get(f"/flow_run_states/?flow_run_id={before}")]
    assert names.count("Resuming") == 1, "a process was started for the first answer, and went on with the next page"
