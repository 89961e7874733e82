"""How the emulated webstore keeps texts: account names pass through WordPress, addresses do not."""

import pytest


@pytest.fixture
def customer(webstore):
    made = webstore.session.post(webstore.customers, json={"email": "ann@text.example"}).json()
    url = f"{webstore.customers}/{made['id']}"

    def put(**changes):
        return webstore.session.put(url, json=changes).json()

    return put


def _created(webstore, name: str) -> dict:
    record = {"email": "new@text.example", "first_name": name, "billing": {"company": name}}
    return webstore.session.post(webstore.customers, json=record).json()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Tom & Jerry", "Tom &amp; Jerry"),
        ("a < b", "a &lt; b"),
        ("a < b > c", "a &lt;b&gt; c"),
        ("1 < 2 > 1", "1  1"),
        ("a > b", "a &gt; b"),
        ("Tom & Jerry < Ann", "Tom &amp; Jerry &lt; Ann"),
        ("&#39; &#x27; &eacute; &bogus;", "&#039; &#x27; &eacute; &amp;bogus;"),
        ("<b>Bold</b> <script>alert(1)</script>x", "Bold x"),
        ("<3", "&lt;3"),
        ('a <b title="x>y">c', "a c"),
        ("  a \t\n b  ", "a b"),
        ("100% %41 x%20y", "100% xy"),
        ("%%4141", ""),
        ("a\u00a0b\u200b", "a\u00a0b\u200b"),
        ("a\x01b", "ab"),
        ("a\\b", "ab"),
        ("a\\\\b", "a\\b"),
        ("0", ""),
        ("00", "00"),
        ('O\'Brien "Q"', 'O\'Brien "Q"'),
    ],
)
def test_a_name_of_a_new_account_is_filtered(webstore, sent, kept):
    assert _created(webstore, sent)["first_name"] == kept


@pytest.mark.parametrize("sent", ["Tom & <b>Jerry</b>", "  a\n\tb ", "%41", "0", "a\u00a0b", "\x00", "&#39;"])
def test_an_address_is_kept_as_sent(webstore, sent):
    assert _created(webstore, sent)["billing"]["company"] == sent


def test_only_backslashes_of_addresses_are_lost(webstore):
    assert _created(webstore, "C:\\x \\\\ y")["billing"]["company"] == "C:x \\ y"


def test_a_changed_name_is_raw_until_the_next_save(customer):
    assert customer(first_name="Tom & Jerry")["first_name"] == "Tom & Jerry"
    assert customer(billing={"city": "Oslo"})["first_name"] == "Tom &amp; Jerry"
    assert customer(first_name="Tom & Jerry")["first_name"] == "Tom & Jerry"
    assert customer(first_name="Tom & Jerry")["first_name"] == "Tom &amp; Jerry"


def test_a_lone_less_than_becomes_an_entity_at_once(customer):
    assert customer(first_name="Tom & Jerry < Ann")["first_name"] == "Tom & Jerry &lt; Ann"
    assert customer()["first_name"] == "Tom &amp; Jerry &lt; Ann"


def test_a_name_of_nothing_but_a_zero_lives_for_one_save(customer):
    assert customer(first_name="0")["first_name"] == "0"
    assert customer(last_name="x")["first_name"] == ""


def test_backslashes_are_lost_once_and_then_stay(customer):
    assert customer(first_name="a\\\\b")["first_name"] == "a\\b"
    assert customer()["first_name"] == "a\\b"
    assert customer(first_name="a\\b")["first_name"] == "a\\b"
    assert customer(first_name="a\\b c")["first_name"] == "ab c"


def test_an_address_part_that_is_sent_unchanged_keeps_its_backslash(customer):
    assert customer(billing={"city": "a\\\\b"})["billing"]["city"] == "a\\b"
    assert customer(billing={"city": "a\\b"})["billing"]["city"] == "a\\b"


def test_null_and_blank_clear_a_name(customer):
    assert customer(first_name="Ann", last_name="Lee")["last_name"] == "Lee"
    cleared = customer(first_name=None, last_name="")
    assert (cleared["first_name"], cleared["last_name"]) == ("", "")
