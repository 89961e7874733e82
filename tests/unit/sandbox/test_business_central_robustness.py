"""Whatever a client sends, it gets an answer that says what is wrong, and never a crash."""

from collections.abc import Iterator
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_company import SETTINGS

from sandbox.business_central.batch import operations_in, run_batch
from sandbox.business_central.entities import CUSTOMERS
from sandbox.business_central.exchange import Call, Reply
from sandbox.business_central.service import Service
from sandbox.business_central.store import Store
from sandbox.business_central.subscriptions import Subscriptions

WORDS = (
    "( ) , / : eq ne gt ge lt le and or not in any all contains startswith endswith substring tolower toupper 'a' 'A*' "
    "'' 1 -2.5 1e400 true null 2024-01-01T00:00:00Z 2024-01-01 a1b2c3d4-5001-4f11-8a6b-6045bd9c4e10 x d/code "
    "Microsoft.NAV.customerBlocked'All' % '"
).split() + list(CUSTOMERS.names)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["NO", "5003", "USD", "All", "Person", "00000000-0000-0000-0000-000000000000", "a@b.example"]),
    st.just([1]),
)
BODIES = st.one_of(
    st.dictionaries(st.sampled_from([*CUSTOMERS.names, "mobilePhone", "@odata.etag"]), VALUES, max_size=8),
    st.fixed_dictionaries(
        {"displayName": st.just("Ola")},
        optional={
            "number": st.sampled_from(["C1", "C9", ""]),
            "country": st.sampled_from(["NO", "EL", "XX"]),
            "postalCode": st.sampled_from(["5003", "1000", "x"]),
            "city": st.text(max_size=31),
            "email": st.sampled_from(["a@b.example", "a@b.example;c@d.example", "a"]),
            "currencyCode": st.sampled_from(["USD", "GBP", "XXX"]),
        },
    ),
)
BUSY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def service() -> Iterator[Service]:
    store = Store(":memory:", seed=0, company="CRONUS International Ltd.")
    store.load([{"number": f"C{n}", "displayName": f"Kari {n}", "creditLimit": n} for n in range(4)])
    yield Service(store, SETTINGS, Subscriptions(store, SETTINGS))
    store.close()


def _call(service: Service, method: str, path: str, *, query: str = "", body: bytes = b"", **headers: str) -> Call:
    headers = {"content-type": "application/json", "if-match": "*", **headers}
    path = path.replace("customers", f"companies({service.store.company_id})/customers", 1)
    return Call(method, "http://127.0.0.1/api/v2.0", path, query, headers, body, "somebody")


def _is_answered(reply: Reply) -> bool:
    content = orjson.loads(reply.body) if reply.body else {}
    return reply.status in (200, 201, 204) or bool(content["error"]["code"] and content["error"]["message"])


@BUSY
@given(text=st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=30)))
def test_any_filter_is_answered(service, text):
    reply = service.answer(_call(service, "GET", "customers", query=urlencode({"$filter": text})))
    assert _is_answered(reply)
    assert reply.status in (200, 400)


@BUSY
@given(
    options=st.dictionaries(
        st.sampled_from("$select $orderby $top $skip $count $expand $skiptoken $filter company".split()),
        st.one_of(st.text(max_size=12), st.sampled_from(["1", "number", "number desc,id", "currency($select=code)"])),
        max_size=4,
    )
)
def test_any_options_are_answered(service, options):
    for path in ("customers", f"customers({service.store.customer_ids()[0]})"):
        assert _is_answered(service.answer(_call(service, "GET", path, query=urlencode(options))))


@BUSY
@given(path=st.text(max_size=20), method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", ""]))
def test_any_address_is_answered(service, path, method):
    for address in (path, f"customers{path}"):
        assert _is_answered(service.answer(_call(service, method, address, body=b"{}")))


@BUSY
@given(body=BODIES)
def test_a_body_is_taken_whole_or_not_at_all(service, body):
    customer = service.store.customer_ids()[0]
    before = service.store.people_get(customer)
    reply = service.answer(_call(service, "PATCH", f"customers({customer})", body=orjson.dumps(body)))
    assert _is_answered(reply)
    after = service.store.people_get(customer)
    assert (after == before) == (reply.status != 200)
    if reply.status == 200:
        assert {name: after[name] for name in CUSTOMERS.names} == {
            name: value for name, value in orjson.loads(reply.body).items() if name in CUSTOMERS.names
        }


@BUSY
@given(bodies=st.lists(BODIES, min_size=1, max_size=5), goes_on=st.booleans(), is_snapshot=st.booleans())
def test_a_batch_leaves_exactly_what_it_says_or_as_a_snapshot_nothing(service, bodies, goes_on, is_snapshot):
    before = set(service.store.customer_ids())
    path = f"companies({service.store.company_id})/customers"
    operations = [
        {"id": str(n), "method": "POST", "url": path, "headers": {"Content-Type": "application/json"}, "body": body}
        for n, body in enumerate(bodies)
    ]
    headers = {"prefer": "odata.continue-on-error" if goes_on else "", "isolation": "snapshot" if is_snapshot else ""}
    call = _call(service, "POST", "$batch", body=orjson.dumps({"requests": operations}), **headers)
    parts = orjson.loads(run_batch(service, call, operations_in(call, 100)).body)["responses"]
    made = {part["body"]["id"] for part in parts if part["status"] == 201}
    has_failed = any(part["status"] >= 400 for part in parts)
    assert set(service.store.customer_ids()) - before == (set() if is_snapshot and has_failed else made)
    if not (goes_on or is_snapshot):
        assert [part["status"] for part in parts[:-1]] == [201] * (len(parts) - 1)
