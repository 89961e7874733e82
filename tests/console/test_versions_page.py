"""Versions of the mapping table in the console: what each changed, comparing, restoring, taking back."""

from __future__ import annotations

from connector.desk.editing import link, tick, unlink
from console.people import Person, Right
from console.serving import Served
from tests.by_hand import by_hand
from tests.console.reading import text_of
from tests.console.served import Visitor
from tests.flows.shop import Shop

HERE = "/shop/versions/restore"


def linked(shop: Shop) -> tuple[str, int]:
    """One linked customer: version 1 links, version 2 unlinks."""
    account, customer = shop.register("kari@nord.example"), shop.employ("kari@company.example")
    by_hand(link, shop.setup, [(shop.number(customer), account)], actor="Ida")
    by_hand(unlink, shop.setup, [shop.number(customer)], actor="Ida")
    return customer, account


def test_an_older_version_is_restored_after_a_preview_and_taken_back(shop: Shop, visitor: Visitor) -> None:
    customer, account = linked(shop)
    listed = text_of(visitor.get("/shop/versions"))
    assert "Ida" in listed and "unlink" in listed
    preview = visitor.send("/shop/versions", HERE, ("number", "1"))
    said = text_of(preview)
    assert "1 row comes back" in said and "1 pair may be matched again" in said and str(account) in said
    assert shop.links() == {} and shop.remembered().version == 2, "a preview changes nothing"
    token = next(iter(visitor_fields(preview.text, "token")))
    done = visitor.post(HERE, [("token", token), ("number", "1"), ("version", "2"), ("do", "yes")])
    assert "that is version 3" in text_of(done) and shop.links() == {customer: account}
    # the next page offers it: base.html
    fields = [(name, next(iter(visitor_fields(done.text, name)))) for name in ("token", "number", "version", "do")]
    assert dict(fields)["number"] == "2"
    visitor.post(HERE, fields)
    assert shop.links() == {} and shop.remembered().version == 4
    versions = text_of(visitor.get("/shop/versions"))
    assert "restore version 1" in versions and "Ann" in versions


def visitor_fields(text: str, name: str) -> list[str]:
    """The values of a hidden field, in order."""
    parts = text.split(f'type="hidden" name="{name}" value="')[1:]
    return [part.partition('"')[0] for part in parts]


def test_a_restore_that_was_overtaken_is_not_done_but_shown_again(shop: Shop, visitor: Visitor) -> None:
    _, account = linked(shop)
    preview = visitor.send("/shop/versions", HERE, ("number", "1"))
    token = visitor_fields(preview.text, "token")[0]
    other = shop.employ("ola@company.example", "Ola Nordmann")
    by_hand(tick, shop.setup, [shop.number(other)], actor="Bo")
    late = visitor.post(HERE, [("token", token), ("number", "1"), ("version", "2"), ("do", "yes")])
    said = text_of(late)
    assert late.status_code == 409 and "Nothing was changed" in said and "version 3 by Bo" in said
    assert "1 row goes" in said, "what it would do now is shown"
    assert shop.links() == {other: None} and account not in shop.links().values()
    again = visitor_fields(late.text, "token")[0]
    done = visitor.post(HERE, [("token", again), ("number", "1"), ("version", "3"), ("do", "yes")])
    assert "that is version 4" in text_of(done)


def test_two_versions_are_compared(shop: Shop, visitor: Visitor) -> None:
    linked(shop)
    forth = text_of(visitor.get("/shop/versions/compare?older=0&newer=1"))
    assert "added" in forth and "Ida" in forth
    assert "say the same" in text_of(visitor.get("/shop/versions/compare?older=0&newer=0"))
    assert "rejected" in text_of(visitor.get("/shop/versions/2"))
    for wrong in ("older=0&newer=9", "older=x", "older=-1"):
        assert visitor.get(f"/shop/versions/compare?{wrong}").status_code == 400
    assert visitor.get("/shop/versions/9").status_code == 404


def test_who_may_only_look_restores_nothing(shop: Shop, served: Served) -> None:
    linked(shop)
    session = served.console.sessions.begin(Person("Bob", Right.LOOK))
    bob = Visitor(served, enter=False)
    bob.http.cookies.set(served.console.cookie, session.id, domain="127.0.0.1")
    assert "Restore…" not in bob.get("/shop/versions").text
    form = [("token", session.form_token(HERE)), ("number", "1"), ("version", "2"), ("do", "yes")]
    assert bob.post(HERE, form).status_code == 403
    assert shop.remembered().version == 2


def test_a_form_without_a_version_changes_nothing(shop: Shop, visitor: Visitor) -> None:
    linked(shop)
    assert visitor.send("/shop/versions", HERE, ("number", "1"), ("do", "yes")).status_code == 400
    assert visitor.send("/shop/versions", HERE, ("number", "")).status_code == 400
    assert shop.remembered().version == 2


def test_hostile_names_are_shown_as_text(shop: Shop, visitor: Visitor) -> None:
    name = "<script>alert(1)</script> \u202egnp.exe"
    customer = shop.employ("bad@company.example", name)
    by_hand(tick, shop.setup, [shop.number(customer)], actor="<b>Ida</b>")
    for path in ("/shop/versions", "/shop/versions/1", "/shop/versions/compare?older=0&newer=1"):
        text = visitor.get(path).text
        assert "<script>alert" not in text and "\u202e" not in text and "<b>Ida" not in text
