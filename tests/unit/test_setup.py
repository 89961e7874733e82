"""The setup file: complete, or refused with every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import SetupError
from connector.setup import Setup, UnresolvedSecrets, Webhooks, load_setup, parse_setup

ENVIRON = {"KEY": "ck_1", "SECRET": "cs_1", "CLIENT": "id", "CLIENT_SECRET": "s3"}
TEXT = """
webstore_code = "main"
[webstore]
url = "https://shop.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
[business_central]
base_url = "https://api.businesscentral.dynamics.com/v2.0/t/Production/api/v2.0"
company = "CRONUS"
token_url = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
client_id = "env:CLIENT"
client_secret = "env:CLIENT_SECRET"
"""


def loaded(tmp_path: Path, text: str = TEXT, environ: dict[str, str] | None = None) -> Setup:
    file = tmp_path / "setup.toml"
    file.write_text(text, encoding="utf-8")
    return load_setup(file, ENVIRON if environ is None else environ)


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SetupError) as refused:
        loaded(tmp_path, text, environ)
    return str(refused.value)


def test_defaults_write_to_business_central_only_when_asked(tmp_path: Path) -> None:
    setup = loaded(tmp_path)
    assert setup.synchronization.push_webstore_customers == "Mapped Only"
    assert setup.synchronization.pull_webstore_customers == "None"
    assert setup.synchronization.policies.conflict == "ask"
    assert setup.synchronization.max_attempts == 3


def test_secrets_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    setup = loaded(tmp_path)
    assert setup.webstore.consumer_secret.get_secret_value() == "cs_1"
    assert "cs_1" not in repr(setup)
    assert "cs_1" not in setup.model_dump_json()


def test_a_missing_secret_names_its_variable(tmp_path: Path) -> None:
    assert "webstore.consumer_key: the environment variable KEY is not set" in problems(tmp_path, TEXT, {})


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("https://shop.example", "http://shop.example").replace('"main"', '"Main Shop"')
    text += '[synchronization]\npush_webstore_customers = "Sometimes"\ncolour = "red"\n'
    said = problems(tmp_path, text)
    for expected in (
        "webstore: url is plain http",
        "webstore_code",
        "push_webstore_customers",
        "colour: is not a setting",
    ):
        assert expected in said


def test_plain_http_is_allowed_to_this_machine_or_explicitly(tmp_path: Path) -> None:
    local = TEXT.replace("https://shop.example", "http://127.0.0.1:8080")
    assert loaded(tmp_path, local).webstore.url == "http://127.0.0.1:8080"
    allowed = TEXT.replace('"https://shop.example"', '"http://shop.example"\nallow_plain_http = true')
    assert loaded(tmp_path, allowed).webstore.url == "http://shop.example"


def test_half_of_an_authentication_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TEXT.replace('client_id = "env:CLIENT"\n', "").replace("token_url", "# token_url"))
    assert "token_url is missing" in said
    assert "client_id is missing" in said
    said = problems(tmp_path, TEXT.replace("token_url", 'auth = "basic"\ntoken_url'))
    assert "username is missing" in said


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    assert "not valid TOML" in problems(tmp_path, "webstore_code = \n")
    assert "line 1" in problems(tmp_path, "webstore_code = \n")


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--setup FILE"):
        load_setup(tmp_path / "nowhere.toml", ENVIRON)


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    setup = loaded(tmp_path, TEXT + '[store]\nurl = "sqlite:///data/store.sqlite"\n')
    assert setup.store.url == f"sqlite:///{tmp_path}/data/store.sqlite"
    assert loaded(tmp_path).store.url.startswith(f"sqlite:///{tmp_path}/")


def test_two_templates_for_one_place_are_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TEXT + '[[templates]]\ncountry = "DE"\n[[templates]]\ncountry = "DE"\n')
    assert "two templates for the same place" in said


def test_every_field_says_what_it_means() -> None:
    def undocumented(model: Any, path: str = "") -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            nested = field.annotation if hasattr(field.annotation, "model_fields") else None
            if nested is not None:
                found += undocumented(nested, f"{path}{name}.")
            elif not field.description:
                found.append(f"{path}{name}")
        return found

    assert undocumented(Setup) == []


def test_a_document_from_elsewhere_is_named_in_its_problems() -> None:
    with pytest.raises(SetupError, match="The setup Block 'main' has"):
        parse_setup({}, origin="Block 'main'", environ={})


def test_the_folder_of_own_rules_counts_from_the_setups_folder(tmp_path: Path) -> None:
    setup = loaded(tmp_path, TEXT + '[synchronization]\nmappings = "our-rules"\n')
    assert setup.synchronization.mappings == tmp_path / "our-rules"
    assert loaded(tmp_path).synchronization.mappings is None


@pytest.mark.parametrize("around", ["{}\r", " {}\n", "\ufeff{}\u00a0", '"{}"\r', "'{}'", "“{}”", "\u200b`{}` "])
def test_what_is_wrapped_around_a_secret_is_cut(tmp_path: Path, around: str) -> None:
    setup = loaded(tmp_path, TEXT, {name: around.format(secret) for name, secret in ENVIRON.items()})
    secrets = (setup.webstore.consumer_key, setup.business_central.client_id, setup.business_central.client_secret)
    assert [secret.get_secret_value() for secret in secrets if secret] == ["ck_1", "id", "s3"]
    hooks = Webhooks(secret="env:HOOK")
    assert hooks.resolved_secret({"HOOK": around.format("0123456789abcdef")}) == "0123456789abcdef"


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("ck\u200b_1", "character 3 of 5 is U+200B"),
        ("ck_\r\n1", "character 4 of 6 is U+000D"),
        ("ck _1", "it holds a blank or a quotation mark"),
        ("'ck_1", "it holds a blank or a quotation mark"),
        ("' '", "holds nothing but blanks or quotes"),
    ],
)
def test_what_stands_inside_a_secret_is_told_and_the_secret_is_not(tmp_path: Path, secret: str, told: str) -> None:
    said = problems(tmp_path, TEXT, {**ENVIRON, "KEY": secret})
    assert f"webstore.consumer_key: {told}" in said.replace("the environment variable KEY ", "")
    assert "ck" not in said


@pytest.mark.parametrize("text", ["$KEY", "${KEY}", "%KEY%", "$env:KEY", "${{ secrets.KEY }}"])
def test_a_variable_written_as_shells_do_is_told(tmp_path: Path, text: str) -> None:
    assert "webstore.consumer_key: nothing here reads variables of a shell; write env:KEY" in problems(
        tmp_path, TEXT.replace("env:KEY", text)
    )


def test_a_setup_without_secrets_takes_every_reference(tmp_path: Path) -> None:
    assert loaded(tmp_path, TEXT, UnresolvedSecrets()).webstore_code == "main"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8-sig", ""),
        ("utf-16", "is in UTF-16; TOML is UTF-8"),
        ("utf-16-le", "is in UTF-16"),
        ("utf-16-be", "is in UTF-16"),
        ("utf-32", "is in UTF-32"),
        ("cp1252", "line 9 is not UTF-8"),
    ],
)
def test_a_file_as_editors_save_it_is_read_or_told(tmp_path: Path, encoding: str, told: str) -> None:
    file = tmp_path / "setup.toml"
    file.write_bytes(TEXT.replace("CRONUS", "Müller").replace("\n", "\r\n").encode(encoding))
    if told:
        with pytest.raises(SetupError, match=told):
            load_setup(file, ENVIRON)
    else:
        assert load_setup(file, ENVIRON).business_central.company == "Müller"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("\ufeff[store]", "A byte order mark"),
        ("note = “a”", "TOML knows straight quotation marks"),
        ("note\u00a0= 'a'", "is another sign than a blank"),
        ('note = "C:\\Users\\me"', "put the value in single quotes"),
        ("note = True", "in small letters"),
        ("note = main", "Texts stand in quotes"),
    ],
)
def test_what_only_looks_like_toml_is_told(tmp_path: Path, line: str, hint: str) -> None:
    assert hint in problems(tmp_path, f"{TEXT}\n{line}\n")


@pytest.mark.parametrize("roles", ['"customer, Wholesale"', '["customer", "Wholesale"]'])
def test_several_roles_are_a_list_or_stand_between_commas(tmp_path: Path, roles: str) -> None:
    webstore = loaded(tmp_path, TEXT.replace("[business", f"customer_role_filter = {roles}\n[business")).webstore
    assert webstore.customer_role_filter == ("customer", "Wholesale")
    assert [webstore.takes(role) for role in ("customer", "wholesale", "WHOLESALE", "subscriber")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_key_with_letters_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    assert "webstore.consumer_secret: it holds letters" in problems(tmp_path, TEXT, {**ENVIRON, "SECRET": "cs_€"})


def test_a_file_that_nests_too_deeply_and_a_name_that_no_system_has_are_refused(tmp_path: Path) -> None:
    assert "nests too deeply" in problems(tmp_path, "a = " + "[" * 10_000)
    with pytest.raises(SetupError, match="cannot be read"):
        load_setup(tmp_path / "a\0b.toml", ENVIRON)
