"""Countries and states in the codes and names of both systems."""

from __future__ import annotations

import pytest

from connector.core.acceptance import refusal
from connector.core.customer import Side
from connector.core.geography import Geography, State, StatePolicy
from connector.rules import load_rules

RULES = load_rules()
STATE = RULES.fields.by_name["state"]


def places(business_central: str = "name", unknown: str = "pass-through") -> Geography:
    states = (State("US", "CA", "California"), State("DE", "DE-BY", "Bavaria"), State("DE", "DE-BY", "Bayern"))
    return Geography(states=states, policies={"*": StatePolicy(business_central, unknown)})


def test_greece_is_gr_in_the_webstore_and_el_in_business_central() -> None:
    assert (RULES.geography.iso_country("EL"), RULES.geography.company_country("GR")) == ("GR", "EL")


def test_a_company_that_keeps_iso_codes_gets_them() -> None:
    assert RULES.geography.with_company(["GR", "DE"]).company_country("GR") == "GR"


def test_a_country_that_the_company_does_not_have_is_refused() -> None:
    country = RULES.fields.by_name["country"]
    company = RULES.geography.with_company(["DE"])
    assert "no Country/Region 'FR'" in refusal(Side.BUSINESS_CENTRAL, country, "FR", company, creating=False)


def test_a_business_central_country_that_is_no_iso_code_is_refused_by_the_webstore() -> None:
    country = RULES.fields.by_name["country"]
    assert "no ISO country code" in refusal(Side.WEBSTORE, country, "NIRELAND", RULES.geography, creating=False)


@pytest.mark.parametrize("text", ["CA", "ca", "California", "CALIFORNIA"])
def test_a_state_is_understood_as_code_and_as_name(text: str) -> None:
    assert places().state_code("US", text) == "CA"


def test_business_central_gets_the_first_name_or_the_code_by_its_habit() -> None:
    assert places().state_name("DE", "DE-BY") == "Bavaria"
    assert places("code").state_name("DE", "DE-BY") == "DE-BY"
    assert places().state_code("DE", "Bayern") == "DE-BY"


def test_a_name_that_is_too_long_or_would_be_read_as_another_state_is_written_as_code() -> None:
    long = Geography(states=(State("CL", "CL-RM", "Región Metropolitana de Santiago"),))
    twisted = Geography(states=(State("XX", "A", "B"), State("XX", "B", "C")))
    assert long.state_name("CL", "CL-RM") == "CL-RM"
    assert [twisted.state_name("XX", code) for code in ("A", "B")] == ["A", "C"]


def test_an_unknown_state_passes_through_is_blank_or_quarantines_by_its_country() -> None:
    def why(geography: Geography, country: str, state: str) -> str:
        return refusal(Side.BUSINESS_CENTRAL, STATE, state, geography, creating=False, country=country)

    assert places().state_code("US", "Utopia") == "Utopia"
    assert places(unknown="blank").state_code("US", "Utopia") == ""
    assert "no state of US" in why(places(unknown="quarantine"), "US", "Utopia")
    assert why(places(unknown="quarantine"), "US", "CA") == ""


def test_a_country_without_known_states_takes_any_text() -> None:
    geography = places(unknown="quarantine")
    assert geography.state_code("NO", "Vestland") == "Vestland"
    assert refusal(Side.WEBSTORE, STATE, "Vestland", geography, creating=False, country="NO") == ""
