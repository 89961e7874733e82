"""$batch: order, the stop at the first failure, snapshots that tell of success and undo it, the limit."""

import pytest
from running_company import running_company

NAMELESS = {"email": "no-name@mail.example"}


def _create(company, **body):
    return {"method": "POST", "url": company.relative, "body": body}


def _statuses(answer) -> list[tuple[str, int]]:
    assert answer.status_code == 200
    return [(part["id"], part["status"]) for part in answer.json()["responses"]]


def _names(company) -> list[str]:
    return [company.store.people_get(key)["displayName"] for key in company.store.customer_ids()]


def test_operations_are_answered_each_by_itself(cronus):
    customer = cronus.create()
    url = f"{cronus.relative}({customer['id']})"
    answer = cronus.batch(
        {"method": "PATCH", "url": url, "headers": {"If-Match": "*"}, "body": {"city": "Oslo"}},
        {"id": "read", "method": "GET", "url": f"/{url}?$select=id,city"},
        {"method": "GET", "url": f"{cronus.base}/companies"},
        _create(cronus, displayName="Ola"),
        {"id": None, "method": "DELETE", "url": url},
    )
    assert _statuses(answer) == [("0", 200), ("read", 200), ("2", 200), ("3", 201), (None, 204)]
    parts = answer.json()["responses"]
    assert parts[0]["body"]["city"] == parts[1]["body"]["city"] == "Oslo"
    assert parts[1]["body"]["@odata.context"].endswith("/customers(id,city)/$entity")
    assert parts[0]["headers"] == {"content-type": "application/json; odata.metadata=minimal", "odata-version": "4.0"}
    assert parts[3]["headers"]["location"] == f"{cronus.customers}({parts[3]['body']['id']})"
    assert "body" not in parts[4]


def test_by_default_the_first_failure_ends_the_batch_and_what_was_done_stays(cronus):
    answer = cronus.batch(
        _create(cronus, displayName="A"), _create(cronus, **NAMELESS), _create(cronus, displayName="C")
    )
    assert _statuses(answer) == [("0", 201), ("1", 400)]
    error = answer.json()["responses"][1]["body"]["error"]
    assert error["code"] == "Application_DialogException"
    assert _names(cronus) == ["A"]


def test_a_client_that_asks_to_continue_gets_all_answers(cronus):
    answer = cronus.batch(
        _create(cronus, **NAMELESS),
        _create(cronus, displayName="B"),
        {"method": "GET", "url": "companies(1)/customers"},
        _create(cronus, displayName="D"),
        Prefer="odata.continue-on-error",
    )
    assert _statuses(answer) == [("0", 400), ("1", 201), ("2", 400), ("3", 201)]
    assert _names(cronus) == ["B", "D"]


def test_a_failed_operation_leaves_nothing_behind(cronus):
    customer = cronus.create(country="NO", city="Namsos")
    operation = {"method": "PATCH", "url": f"{cronus.relative}({customer['id']})", "headers": {"If-Match": "*"}}
    answer = cronus.batch({**operation, "body": {"country": "SE", "email": "wrong"}}, Prefer="odata.continue-on-error")
    assert _statuses(answer) == [("0", 400)]
    assert cronus.store.people_get(customer["id"])["city"] == "Namsos"


def test_a_snapshot_undoes_everything_and_still_tells_of_success(cronus):
    answer = cronus.batch(
        _create(cronus, displayName="A"),
        _create(cronus, **NAMELESS),
        _create(cronus, displayName="C"),
        Isolation="snapshot",
    )
    assert _statuses(answer) == [("0", 201), ("1", 400), ("2", 201)]
    undone = answer.json()["responses"][0]["body"]
    assert cronus.session.get(f"{cronus.customers}({undone['id']})").status_code == 404
    assert cronus.store.customer_ids() == []
    assert cronus.create()["number"] == undone["number"]


def test_a_snapshot_whose_first_operation_fails_has_one_answer(cronus):
    answer = cronus.batch(_create(cronus, **NAMELESS), _create(cronus, displayName="B"), Isolation="snapshot")
    assert _statuses(answer) == [("0", 400)]
    assert cronus.store.customer_ids() == []


def test_a_snapshot_without_failures_stays(cronus):
    answer = cronus.batch(_create(cronus, displayName="A"), _create(cronus, displayName="B"), Isolation="snapshot")
    assert _statuses(answer) == [("0", 201), ("1", 201)]
    assert _names(cronus) == ["A", "B"]


def test_switched_a_failed_snapshot_answers_up_to_the_failure():
    with running_company(snapshot_failure_reports_all=False) as company:
        operations = [
            _create(company, displayName="A"),
            _create(company, **NAMELESS),
            _create(company, displayName="C"),
        ]
        assert _statuses(company.batch(*operations, Isolation="snapshot")) == [("0", 201), ("1", 400)]
        assert company.store.customer_ids() == []


def test_inside_a_batch_an_etag_is_needed_too_and_grows_old_with_every_write(cronus):
    customer = cronus.create()
    operation = {"method": "PATCH", "url": f"{cronus.relative}({customer['id']})", "body": {"city": "Oslo"}}
    tagged = {**operation, "headers": {"If-Match": customer["@odata.etag"]}}
    answer = cronus.batch(operation, tagged, tagged, Prefer="odata.continue-on-error")
    assert _statuses(answer) == [("0", 400), ("1", 200), ("2", 409)]


def test_writes_inside_need_a_content_type(cronus):
    bare = {"id": "1", "method": "POST", "url": cronus.relative, "body": {"displayName": "A"}}
    answer = cronus.session.post(f"{cronus.base}/$batch", json={"requests": [bare]})
    assert _statuses(answer) == [("1", 415)]


def test_a_hundred_operations_are_taken_and_one_more_is_refused_before_any(cronus):
    operations = [_create(cronus, displayName=f"P {number}") for number in range(101)]
    answer = cronus.batch(*operations)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, "Unknown")
    assert "too many parts. A maximum number of '100'" in error["message"]
    assert cronus.store.customer_ids() == []
    assert len(_statuses(cronus.batch(*operations[:100]))) == 100
    assert len(cronus.store.customer_ids()) == 100


@pytest.mark.parametrize("requests", [None, {}, "x"])
def test_what_is_no_batch_is_refused(cronus, requests):
    answer = cronus.session.post(f"{cronus.base}/$batch", json={"requests": requests})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert cronus.session.get(f"{cronus.base}/$batch").status_code == 405


@pytest.mark.parametrize(
    "wrong", [7, {"method": "GET"}, {"url": "customers"}, {"id": "1", "method": "GET", "url": "customers"}]
)
def test_a_batch_with_an_operation_that_is_none_or_with_an_id_twice_is_refused_whole(cronus, wrong):
    requests = [{"id": "1", **_create(cronus, displayName="A")}, wrong]
    answer = cronus.session.post(f"{cronus.base}/$batch", json={"requests": requests})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert cronus.store.customer_ids() == []


def test_two_operations_of_one_group_are_refused_and_one_alone_is_not(cronus):
    grouped = [{**_create(cronus, displayName=name), "atomicityGroup": "g"} for name in "AB"]
    assert cronus.batch(*grouped).status_code == 500
    assert cronus.store.customer_ids() == []
    assert _statuses(cronus.batch(grouped[0])) == [("0", 201)]


def test_what_depends_on_a_failed_operation_is_not_done(cronus):
    after = {**_create(cronus, displayName="B"), "dependsOn": ["0"]}
    answer = cronus.batch(_create(cronus, **NAMELESS), after, Prefer="odata.continue-on-error")
    assert _statuses(answer) == [("0", 400), ("1", 424)]
    assert _statuses(cronus.batch(_create(cronus, displayName="A"), after)) == [("0", 201), ("1", 201)]


def test_an_operation_may_be_addressed_from_the_root_or_wholly(cronus):
    whole = cronus.customers
    rooted = whole.removeprefix(cronus.root)
    answer = cronus.batch(
        *({"method": "GET", "url": url} for url in (whole, rooted, "http://elsewhere.example/customers"))
    )
    assert _statuses(answer) == [("0", 200), ("1", 200), ("2", 404)]


def test_the_company_of_the_batch_holds_for_its_operations(cronus):
    cronus.create()
    answer = cronus.batch({"method": "GET", "url": "customers"}, Company=cronus.store.company_id)
    assert [row["number"] for row in answer.json()["responses"][0]["body"]["value"]] == ["C00010"]
