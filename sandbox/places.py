"""Names of people and places for the generated customers, and the shop's table of states.

The material stands in data/people.json: per country the given and family names, places with postal code and state,
shapes of company names, the dialling code and the code that Business Central has for the country.
"""

import gzip
import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """A city as both systems know it; `state` is the webstore's code, blank where the webstore has no states."""

    city: str
    postcode: str
    state: str


@dataclass(frozen=True)
class Country:
    """What people of one country are called and where they live; `code` is the webstore's."""

    code: str
    dialling: str
    business_central_code: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    places: tuple[Place, ...]
    company_forms: tuple[str, ...]


def _data(name: str) -> Any:
    content = (Path(__file__).parent / "data" / name).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)


def _countries() -> tuple[Country, ...]:
    return tuple(
        Country(
            code=code,
            dialling=entry["dialling"],
            business_central_code=entry["business_central_code"],
            given=tuple(entry["given"]),
            family=tuple(entry["family"]),
            places=tuple(Place(**place) for place in entry["places"]),
            company_forms=tuple(entry["company_forms"]),
        )
        for code, entry in _data("people.json").items()
    )


COUNTRIES = _countries()
BUSINESS_CENTRAL_CODES = {country.code: country.business_central_code for country in COUNTRIES}


@cache
def state_name(country: str, state: str) -> str:
    """The name that the shop's own table gives to a state's code; blank when it does not know the state."""
    return _state_names().get((country, state), "")


@cache
def _state_names() -> dict[tuple[str, str], str]:
    return {
        (country["code"], state["code"]): state["name"]
        for country in _data("webstore_countries.json.gz")
        for state in country["states"]
    }


@cache
def email_local_part(name: str) -> str:
    """A name in plain ASCII letters for an address; "x" where the script has no such letters."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum()).lower() or "x"
