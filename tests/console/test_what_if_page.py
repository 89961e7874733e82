"""What if, in the console: policies and rule files tried by people who need no scripts and no right but to look."""

from __future__ import annotations

import re
from html import unescape

import pytest

from connector.desk.forgetting import forget
from console.guard import MOST_BYTES, RequestRefused
from console.people import Person, Right
from console.uploads import parts_of
from tests.by_hand import by_hand
from tests.console.reading import text_of
from tests.console.served import Visitor
from tests.flows.shop import SHIPPED, Shop

PAGE = "/shop/what-if"
BLANK, CONFLICT = "synchronization-policies-blank", "synchronization-policies-conflict"


@pytest.fixture
def busy(shop: Shop, visitor: Visitor) -> Shop:
    """Two pairs: a cleared phone and a conflict, after a plan that kept what it read."""
    for number in (1, 2):
        shop.register(f"p{number}@nord.example", f"Per{number} Nord{number}", city="Oslo", phone="+47 22 33 44 55")
    shop.settle()
    shop.keep_extracts()
    visitor.served.console.webstores["shop"].read_anew()
    customers, accounts = shop.customers(), shop.accounts()
    shop.type_in_company(customers["p1@nord.example"], phoneNumber="")
    shop.type_in_company(customers["p2@nord.example"], city="Bergen")
    shop.type_in_webstore(accounts["p2@nord.example"], city="Molde")
    shop.sync(dry_run=True)
    shop.forget_requests()
    return shop


def looking(visitor: Visitor) -> Visitor:
    """Bob, who may only look."""
    session = visitor.served.console.sessions.begin(Person("Bob", Right.LOOK))
    bob = Visitor(visitor.served, enter=False)
    bob.http.cookies.set(visitor.served.console.cookie, session.id, domain="127.0.0.1")
    return bob


def sent(visitor: Visitor, fields: dict[str, str], files: dict[str, bytes] | None = None) -> str:
    """What the page shows after the form was sent, as a browser sends it."""
    form = {"token": visitor.token(PAGE, PAGE), **fields}
    parts: list[tuple[str, tuple[str | None, bytes]]] = [(name, (None, value.encode())) for name, value in form.items()]
    parts += [("rules", (name, content)) for name, content in (files or {"": b""}).items()]
    answer = visitor.http.post(visitor.served.address + PAGE, files=parts, timeout=60)
    return f"{answer.status_code} {text_of(answer)} {answer.url.removeprefix(visitor.served.address)}"


def test_policies_are_tried_by_whoever_may_look(busy: Shop, visitor: Visitor) -> None:
    bob = looking(visitor)
    shown = text_of(bob.get(PAGE))
    assert "read just now" in shown and "2 accounts and 2 customers of Business Central" in shown
    told = sent(bob, {BLANK: "clear", CONFLICT: "webstore", "settings": "matching.link=vat\n\n"})
    assert (
        told.startswith("200")
        and "Tried by Bob" in told
        and "policies.blank=clear" in told
        and "matching.link=vat" in told
    )
    assert "Kept as it is 1 0" in told and "Change in Business Central 0 1" in told
    assert "Molde" in told and "+47 22 33 44 55 → blank" in told
    result = told.rpartition(" ")[2]
    page = bob.get(result).text
    groups = [unescape(path) for path in re.findall(r'href="([^"]+group=[^"]+)#customers"', page)]
    assert len(groups) == 4
    by_group = [text_of(bob.get(path)) for path in groups]
    assert sum("Molde" in text.partition("Customers:")[2] for text in by_group) == 2
    assert not busy.running.webstore_log.entries and not busy.running.business_central_log.entries, "nobody is asked"


def test_rule_files_come_along_in_the_place_of_the_setups_own(busy: Shop, visitor: Visitor) -> None:
    text = (SHIPPED / "fields.csv").read_text(encoding="utf-8")
    fields = text.replace("city,billing.city,city,both,,", "city,billing.city,city,pull,webstore,")
    told = sent(visitor, {}, {"rules/fields.csv": fields.encode("utf-8-sig")})
    assert told.startswith("200") and "Molde" in told and "the file" in told and "Not there" not in told
    broken = sent(visitor, {}, {"fields.csv": fields.replace("pull,webstore", "pull,nobody").encode()})
    assert broken.startswith("400") or broken.startswith("500")
    assert "fields.csv:" in broken and "nobody" in broken
    assert "no such rule file" in sent(visitor, {}, {"feilds.csv": b"field"})
    assert sent(visitor, {}, {"../../etc/passwd\n": b"x"}).startswith("400")


def test_what_cannot_be_tried_is_told(busy: Shop, visitor: Visitor) -> None:
    assert "400 " in sent(visitor, {}) and "Nothing is different" in sent(visitor, {})
    assert "did you mean synchronization.policies.blank" in sent(visitor, {"settings": "policies.blnk=clear"})
    assert "webstore.url" in sent(visitor, {"settings": "webstore.url=https://x.example"})
    assert sent(visitor, {"settings": "blank=clear"}, {"states.csv": b"x" * (MOST_BYTES + 1)}).startswith("413")
    assert sent(visitor, {"token": "1-x.y", BLANK: "clear"}).startswith("403")
    assert visitor.get(f"{PAGE}/nothing").status_code == 404


def test_a_result_goes_with_what_it_was_made_of(busy: Shop, visitor: Visitor) -> None:
    result = sent(visitor, {BLANK: "clear"}).rpartition(" ")[2]
    assert visitor.get(result).status_code == 200
    by_hand(forget, busy.setup, busy.number(busy.customers()["p1@nord.example"]))
    assert visitor.get(result).status_code == 404
    assert "No extracts of webstore shop are kept" in text_of(visitor.get(PAGE))


@pytest.mark.parametrize(
    "content", [b"", b"a,b\r\n1,2\r\n", b"\xff\xfea\x00\r\x00\n\x00", bytes(range(256)), b"a\rb\n\nc\r\n\r\n"]
)
def test_a_file_arrives_as_it_was_sent(content: bytes) -> None:
    head = 'Content-Disposition: form-data; name="{}"'
    body = b"\r\n".join([
        b"--xyz", head.format("note").encode(), b"", "Ærlig".encode(), b"--xyz",
        (head.format("rules") + '; filename="f.csv"\r\nContent-Type: text/csv').encode(), b"", content, b"--xyz--", b"",
    ])  # fmt: skip
    assert parts_of("multipart/form-data; boundary=xyz", body, 10) == ({"note": ["Ærlig"]}, {"f.csv": content})


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=other", "multipart/form-data; boundary="]
)
def test_what_is_no_form_is_refused(kind: str) -> None:
    with pytest.raises(RequestRefused):
        parts_of(kind, b"--xyz\r\n\r\nx\r\n--xyz--\r\n", 10)
