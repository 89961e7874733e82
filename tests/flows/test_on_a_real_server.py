"""A real Prefect server with a process worker, from outside: deployed with one command, used as its API and UI are used."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from selenium.webdriver.common.by import By

from sandbox.business_central.custom_page import CustomPage
from sandbox.command import setup_text
from sandbox.server import start
from tests.flows.pages import Page
from tests.flows.partner_page import EXTENSION, SHIP_TO
from tests.flows.server_world import World, world
from tests.flows.shop import SHIPPED, small_rules
from tests.servers.chrome import chrome

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

SELECTED = "synchronize-selected-customers"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("served")) as made:
        yield made


def accounts_and_cards(served: World) -> tuple[int, int]:
    return len(served.running.webstore.customer_ids()), len(served.running.business_central.customer_ids())


def cards(served: World) -> list[dict[str, Any]]:
    system = served.running.business_central
    return [system.people_get(key) for key in system.customer_ids()]


def register(served: World, number: int) -> int:
    billing = {"address_1": f"Kai {number}", "city": "Bergen", "postcode": "5003", "country": "NO"}
    name = {"first_name": f"Nora{number}", "last_name": f"Vik{number}"}
    return served.running.webstore.people_create({"email": f"nora{number}@shop.example", **name, "billing": billing})


def look_at_the_forms(served: World, waiting: str, folder: Path) -> None:
    """What people see, in a real browser; with CUSTOMER_SYNC_IMAGES set the pictures of the documentation are made anew."""
    if shutil.which("chromedriver") is None:
        return
    images = Path(os.environ.get("CUSTOMER_SYNC_IMAGES", folder))
    with chrome(folder / "profile") as driven:
        page = Page(driven, served.ui)
        page.open(f"/deployments/deployment/{served.deployment(SELECTED)['id']}/run", "Push Webstore Customers", 1750)
        page.shows("pasted as text", "Whether a person must approve the plan first.", "as set up")
        page.shows("File, or name of a block", "shop", "Add")
        page.photograph(images / "run-form.png")
        page.open("/blocks/catalog/woocommerce-connector-setup/create", "Webstore code", 3000)
        page.shows("shop-webstore", "URL of the API", "Push Webstore Customers", "Pull Webstore Customers")
        assert "While Waiting" not in page.text
        page.photograph(images / "setup-block-form.png")
        page.click("Approval")
        page.wait_for("While Waiting")
        hidden = served.get("/block_types/slug/woocommerce-credentials/block_documents/name/shop-webstore")
        page.open(f"/blocks/block/{hidden['id']}", "shop-webstore", 900)
        page.shows("********")
        assert "SANDBOX_CONSUMER_SECRET" not in page.text
        plan = served.post("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["plan-shop"]}}})[0]
        page.open(f"/artifacts/artifact/{plan['latest_id']}", "What is written", 900)
        page.shows("before", "after", "reason", "Bergen", "Tromsø", "nora4@shop.example")
        page.photograph(images / "plan-artifact.png")
        page.open(f"/runs/flow-run/{waiting}", "Suspended", 1300)
        page.click("Resume")
        page.wait_for("Customers to leave out")
        page.shows(
            "every plan needs an approval",
            "pull create",
            "→ Nora4 Vik4",
            "Bergen → Tromsø",
            "The whole plan",
            "Decision",
            "Your name",
        )
        link = page.driven.find_element(By.LINK_TEXT, "The whole plan").get_attribute("href")
        assert link == f"{served.ui}/artifacts/artifact/{plan['latest_id']}"
        page.photograph(images / "approval-form.png")


def scheduled_runs(served: World) -> list[dict[str, Any]]:
    body = {
        "deployments": {"id": {"any_": [served.deployment("synchronize-customers")["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
    }
    found: list[dict[str, Any]] = served.post("/flow_runs/filter", body)
    return [run for run in found if run["auto_scheduled"]]


def test_a_schedule_begins_with_a_first_run_by_hand_of_a_chosen_block_and_then_creates_runs(served: World) -> None:
    def schedule() -> Any:
        (one,) = served.deployment("synchronize-customers")["schedules"]
        return one

    assert (schedule()["slug"], schedule()["active"], schedule()["parameters"]) == ("shop", False, {"setup": "shop"})
    assert schedule()["schedule"]["interval"] == 15 * 60
    block = served.get("/block_types/slug/woocommerce-connector-setup/block_documents/name/shop")
    chosen = {"$ref": {"block_document_id": block["id"]}}
    assert served.deployment("synchronize-customers")["parameters"] == {"setup": chosen}
    dry = served.wait(served.start("synchronize-customers", setup=chosen, dry_run=True))
    assert "From now on" not in dry["state"]["message"]
    assert (schedule()["active"], scheduled_runs(served)) == (False, [])

    first = served.wait(served.start("synchronize-customers", setup=chosen))

    assert first["state"]["message"].endswith("From now on it runs every 15 minutes; its deployment has the switch.")
    assert (first["name"], first["parameters"]["setup"]) == ("synchronize all customers of shop", chosen)
    stored = served.stored_run(first["id"])
    assert (stored["trigger"], stored["status"]) == ("manual", "completed")
    assert "linked" in first["state"]["message"]
    assert accounts_and_cards(served)[1] == 30 + stored["summary"]["pull"]["created"]
    assert (schedule()["active"], schedule()["parameters"]) == (True, {"setup": "shop"})
    register(served, 6)
    run = served.until(lambda: scheduled_runs(served), "a run that the schedule created")[0]

    # "run now": nobody waits for a quarter of an hour
    served.set_state(run["id"], type="SCHEDULED", state_details={"scheduled_time": datetime.now(UTC).isoformat()})
    ended = served.wait(run["id"])

    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert ended["name"] == "synchronize all customers of shop"
    stored = served.stored_run(run["id"])
    assert (stored["trigger"], stored["status"]) == ("scheduled", "completed")
    created = stored["summary"]["pull"]["created"]
    assert created > 0
    wanted = {"extract webstore customers", "compare customers", "pull customers", "publish summary"}

    def recorded() -> bool:
        mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
        return wanted <= {task["name"] for task in served.post("/task_runs/filter", mine)}

    served.until(recorded, f"the task runs {sorted(wanted)}")

    def told() -> Any:
        events = served.events("customer-sync.run.completed")
        return next((event for event in events if event["payload"]["run_id"] == run["id"]), None)

    completed = served.until(told, "the event of the run")
    assert completed["resource"]["prefect.resource.id"] == "customer-sync.webstore.shop"
    assert completed["payload"]["pull"]["created"] == created
    plan = served.artifact("plan-shop")
    assert all(f">{heading}</th>" in plan["data"] for heading in ("what", "customer", "field", "reason"))
    assert served.artifact("summary-shop")["data"].startswith("### shop: all run")


def test_a_run_for_pasted_customers_is_started_from_the_command_line(served: World) -> None:
    key, other = register(served, 1), register(served, 2)
    before = accounts_and_cards(served)

    told = served.command(
        "deployment", "run", f"{SELECTED}/{SELECTED}", "--param", "setup=shop", "--param", f'customers="woo:{key}"',
        "--param", 'overrides={"push": "None"}', "--watch", program="prefect",
    )  # fmt: skip

    assert "Completed" in told
    assert accounts_and_cards(served) == (before[0], before[1] + 1)
    wanted = {"deployments": {"id": {"any_": [served.deployment(SELECTED)["id"]]}}}
    run = served.post("/flow_runs/filter", wanted)[0]
    assert run["name"] == "synchronize 1 customer of shop (push None)"
    assert served.stored_run(run["id"])["trigger"] == "manual"
    assert other in served.running.webstore.customer_ids()


def test_an_event_starts_a_run_for_the_customers_that_it_names(served: World) -> None:
    before = accounts_and_cards(served)
    event = {
        "occurred": datetime.now(UTC).isoformat(), "event": "customer-sync.customers.changed", "id": str(uuid4()),
        "resource": {"prefect.resource.id": "customer-sync.webstore.shop"},
        "payload": {"customers": f"woo:{register(served, 7)}", "setup": "shop"},
    }  # fmt: skip
    served.post("/events", [event])
    served.until(lambda: accounts_and_cards(served) == (before[0] + 1, before[1] + 1), "the customer of the event")


def test_a_choice_that_does_not_exist_is_refused_before_a_run_is_made(served: World) -> None:
    body = {"parameters": {"overrides": {"push": "Everything"}}}
    path = f"/deployments/{served.deployment('synchronize-customers')['id']}/create_flow_run"
    answer = served.http.post(f"{served.api}{path}", json=body, timeout=30)
    assert answer.status_code == 409
    assert "Everything" in answer.text


def test_a_partners_page_is_followed_by_a_run_of_the_form_and_one_that_lost_a_field_stops_it(
    served: World, tmp_path: Path
) -> None:
    with start(empty=True, business_central_settings={"custom_page": CustomPage()}) as running:
        setup, rules = tmp_path / "setup.toml", small_rules(tmp_path)
        fields = (SHIPPED / "fields.csv").read_text(encoding="utf-8")
        (rules / "fields.csv").write_text(fields + EXTENSION + SHIP_TO, encoding="utf-8")
        text = setup_text(running, webstore_code="partner", directory=tmp_path)
        setup.write_text(text.replace("[synchronization]", f'[synchronization]\nmappings = "{rules}"', 1), "utf-8")
        record = {"email": "kari@nord.example", "first_name": "Kari", "last_name": "Nordmann"}
        meta = [{"key": "gln", "value": "7080000000005"}]
        shipping = {"address_1": "Fjellveien 1", "city": "Geilo", "country": "NO"}
        running.webstore.people_create({**record, "meta_data": meta, "shipping": shipping})
        page = running.business_central.custom_page
        assert page is not None
        page.hidden.add("gln")
        ended = served.wait(served.start("synchronize-customers", setup=str(setup)))
        assert "gln: the page has no gln" in ended["state"]["message"]
        assert running.business_central.customer_ids() == []
        page.hidden.clear()
        assert served.wait(served.start("synchronize-customers", setup=str(setup)))["state"]["type"] == "COMPLETED"
        (key,) = running.business_central.customer_ids()
        assert (running.business_central.customer(key) or {})["gln"] == "7080000000005"
        assert [row["city"] for row in running.business_central.ship_to_addresses.of_customer(key)] == ["Geilo"]


def test_a_field_of_the_run_form_that_is_untouched_or_left_empty_is_not_given(served: World, tmp_path: Path) -> None:
    deployment = served.deployment("synchronize-customers")["id"]
    chosen = served.deployment("synchronize-customers")["parameters"]["setup"]
    mine = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC"}

    def started() -> dict[str, dict[str, Any]]:
        runs = served.post("/flow_runs/filter", mine)
        return {run["id"]: run["parameters"] for run in runs if not run["auto_scheduled"]}

    def submitted(page: Page) -> dict[str, Any]:
        before = set(started())
        page.submit()
        (run,) = served.until(lambda: started().keys() - before, "the run of the form")
        given = started()[run]
        # what it does with these is the first test's subject: a schedule gives neither plan nor names
        served.set_state(run, type="CANCELLED")
        return {name: given[name] for name in ("setup", "approved_plan", "leave_out") if name in given}

    served.workers.close()
    try:
        with chrome(tmp_path / "profile") as driven:
            page = Page(driven, served.ui)
            # the UI that opens by itself, and the older one
            for ui in ("/v2", ""):
                form = f"{ui}/deployments/deployment/{deployment}/run"
                page.open(form, "leave_out", 1900)
                page.shows("None or left empty = what this run plans", "None or left empty = nobody")
                assert submitted(page) == {"setup": chosen, "approved_plan": None, "leave_out": None}
                page.open(form, "leave_out", 1900)
                page.choose("approved_plan", "str")
                page.type_into("approved_plan", "abc123")
                page.clear("approved_plan")
                page.choose("leave_out", "str")
                assert submitted(page) == {"setup": chosen}
    finally:
        served.restart_worker()


def test_a_plan_waits_without_a_process_and_exactly_what_was_approved_is_written(served: World, tmp_path: Path) -> None:
    left_out, wanted = register(served, 3), register(served, 4)
    before = accounts_and_cards(served)
    moved = next(card for card in cards(served) if card["email"] == "nora1@shop.example")
    served.running.business_central.people_update(moved["id"], {"city": "Tromsø", "phoneNumber": "+47 22 12 34 56"})
    customers = [moved["number"], f"woo:{left_out}", f"woo:{wanted}"]

    run = served.start(SELECTED, customers=customers, overrides={"approval": "always"})
    waiting = served.wait(run, "PAUSED")
    assert waiting["state"]["name"] == "Suspended"
    assert accounts_and_cards(served) == before
    stored = served.stored_run(run)
    assert stored["status"] == "waiting"
    assert served.until(lambda: served.events("customer-sync.plan.waiting"), "the event")[0]["payload"]["plan_hash"]

    look_at_the_forms(served, run, tmp_path)
    # somebody registers while the plan lies there
    later = register(served, 5)
    served.resume(run, decision="approve", leave_out=f"woo:{left_out}", name="Ada")
    ended = served.wait(run)

    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert accounts_and_cards(served) == (before[0] + 1, before[1] + 1)
    summary = served.stored_run(run)["summary"]
    assert summary["approved_plan"] == stored["plan_hash"]
    assert (summary["approved_by"], summary["left_out"]) == ("Ada", [f"woo:{left_out}"])
    names = {card["displayName"] for card in cards(served)}
    assert "Nora4 Vik4" in names
    assert not {"Nora3 Vik3", "Nora5 Vik5"} & names
    assert later in served.running.webstore.customer_ids()
    accounts = [served.running.webstore.people_get(key) for key in served.running.webstore.customer_ids()]
    assert {a["email"]: a["billing"]["city"] for a in accounts}["nora1@shop.example"] == "Tromsø"


def test_a_run_cancelled_in_mid_load_finishes_its_batch_and_leaves_everything_clean(served: World) -> None:
    keys = [register(served, number) for number in range(100, 400)]
    before = accounts_and_cards(served)
    # every batch takes two seconds, so that the cancellation comes between two of them
    served.running.business_central_faults.add("slow", path=r"\$batch", method="POST", count=50, seconds=2)
    run = served.start("synchronize-customers")
    served.until(lambda: accounts_and_cards(served)[1] > before[1], "the first batch of creates")

    served.set_state(run, type="CANCELLING")
    ended = served.wait(run, "CANCELLED", "CRASHED")
    served.running.business_central_faults.clear()

    assert ended["state"]["type"] == "CANCELLED", ended["state"]
    served.until(lambda: served.stored_run(run)["status"] == "cancelled", "the hook to close the run")
    created = accounts_and_cards(served)[1] - before[1]
    assert 0 < created < len(keys)
    assert served.open_writes() == 0, "the batch that was under way has been recorded"

    again = served.wait(served.start("synchronize-customers"))
    assert again["state"]["type"] == "COMPLETED", again["state"]
    emails = sorted(card["email"] for card in cards(served) if re.match(r"nora\d{3}@", card["email"]))
    assert emails == sorted(f"nora{number}@shop.example" for number in range(100, 400))


HOSTILE = (
    "[l](http://e.example/n) ![i](http://e.example/p) http://e.example/a www.e.example "
    "<img src=http://e.example/x> 2*3*4 _b_"
)
_ADDRESSES = """
    const found = [];
    for (const [tag, attribute] of [['a', 'href'], ['img', 'src'], ['iframe', 'src'], ['link', 'href'], ['script', 'src']])
      for (const element of document.querySelectorAll(tag))
        if ((element.getAttribute(attribute) || '').includes('e.example')) found.push(element.outerHTML);
    return found"""
_WIDER = """
    const panel = arguments[0], found = [];
    for (const table of document.querySelectorAll('table'))
      if (table.scrollWidth > panel) found.push(table.scrollWidth);
    return found"""


def test_nothing_that_anybody_types_is_more_than_text_in_either_ui(served: World, tmp_path: Path) -> None:
    """A customer, whoever starts and answers a run, and the name of a file: in artifacts, forms, names, tags, parameters,
    messages, logs and events; and a failed run says why within two clicks."""
    name, street, city = "2*3*4 _b_ `c`", f"http://e.example/a www.e.example {'W' * 60}", "![x](http://e.example/p)"
    billing = {"address_1": street, "city": city, "postcode": "5003", "country": "NO"}
    person = {"email": "stars@e.example", "first_name": name, "last_name": "Fet & Co", "billing": billing}
    account = served.running.webstore.people_create(person)
    run = served.start(SELECTED, customers=[f"woo:{account}"], overrides={"approval": "always"}, your_name=HOSTILE)
    failing = served.start("test-connection", setup=f"/nowhere/{HOSTILE.replace('/', '-')} http://e.example/f.toml")
    with chrome(tmp_path / "profile", width=1428) as driven:
        page = Page(driven, served.ui)
        look_at_what_waits(served, page, run, (f"{name} Fet & Co", street, city, "stars@e.example"))
        look_at_what_ended(served, page, run, failing)
        asked = [entry["message"] for entry in driven.get_log("performance")]
        assert not [line for line in asked if "requestWillBeSent" in line and '"url":"http://e.example' in line]
    assert "stars@e.example" not in {card["email"] for card in cards(served)}


def is_text(page: Page, *texts: str) -> None:
    """All of these are to be read, and nothing that anybody has typed is a link or fetched."""
    for text in texts:
        page.wait_for_unbroken(text)
    assert page.driven.execute_script(_ADDRESSES) == []


def look_at_what_waits(served: World, page: Page, run: str, typed: tuple[str, ...]) -> None:
    """A plan that waits: where it is shown, where it is answered, and where it is said that it waits."""
    waits = served.wait(run, "PAUSED")
    assert {"webstore:shop", "sync", "customer-sync", f"by:{HOSTILE[:60].strip()}"} <= set(waits["tags"])
    plan, overview = (
        served.post("/artifacts/latest/filter", {"artifacts": {"key": {"any_": [key]}}})[0]["latest_id"]
        for key in ("plan-shop", "waiting-shop")
    )
    assert "| 1 plan to approve or reject |" in served.artifact("waiting-shop")["data"]
    for ui, panel in (("", 874), ("/v2", 690)):
        page.open(f"{ui}/artifacts/artifact/{plan}", "What is written", 1600, width=1428)
        is_text(page, *typed)
        assert page.driven.execute_script(_WIDER, panel) == []
        page.open(f"{ui}/runs/flow-run/{run}?tab=Parameters", "Suspended", 1600)
        is_text(page, HOSTILE)
        page.open(f"{ui}/events", "Event", 1200)
        is_text(page)
        page.open(f"{ui}/artifacts/artifact/{overview}", "What waits for a person", 900)
        links = {text: page.driven.find_element(By.LINK_TEXT, text).get_attribute("href") for text in (run[:8], "plan")}
        assert links == {
            run[:8]: f"{served.ui}/runs/flow-run/{run}", "plan": f"{served.ui}/artifacts/key/plan-shop"
        }  # fmt: skip
        page.open(f"{ui}/artifacts/key/plan-shop", "Created plan-shop", 900)
    for ui in ("", "/v2"):
        page.open(f"{ui}/runs/flow-run/{run}", "Suspended", 1600)
        if ui:
            page.choose_in_menu("Open menu", "Resume")
        else:
            page.click("Resume")
        page.wait_for("Customers to leave out")
        is_text(page, *typed)
        assert page.driven.execute_script(_WIDER, 472) == []


def look_at_what_ended(served: World, page: Page, run: str, failing: str) -> None:
    """A rejected run and a failed one; from the list of runs it is one click to the reason of the latter."""
    served.resume(run, decision="reject", name=HOSTILE)
    rejected, failed = served.wait(run), served.wait(failing)
    assert rejected["state"]["message"].endswith(f"was rejected by {HOSTILE[:60].strip()}; nothing was written.")
    assert "plan to approve" not in served.artifact("waiting-shop")["data"]
    reason = "There is no setup file"
    assert reason in failed["state"]["message"]
    for ui in ("", "/v2"):
        for shown in (run, failing):
            page.open(f"{ui}/runs/flow-run/{shown}", "Finished in state", 1600)
            is_text(page)
        page.open(f"{ui}/runs", failed["name"][:40], 1600)
        is_text(page)
        link = page.driven.find_element(By.XPATH, f"//a[contains(@href, '/runs/flow-run/{failing}')]")
        page.driven.execute_script("arguments[0].click()", link)
        is_text(page, reason)
