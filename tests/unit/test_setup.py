"""The setup file: complete, or refused with every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import SetupError
from connector.setup import Setup, load_setup, parse_setup

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


@pytest.mark.parametrize(
    ("lines", "page"),
    [
        ("", ("v2.0", "customers", "", "")),
        ('customers_api = ""\ncustomers_entity = ""', ("v2.0", "customers", "", "")),
        ('customers_api = "/api/V2.0/"', ("v2.0", "customers", "", "")),
        ('customers_api = " /contoso/web_shop/v1.0/ "', ("contoso/web_shop/v1.0", "customers", "", "")),
        ('customers_api = "api/contoso/webshop/beta"\ncustomers_entity = "/webCustomers"',
         ("contoso/webshop/beta", "webCustomers", "", "")),
        ('customers_api = "contoso/webshop/v1.0"\nship_to_entity = "shipToAddresses"\nship_to_code = " web "',
         ("contoso/webshop/v1.0", "customers", "shipToAddresses", "WEB")),
    ],
)  # fmt: skip
def test_the_page_of_customers_is_named_however_people_write_it(
    tmp_path: Path, lines: str, page: tuple[str, str, str, str]
) -> None:
    made = loaded(tmp_path, f"{TEXT}\n{lines}\n").business_central
    assert (made.customers_api, made.customers_entity, made.ship_to_entity, made.ship_to_code) == page
    assert made.has_custom_page == (page[:2] != ("v2.0", "customers"))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('customers_api = "contoso/v1.0"', "business_central.customers_api: 'contoso/v1.0' must be publisher/group/version"),
        ('customers_api = "https://api.example/api/contoso/webshop/v1.0"', "as they stand behind /api/"),
        ('customers_api = "contoso/web shop/v1.0"', "must be publisher/group/version"),
        ('customers_entity = "customers(1)"', "must be one name as it stands in addresses"),
        ('ship_to_entity = "shipToAddresses"\nship_to_code = "WEB"', "API v2.0 has no ship-to addresses"),
        ('customers_api = "c/w/v1.0"\nship_to_entity = "shipToAddresses"', "ship_to_code is missing"),
        ('customers_api = "c/w/v1.0"\nship_to_code = "WEB"', "ship_to_entity is missing"),
        ('customers_api = "c/w/v1.0"\nship_to_entity = "s"\nship_to_code = "LONGER THAN"', "a code of up to 10 characters"),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_refused(tmp_path: Path, lines: str, problem: str) -> None:
    assert problem in problems(tmp_path, f"{TEXT}\n{lines}\n")


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


@pytest.mark.parametrize(("secret", "sign"), [("ck_1\r", "U+000D"), ("ck\u200b_1", "U+200B"), ("ck_1\u00a0", "U+00A0")])
def test_a_character_of_a_secret_that_nobody_sees_is_named_and_the_secret_is_not(
    tmp_path: Path, secret: str, sign: str
) -> None:
    for name, setting in (("KEY", "webstore.consumer_key"), ("CLIENT_SECRET", "business_central.client_secret")):
        told = problems(tmp_path, TEXT, {**ENVIRON, name: secret})
        assert f"{setting}: character " in told
        assert sign in told
        assert "ck" not in told


def test_a_key_with_letters_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    assert "webstore.consumer_secret: it holds letters" in problems(tmp_path, TEXT, {**ENVIRON, "SECRET": "cs_€"})


def test_a_file_that_nests_too_deeply_and_a_name_that_no_system_has_are_refused(tmp_path: Path) -> None:
    assert "nests too deeply" in problems(tmp_path, "a = " + "[" * 10_000)
    with pytest.raises(SetupError, match="cannot be read"):
        load_setup(tmp_path / "a\0b.toml", ENVIRON)
