"""Changes of customers in the emulated webstore: which record is meant, what is refused, what is lost with a 200."""

import pytest

PERSON = {"email": "ann@change.example", "first_name": "Ann"}
OTHER = {"email": "bob@change.example", "first_name": "Bob"}
UNKNOWN = 2_147_480_001


@pytest.fixture
def people(webstore) -> tuple[int, int]:
    answer = webstore.session.post(f"{webstore.customers}/batch", json={"create": [PERSON, OTHER]}).json()
    return answer["create"][0]["id"], answer["create"][1]["id"]


def _put(webstore, identifier, content, **parameters):
    return webstore.session.put(f"{webstore.customers}/{identifier}", json=content, params=parameters)


@pytest.mark.parametrize(("value", "status"), [(0, 404), (UNKNOWN, 404), ("0", 404), (-3, 404)])
def test_an_unknown_id_in_the_body_hides_the_id_of_the_address(webstore, people, value, status):
    assert _put(webstore, people[0], {"id": value}).status_code == status


@pytest.mark.parametrize("value", [None, "", "abc", 1.5, True, [1], {"a": 1}])
def test_an_id_in_the_body_must_be_a_number(webstore, people, value):
    answer = _put(webstore, people[0], {"id": value})
    assert (answer.status_code, answer.json()["data"]["params"]) == (400, {"id": "id is not of type integer."})


def test_the_body_beats_the_query_and_the_query_beats_the_address(webstore, people):
    ann, bob = people
    url = f"{webstore.customers}/{ann}"
    assert webstore.session.get(url, params={"id": bob}).json()["id"] == bob
    assert webstore.session.get(url, params={"id": ann}, json={"id": bob}).json()["id"] == bob
    assert _put(webstore, ann, {"id": str(bob), "last_name": "Lee"}, id=ann).json()["id"] == bob
    assert _put(webstore, ann, {"first_name": "B"}, first_name="Q", last_name="Q").json()["last_name"] == "Q"


def test_a_list_reads_its_parameters_from_a_body_too(webstore, people):
    rows = webstore.session.get(webstore.customers, json={"include": [people[1]], "_fields": "id"}).json()
    assert rows == [{"id": people[1]}]


@pytest.mark.parametrize("email", ["nope", "", "a b@x.example", "jürgen@x.example", " a@x.example", "a@b"])
def test_a_malformed_address_is_refused_by_a_single_change(webstore, people, email):
    answer = _put(webstore, people[0], {"email": email})
    assert answer.json()["data"]["params"] == {"email": "Invalid email address."}


def test_null_wipes_the_address_with_a_200(webstore, people):
    assert _put(webstore, people[0], {"email": None}).json()["email"] == ""
    assert webstore.session.post(webstore.customers, json=PERSON).status_code == 201


def test_an_address_that_is_too_long_is_not_stored_but_the_rest_is(webstore, people):
    email = f"{'a' * 30}@{'d' * 60}.example.com"
    assert len(email) == 103
    answer = _put(webstore, people[0], {"email": email, "last_name": "Lee"})
    assert answer.status_code == 200
    assert (answer.json()["email"], answer.json()["last_name"]) == (PERSON["email"], "Lee")


def test_an_ampersand_destroys_the_address(webstore, people):
    assert _put(webstore, people[0], {"email": "a&b@change.example"}).json()["email"] == ""
    assert webstore.session.get(webstore.customers, params={"email": "a&b@change.example"}).json() == []
    for _ in range(2):
        answer = webstore.session.post(webstore.customers, json={"email": "c&d@change.example"})
        assert (answer.status_code, answer.json()["email"]) == (201, "")


@pytest.mark.parametrize("email", ["BOB@change.example", "Ann@change.example", "bob@change.example"])
def test_an_address_in_use_is_refused_even_if_only_its_case_differs(webstore, people, email):
    answer = _put(webstore, people[0], {"email": email})
    assert (answer.status_code, answer.json()["code"]) == (400, "woocommerce_rest_customer_invalid_email")


def test_a_username_cannot_be_changed_but_may_be_repeated(webstore, people):
    assert _put(webstore, people[0], {"username": "other"}).json()["message"] == "Username isn't editable."
    for same in ("ann", "", None):
        assert _put(webstore, people[0], {"username": same}).status_code == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"billing": True}, "billing is not of type object."),
        ({"shipping": {"city": 1.5}}, "shipping[city] is not of type string."),
        ({"billing": {"email": ""}}, "Invalid email address."),
        ({"billing": {"email": None}}, "billing[email] is not of type string."),
        ({"meta_data": [{"id": "x"}]}, "meta_data[0][id] is not of type integer."),
        ({"meta_data": [{"key": 5}]}, "meta_data[0][key] is not of type string."),
        ({"password": 5}, "password is not of type string."),
    ],
)
def test_wrong_types_are_refused_by_a_single_change(webstore, people, content, message):
    answer = _put(webstore, people[0], content)
    assert (answer.status_code, list(answer.json()["data"]["params"].values())) == (400, [message])


@pytest.mark.parametrize("part", [None, "", [], ["x"], {}, {"nosuch": 5}])
def test_an_address_without_known_parts_changes_nothing(webstore, people, part):
    answer = _put(webstore, people[0], {"billing": part, "shipping": part})
    assert answer.status_code == 200
    assert set(answer.json()["billing"].values()) == {""}


def test_a_billing_address_can_be_cleared_through_meta_data_only(webstore, people):
    _put(webstore, people[0], {"billing": {"email": "bill@change.example"}})
    rows = [{"key": "billing_email", "value": ""}]
    assert _put(webstore, people[0], {"meta_data": rows}).json()["billing"]["email"] == ""
    answer = _put(webstore, people[0], {"meta_data": [{"key": "billing_email", "value": "nope"}]})
    assert answer.json()["code"] == "customer_invalid_billing_email"


def test_each_save_is_a_modification_and_a_refusal_is_none(running, webstore, people):
    def modified() -> str:
        return webstore.session.get(f"{webstore.customers}/{people[0]}").json()["date_modified_gmt"]

    dates = [modified()]
    for content in ({}, PERSON, {"meta_data": []}):
        running.webstore.advance_clock(2)
        _put(webstore, people[0], content)
        dates.append(modified())
    assert len(set(dates)) == 4
    running.webstore.advance_clock(2)
    assert _put(webstore, people[0], {"email": OTHER["email"]}).status_code == 400
    assert modified() == dates[-1]


def test_times_of_the_shop_are_an_hour_ahead_of_gmt(webstore, people):
    record = webstore.session.get(f"{webstore.customers}/{people[0]}").json()
    assert (int(record["date_created"][11:13]) - int(record["date_created_gmt"][11:13])) % 24 == 1


def test_staff_may_be_renamed_but_neither_readdressed_nor_deleted(running, webstore):
    running.webstore.load(
        [
            {"id": 21, "email": "boss@change.example", "role": "administrator"},
            {"id": 22, "email": "sub@change.example", "role": "subscriber"},
        ]
    )
    assert _put(webstore, 21, {"first_name": "Kari", "email": "boss@change.example"}).status_code == 200
    for content in ({"email": "new@change.example"}, {"password": "x"}):
        answer = _put(webstore, 21, content)
        assert (answer.status_code, answer.json()["code"]) == (403, "woocommerce_rest_cannot_edit")
    answer = webstore.session.delete(f"{webstore.customers}/21", params={"force": "true"})
    assert (answer.status_code, answer.json()["code"]) == (403, "woocommerce_rest_cannot_delete")
    batch = webstore.session.post(
        f"{webstore.customers}/batch", json={"update": [{"id": 21, "password": "x"}], "delete": [21, 22]}
    ).json()
    assert batch["update"][0]["error"]["code"] == "woocommerce_rest_cannot_edit"
    assert batch["delete"][0]["error"]["code"] == "woocommerce_rest_cannot_delete"
    assert batch["delete"][1]["email"] == "sub@change.example"


def test_orders_can_only_be_left_to_another_existing_user(webstore, people):
    url = f"{webstore.customers}/{people[0]}"
    for heir in (people[0], UNKNOWN):
        answer = webstore.session.delete(url, params={"force": "true", "reassign": heir})
        assert answer.json()["code"] == "woocommerce_rest_customer_invalid_reassign"
    assert webstore.session.delete(url, params={"force": "true", "reassign": people[1]}).status_code == 200


def test_of_an_unknown_customer_the_404_comes_before_the_question_of_force(webstore):
    assert webstore.session.delete(f"{webstore.customers}/{UNKNOWN}").status_code == 404


def test_mails_leave_the_shop(running, webstore, people):
    running.webstore.outbox.clear()
    webstore.session.post(webstore.customers, json={"email": "new@change.example"})
    _put(webstore, people[0], {"email": "ann2@change.example", "password": "secret"})
    assert running.webstore.outbox == [
        ("new@change.example", "Your account has been created!"),
        ("ann@change.example", "Email Changed"),
        ("ann2@change.example", "Password Changed"),
    ]
