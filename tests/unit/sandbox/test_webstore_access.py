"""Who may ask the emulated webstore what, in which order refusals come, and what counts as a request at all."""

import pytest
import requests

UNKNOWN = 2_147_480_001


@pytest.fixture
def ann(webstore) -> str:
    made = webstore.session.post(webstore.customers, json={"email": "ann@access.example"}).json()
    return f"{webstore.customers}/{made['id']}"


def _ask(method: str, url: str, **options) -> requests.Response:
    return requests.request(method, url, timeout=10, **options)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "customers", "woocommerce_rest_cannot_view"),
        ("POST", "customers", "woocommerce_rest_cannot_create"),
        ("POST", "customers/batch", "woocommerce_rest_cannot_batch"),
        ("GET", "webhooks", "woocommerce_rest_cannot_view"),
        ("GET", "data/countries", "woocommerce_rest_cannot_view"),
    ],
)
def test_nobody_may_do_nothing(webstore, method, path, code):
    answer = _ask(method, f"{webstore.root}/{path}", json={"email": "new@access.example"} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("header", ["Bearer ck_x", "Basic ???", "Basic Y2tfeDo=", "Basic", ""])
def test_other_credentials_count_as_none(webstore, header):
    answer = _ask("GET", webstore.customers, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "woocommerce_rest_cannot_view")


def test_validation_and_the_search_for_the_record_come_before_the_question_who_asks(webstore, ann):
    assert _ask("GET", f"{webstore.customers}?per_page=0").status_code == 400
    assert _ask("PUT", f"{webstore.customers}/{UNKNOWN}", json={"first_name": 5}).status_code == 400
    for method in ("GET", "PUT", "DELETE"):
        assert _ask(method, f"{webstore.customers}/{UNKNOWN}").status_code == 404
        assert _ask(method, ann).status_code == 401
    assert _ask("POST", webstore.customers, json={}).json()["code"] == "rest_missing_callback_param"
    assert _ask("POST", webstore.customers, data="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_a_wrong_secret_and_a_reading_key_that_writes_are_refused_before_everything(running, webstore):
    wrong = (running.consumer_key, "cs_wrong")
    reading = (running.read_only_key, running.read_only_secret)
    for path in ("customers?per_page=0", f"customers/{UNKNOWN}", "nosuch"):
        answer = _ask("GET", f"{webstore.root}/{path}", auth=wrong)
        assert (answer.status_code, answer.json()["message"]) == (401, "Consumer secret is invalid.")
        answer = _ask("POST", f"{webstore.root}/{path}", auth=reading)
        message = "The API key provided does not have write permissions."
        assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_keys_in_the_query_string_are_looked_at_first(running, webstore):
    keys = {"consumer_key": running.consumer_key, "consumer_secret": running.consumer_secret}
    assert _ask("GET", webstore.customers, params=keys, auth=(running.consumer_key, "cs_wrong")).status_code == 200
    del keys["consumer_secret"]
    assert _ask("GET", webstore.customers, params=keys).status_code == 401


@pytest.mark.parametrize("path", ["/?rest_route=/wc/v3/customers", "/wp-json/WC/v3/customers"])
def test_keys_count_only_below_the_real_address_of_the_api(running, webstore, path):
    assert webstore.session.get(f"{running.webstore_url}{path}").status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [("/customers/", 200), ("/CUSTOMERS", 200), ("//customers", 404), ("/customers/abc", 404), ("/nosuch", 404)],
)
def test_routes_ignore_case_and_slashes_at_the_end_only(webstore, path, status):
    assert webstore.session.get(f"{webstore.root}{path}").status_code == status


def test_outside_the_api_there_are_pages(running, webstore):
    answer = webstore.session.get(f"{running.webstore_url}/shop")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_post_may_stand_for_another_method(webstore, ann):
    header = {"X-HTTP-Method-Override": "put"}
    assert webstore.session.post(ann, json={"first_name": "Ann"}, headers=header).json()["first_name"] == "Ann"
    assert webstore.session.post(ann, params={"_method": "GET"}).json()["first_name"] == "Ann"
    assert webstore.session.post(ann, params={"_method": "DELETE", "force": "true"}).status_code == 200
    assert webstore.session.get(ann).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "is_read"),
    [
        ("application/json; charset=utf-8", True),
        ("APPLICATION/JSON", True),
        ("application/vnd.api+json", True),
        ("text/json", False),
        ("text/plain", False),
        ("application/xml", False),
        ("application/x-www-form-urlencoded", False),
        ("application/jsonp", False),
    ],
)
def test_a_body_is_read_by_its_content_type(webstore, ann, content_type, is_read):
    headers = {"Content-Type": content_type}
    changed = webstore.session.put(ann, data='{"first_name": "Ann"}', headers=headers)
    assert (changed.status_code, changed.json()["first_name"]) == (200, "Ann" if is_read else "")
    created = webstore.session.post(webstore.customers, data='{"email": "new@access.example"}', headers=headers)
    assert created.status_code == (201 if is_read else 400)


def test_forms_are_read_too(webstore):
    form = {
        "email": "form@access.example",
        "billing[city]": "Oslo",
        "meta_data[0][key]": "k",
        "meta_data[0][value]": "v",
    }
    record = webstore.session.post(webstore.customers, data=form).json()
    assert (record["billing"]["city"], record["meta_data"][-1]["value"]) == ("Oslo", "v")
    assert (
        webstore.session.put(f"{webstore.customers}/{record['id']}", data={"first_name": "F"}).json()["first_name"]
        == "F"
    )
    parts = {"email": (None, "part@access.example"), "billing[city]": (None, "Bø")}
    assert webstore.session.post(webstore.customers, files=parts).json()["billing"]["city"] == "Bø"


@pytest.mark.parametrize("body", ["{", " ", "{first_name: 1}", '{"a": 1,}', '{"a": NaN}', "\ufeff{}", '"\\ud800"'])
def test_malformed_json_is_refused(webstore, ann, body):
    headers = {"Content-Type": "application/json"}
    answer = webstore.session.put(ann, data=body.encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_json")


@pytest.mark.parametrize(("body", "status"), [("", 200), ("[]", 200), ("null", 200), ("false", 200), ("5", 500)])
def test_json_that_is_no_object_has_no_parameters(webstore, ann, body, status):
    headers = {"Content-Type": "application/json"}
    assert webstore.session.put(ann, data=body, headers=headers).status_code == status


def test_head_answers_headers_only(webstore, ann):
    answer = webstore.session.head(webstore.customers)
    assert (answer.status_code, answer.content, answer.headers["X-WP-Total"]) == (200, b"", "1")
    assert webstore.session.head(f"{webstore.customers}/{UNKNOWN}").status_code == 404


def test_an_envelope_puts_status_and_headers_into_the_body(webstore, ann):
    answer = webstore.session.get(webstore.customers, params={"_envelope": "1", "_fields": "email"})
    assert "X-WP-Total" not in answer.headers
    assert answer.json()["body"] == [{"email": "ann@access.example"}]
    assert answer.json()["headers"]["X-WP-Total"] == "1"
    answer = webstore.session.post(webstore.customers, params={"_envelope": "1"}, json={})
    assert (answer.status_code, answer.json()["status"]) == (200, 400)


def test_options_describe_a_route_to_everybody(webstore):
    described = _ask("OPTIONS", webstore.customers).json()
    assert described["methods"] == ["GET", "POST"]
    assert described["schema"]["properties"]["billing"]["properties"]["email"]["format"] == "email"
    assert _ask("OPTIONS", f"{webstore.customers}/batch").json()["methods"] == ["POST", "PUT", "PATCH"]


def test_the_shop_knows_countries_and_states(webstore):
    countries = {row["code"]: row for row in webstore.session.get(f"{webstore.root}/data/countries").json()}
    assert len(countries) == 250
    assert sum(bool(country["states"]) for country in countries.values()) == 69
    assert {"code": "NY", "name": "New York"} in countries["US"]["states"]
    assert webstore.session.get(f"{webstore.root}/data/countries/no").json()["name"] == "Norway"
    assert webstore.session.get(f"{webstore.root}/data/countries/xx").status_code == 404
