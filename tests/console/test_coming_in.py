"""Who gets into the console, and what is refused."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import requests

from console.serving import Served
from tests.console.served import Visitor
from tests.flows.shop import Shop


def test_the_printed_address_lets_one_browser_in(served: Served) -> None:
    first = served.entry
    ann = Visitor(served)
    assert "Webstores" in ann.get("/").text
    again = requests.get(first, timeout=10)
    assert again.status_code == 403 and "used before" in again.text
    assert served.entry != first


def test_nobody_comes_in_without_a_token(served: Served) -> None:
    nobody = Visitor(served, enter=False)
    assert nobody.get("/").status_code == 401
    assert nobody.get("/").status_code == 401
    assert nobody.get("/enter?token=guessed").status_code == 403
    assert nobody.post("/shop/synchronize", [("token", "x")]).status_code == 401


def test_another_host_name_is_refused(served: Served) -> None:
    port = urlsplit(served.address).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "", f"127.0.0.1:{port}.evil.example"):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        link.request("GET", "/", headers={"Host": host})
        assert link.getresponse().status == 421
        link.close()


def test_a_form_of_another_site_is_refused(served: Served, visitor: Visitor, shop: Shop) -> None:
    token = visitor.token("/", "/shop/synchronize")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = visitor.post("/shop/synchronize", [("token", token), ("plan", "yes")], headers=headers)
        assert refused.status_code == 403
    assert served.console.webstores["shop"].runs.going is None


def test_a_strangers_page_does_not_lock_out_who_is_logged_in(served: Served, visitor: Visitor) -> None:
    """A page of another site, open in the same browser, posts again and again: its cookie stays at home."""
    nobody = Visitor(served, enter=False)
    theirs = [nobody.post("/shop/synchronize", [], headers={"Origin": "https://evil.example"}) for _ in range(40)]
    assert theirs[-1].status_code == 429
    assert nobody.get("/").status_code == 429
    assert visitor.get("/").status_code == 200
    assert visitor.send("/", "/shop/test").status_code == 200


def test_a_form_counts_once(served: Served, visitor: Visitor) -> None:
    token = visitor.token("/", "/shop/test")
    assert visitor.post("/shop/test", [("token", token)]).status_code == 200
    assert visitor.post("/shop/test", [("token", token)]).status_code == 409


def test_a_preview_may_be_sent_again_after_going_back(shop: Shop, served: Served, visitor: Visitor) -> None:
    shop.register("kari@shop.example")
    card = shop.employ("ola@company.example", "Ola Hansen")
    shop.sync(dry_run=True)
    action = "/shop/mapping/edit"
    fields = visitor.fields("/shop/mapping", action)
    for title in ("Tick", "Plan first"):
        name = title.split()[0].lower()
        preview = visitor.post(action, [*fields, ("edit", name), ("row", card)])
        assert preview.status_code == 200 and f"<h1>{title}: 1 customer</h1>" in preview.text
    setup = visitor.fields("/shop/setup", "/shop/setup")
    for value in ("None", "Mapped Only"):
        changed = visitor.post("/shop/setup", [*setup, ("synchronization-pull_webstore_customers", value)])
        assert changed.status_code == 200 and "Change the setup" in changed.text
    assert not shop.remembered().ticked

    do = "/shop/mapping/do"
    kept = dict(fields) | {"edit": "tick", "row": card}
    token = visitor.post(action, list(kept.items())).text.split(f'action="{do}"')[1].split('name="token" value="')[1]
    sent = [("token", token.split('"')[0]), ("edit", "untick")]
    assert visitor.post(do, sent).status_code == 400, "it counts, and nobody is selected"
    assert visitor.post(do, sent).status_code == 409


def test_every_page_says_in_which_part_of_the_console_it_is(shop: Shop, visitor: Visitor) -> None:
    card = shop.employ("ola@company.example", "Ola Hansen", ticked=True)
    plan = shop.sync(dry_run=True).plan.hash
    parts = {
        "/shop/mapping": '<a href="/shop/mapping" aria-current="page">',
        f"/shop/customers/{card}": '<a href="/shop/mapping" aria-current="true">',
        f"/shop/plans/{plan}": '<a href="/shop/runs" aria-current="true">',
        "/shop/runs": '<a href="/shop/runs" aria-current="page">',
    }
    for path, marked in parts.items():
        navigation = visitor.get(path).text.split("</nav>")[0]
        assert marked in navigation and navigation.count("aria-current") == 1, path


def test_a_token_of_another_form_or_another_person_counts_nothing(served: Served, visitor: Visitor) -> None:
    token = visitor.token("/", "/shop/test")
    assert visitor.post("/shop/synchronize", [("token", token)]).status_code == 403
    assert Visitor(served).post("/shop/test", [("token", token)]).status_code == 403
    assert visitor.post("/shop/test", [("token", "")]).status_code == 403


def test_too_large_a_body_is_refused(served: Served, visitor: Visitor) -> None:
    token = visitor.token("/", "/shop/test")
    refused = visitor.post("/shop/test", [("token", token), ("more", "x" * 10_000_000)])
    assert refused.status_code == 413

    def unannounced() -> object:
        for _ in range(200):
            yield b"x" * 50_000

    link = visitor.http.post(
        served.address + "/shop/test",
        data=unannounced(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=30,
    )
    assert link.status_code == 413


def test_paths_outside_lead_nowhere(visitor: Visitor) -> None:
    for path in (
        "/static/../app.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/nowhere/mapping",
        "/shop/../../etc/passwd",
    ):
        assert visitor.get(path).status_code == 404


def test_every_answer_is_kept_from_strangers(visitor: Visitor) -> None:
    for path in ("/", "/static/console.css", "/nothing"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"
    cookie = visitor.http.cookies
    assert all(
        one.has_nonstandard_attr("HttpOnly") and one.get_nonstandard_attr("SameSite") == "strict" for one in cookie
    )
