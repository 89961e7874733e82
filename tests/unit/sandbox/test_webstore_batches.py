"""Batches of the emulated webstore: no schema, one answer per item, nothing undone."""

import pytest

UNKNOWN = 2_147_480_001


@pytest.fixture
def batch(webstore):
    def send(content=None, **lists):
        return webstore.session.post(f"{webstore.customers}/batch", json=lists if content is None else content)

    return send


@pytest.fixture
def ann(batch) -> int:
    record = {"email": "ann@batch.example", "first_name": "Ann", "password": "x", "billing": {"city": "Oslo"}}
    return batch(create=[record]).json()["create"][0]["id"]


def _updated(batch, identifier, **changes) -> dict:
    return batch(update=[{"id": identifier, **changes}]).json()["update"][0]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (5, "5"),
        (1.5, "1.5"),
        (True, "1"),
        (False, ""),
        (None, "Oslo"),
        (["a"], 'a:1:{i:0;s:1:"a";}'),
        ({"k": "å"}, 'a:1:{s:1:"k";s:2:"å";}'),
        ([], "a:0:{}"),
    ],
)
def test_an_address_takes_values_of_any_type(batch, ann, sent, kept):
    assert _updated(batch, ann, billing={"city": sent})["billing"]["city"] == kept


@pytest.mark.parametrize("sent", ["x", 5, True, ["x"], None])
def test_an_address_that_is_no_object_changes_nothing(batch, ann, sent):
    assert _updated(batch, ann, billing=sent)["billing"]["city"] == "Oslo"


def test_a_list_as_a_name_lives_for_one_save(batch, ann):
    assert _updated(batch, ann, first_name=["a"])["first_name"] == 'a:1:{i:0;s:1:"a";}'
    assert _updated(batch, ann)["first_name"] == ""
    assert batch(create=[{"email": "new@batch.example", "first_name": ["a"]}]).json()["create"][0]["first_name"] == ""


def test_null_is_not_sent_and_numbers_are_texts(batch, ann):
    assert _updated(batch, ann, first_name=None, email=None)["first_name"] == "Ann"
    assert _updated(batch, ann, first_name=5)["first_name"] == "5"
    assert _updated(batch, ann)["email"] == "ann@batch.example"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("not an email", ""),
        ("jürgen@müller.example", "jrgen@mller.example"),
        ("a b@c.example", "ab@c.example"),
        (" pad@batch.example ", "pad@batch.example"),
        ("x@..", ""),
        (5, ""),
        (False, ""),
    ],
)
def test_an_account_address_is_mangled_or_wiped_with_a_200(batch, ann, sent, kept):
    assert _updated(batch, ann, email=sent)["email"] == kept


def test_an_address_that_is_mangled_into_one_in_use_is_not_stored(batch, ann):
    other = batch(create=[{"email": "bob@batch.example"}]).json()["create"][0]["id"]
    changed = _updated(batch, other, email="a n n@batch.example", billing={"city": "Bergen"})
    assert (changed["email"], changed["billing"]["city"]) == ("bob@batch.example", "Bergen")


def test_a_billing_address_is_checked_but_may_be_blank(batch, ann):
    assert _updated(batch, ann, billing={"email": "bill@batch.example"})["billing"]["email"] == "bill@batch.example"
    assert _updated(batch, ann, billing={"email": "nope"})["error"]["code"] == "customer_invalid_billing_email"
    assert _updated(batch, ann, billing={"email": 5})["error"]["code"] == "customer_invalid_billing_email"
    assert _updated(batch, ann, billing={"email": ""})["billing"]["email"] == ""


@pytest.mark.parametrize(
    "item", [{"email": ["x"]}, {"email": "n@batch.example", "billing": {"email": ["x"]}}, "x", 5, 0, True, ""]
)
def test_what_php_cannot_read_ends_the_request_in_the_middle(webstore, batch, item):
    answer = batch(create=[{"email": "first@batch.example"}, item, {"email": "last@batch.example"}])
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
    rows = webstore.session.get(webstore.customers).json()
    assert [row["email"] for row in rows] == ["first@batch.example"]


@pytest.mark.parametrize("item", [None, False, ["x"], {}])
def test_a_creation_without_content_misses_its_email(batch, item):
    assert batch(create=[item]).json()["create"][0]["error"]["code"] == "registration-error-invalid-email"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"email": True}, "customer_invalid_email"),
        ({"email": "nope"}, "customer_invalid_email"),
        ({"email": "n@batch.example", "id": "abc"}, "woocommerce_rest_customer_exists"),
        ({"email": "n@batch.example", "username": ["x"]}, "registration-error-invalid-username"),
        ({"email": "ANN@batch.example"}, "registration-error-email-exists"),
    ],
)
def test_a_refused_creation_stands_at_its_place_without_any_key(batch, ann, item, code):
    answers = batch(create=[{"email": "b@batch.example"}, item]).json()["create"]
    assert "error" not in answers[0]
    assert (answers[1]["id"], answers[1]["error"]["code"]) == (0, code)


@pytest.mark.parametrize("identifier", [None, "abc", 0, "", True, [1], -4, UNKNOWN])
def test_a_change_without_a_known_id_answers_the_id_as_sent(batch, identifier):
    (answer,) = batch(update=[{"id": identifier, "first_name": "x"}]).json()["update"]
    assert (answer["id"], answer["error"]["code"]) == (identifier, "wc_user_invalid_id")


@pytest.mark.parametrize("item", ["x", 5, None, ["x"]])
def test_a_change_that_is_no_object_has_no_id(batch, item):
    (answer,) = batch(update=[item]).json()["update"]
    assert (answer["id"], answer["error"]["data"]) == (None, {"status": 404})


def test_deletions_that_name_no_number_leave_no_entry(batch, ann):
    answers = batch(delete=["abc", 0, None, UNKNOWN, str(ann), {"id": ann}]).json()["delete"]
    assert [answer["id"] for answer in answers] == [UNKNOWN, ann, {"id": ann, "force": True}]
    assert "error" not in answers[1]
    assert answers[2]["error"]["code"] == "wc_user_invalid_id"


@pytest.mark.parametrize("content", [{}, {"create": "x"}, {"update": 5}, {"delete": None}, {"foo": [1]}, []])
def test_a_batch_without_items_answers_an_empty_list(batch, content):
    answer = batch(content)
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_hundred_items_are_done_and_one_more_refuses_all(batch, ann):
    assert len(batch(update=[{"id": UNKNOWN}] * 100).json()["update"]) == 100
    answer = batch(update=[{"id": ann, "first_name": "x"}] + [{"id": UNKNOWN}] * 99, delete=[0])
    assert (answer.status_code, answer.json()["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    assert _updated(batch, ann)["first_name"] == "Ann"


@pytest.mark.parametrize(
    ("fields", "kept"), [("id", []), ("update.id", {"update": []}), ("nosuch", []), ("update.0.id", {"update": [{}]})]
)
def test_fields_empty_the_answer_but_the_work_is_done(webstore, batch, ann, fields, kept):
    content = {"update": [{"id": ann, "first_name": "Done"}]}
    answer = webstore.session.post(f"{webstore.customers}/batch", json=content, params={"_fields": fields}).json()
    assert answer == ({"update": [{"id": ann}]} if kept == {"update": [{}]} else kept)
    assert _updated(batch, ann)["first_name"] == "Done"


def test_named_lists_survive_the_choice_of_fields(webstore, ann):
    content = {"update": [{"id": ann}], "delete": [UNKNOWN]}
    url = f"{webstore.customers}/batch"
    whole = webstore.session.post(url, json=content, params={"_fields": "create,update,delete"}).json()
    assert whole["update"][0]["email"] == "ann@batch.example"
    assert whole["delete"][0]["error"]["data"] == {"status": 404}


def test_items_may_come_in_the_query_string(webstore, ann):
    url = f"{webstore.customers}/batch?update[0][id]={ann}&update[0][first_name]=Query"
    assert webstore.session.post(url).json()["update"][0]["first_name"] == "Query"
