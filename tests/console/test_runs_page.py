"""Runs and the activity log in the console: how far a run is, what it did, its report, and its undo."""

from __future__ import annotations

import re

from console.serving import Served
from tests.console.reading import text_of
from tests.console.served import Visitor, settled
from tests.flows.shop import Shop

SLOW = 1.0


def test_a_run_is_shown_while_it_is_at_work_and_leads_to_what_it_did(
    shop: Shop, served: Served, visitor: Visitor
) -> None:
    shop.register("kari@nord.example")
    shop.running.webstore_faults.add("slow", path="customers", count=2, seconds=SLOW)
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    going = visitor.get("/shop/runs/now")
    assert "Synchronise all customers" in going.text and "Started by" in text_of(going)
    assert "Opening both systems …" in going.text or "Reading" in going.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in going.text
    assert 'data-refresh="/shop/runs/now"' in going.text
    settled(served)
    done = visitor.get("/shop/runs/now")
    run = served.console.webstores["shop"].runs.going
    assert run is not None and done.url.endswith(f"/shop/runs/{run.run_id}")
    assert "created" in text_of(done) and "kari@nord.example" in done.text
    assert len(shop.customers()) == 1
    assert "Synchronisation of all customers" in text_of(visitor.get("/shop/runs"))


def test_a_cancelled_run_writes_no_more_and_says_so(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    shop.running.webstore_faults.add("slow", path="customers", count=2, seconds=SLOW)
    visitor.send("/", "/shop/synchronize", ("now", "yes"))
    visitor.send("/shop/runs/now", "/shop/runs/now/cancel")
    settled(served)
    ended = text_of(visitor.get("/shop/runs/now"))
    assert "It ended before it was done" in ended and "The run was cancelled" in ended
    assert not shop.customers() and not shop.journal()
    assert visitor.get("/shop/runs/now").text.count("Cancel the run") == 0


def test_the_run_of_another_process_is_shown_as_running(shop: Shop, visitor: Visitor) -> None:
    seen = []
    shop.sync(run_id="elsewhere", when_planned=lambda: seen.append(text_of(visitor.get("/shop/runs/now"))))
    assert "Another process carries it out" in seen[0] and "the office" in seen[0]
    assert "Nothing is at work" in text_of(visitor.get("/shop/runs/now"))


def test_a_run_that_cannot_begin_says_why(shop: Shop, served: Served, visitor: Visitor) -> None:
    told = []

    def meanwhile() -> None:
        visitor.send("/", "/shop/synchronize", ("now", "yes"))
        settled(served)
        told.append(served.console.webstores["shop"].runs.going)

    shop.sync(when_planned=meanwhile)
    assert told[0] is not None and told[0].error is not None
    assert told[0].error.message in text_of(visitor.get("/shop/runs/now"))


def test_an_undo_is_shown_first_and_puts_back_what_was_approved(shop: Shop, served: Served, visitor: Visitor) -> None:
    account = shop.register("kari@nord.example", address_1="Storgata 1")
    shop.sync()
    customer = shop.customers()["kari@nord.example"]
    shop.type_in_company(customer, addressLine1="Nygaten 2")
    run = shop.sync()
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2"
    page = f"/shop/runs/{run.run_id}"
    visitor.send(page, f"{page}/undo")
    settled(served)
    assert shop.account(account)["billing"]["address_1"] == "Nygaten 2", "a preview writes nothing"
    plan = visitor.get("/shop/runs/now")
    assert "/plans/" in plan.url and "Nothing was written. It takes back" in text_of(plan)
    path = plan.url.removeprefix(served.address)
    visitor.send(f"{path}/approve", f"{path}/approve")
    settled(served)
    assert shop.account(account)["billing"]["address_1"] == "Storgata 1"
    done = text_of(visitor.get("/shop/runs/now"))
    assert "Undo of run" in done and " Read 0 in the webstore" not in done, "an undo reads only whom it puts back"


def test_the_report_brings_its_own_style_and_nothing_else_may_run(shop: Shop, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    run = shop.sync()
    report = visitor.get(f"/shop/runs/{run.run_id}/report")
    policy = report.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "'unsafe-inline'" not in policy
    assert len(re.findall("sha256-", policy)) == 2
    assert "kari@nord.example" in report.text


def test_writes_that_failed_are_found_in_the_log(shop: Shop, visitor: Visitor) -> None:
    shop.register("kari@nord.example")
    shop.sync()
    assert "No write failed" in text_of(visitor.get("/shop/runs/activity?failed=yes"))
    shop.register("ola@nord.example", "Ola Nordmann")
    shop.running.business_central_faults.add("series-exhausted", count=5)
    run = shop.sync()
    every = text_of(visitor.get("/shop/runs/activity"))
    assert "All 2 Failed 1" in every and "kari@nord.example" in every
    failed = text_of(visitor.get("/shop/runs/activity?failed=yes"))
    assert "ola@nord.example" in failed and "kari@nord.example" not in failed and "the system said no" in failed
    page = text_of(visitor.get(f"/shop/runs/{run.run_id}?failed=yes"))
    assert "1 refused" in page and "ola@nord.example" in page


def test_hostile_names_are_shown_as_text(shop: Shop, visitor: Visitor) -> None:
    shop.register("bad@shop.example", "Eve \u202egpj.exe", city="O" * 30, address_1="\u202eegatS")
    run = shop.sync()
    for path in (f"/shop/runs/{run.run_id}", "/shop/runs/activity"):
        page = visitor.get(path)
        assert "\u202e" not in page.text and "U+202E" in page.text


def test_nobody_sees_a_run_that_is_not_there(visitor: Visitor) -> None:
    for path in ("/shop/runs/nothing", "/shop/runs/nothing/report", "/shop/runs/%2e%2e"):
        assert visitor.get(path).status_code == 404
    assert visitor.get("/shop/runs?offset=x").status_code == 400
