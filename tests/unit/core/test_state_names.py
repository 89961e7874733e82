"""What people write in the place of a state, and which state it means."""

from __future__ import annotations

import pytest

from connector.core.geography import Geography, State
from connector.core.state_names import StateNames
from connector.rules import load_rules

GEOGRAPHY: Geography = load_rules().geography


@pytest.mark.parametrize(
    ("country", "code", "spelled"),
    [
        ("CA", "QC", ("Quebec", "Québec", "QUE\u0301BEC", "quebec\u200b", "CA-QC", "Province de Québec", "Que.")),
        ("CN", "CN1", ("Yunnan", "云南", "云南省", "Yunnan Sheng", "Yunnan Province", "Yunnan / 云南")),
        ("AU", "NSW", ("N.S.W.", "n. s. w.", "New South Wales")),
        ("BD", "BD-13", ("ঢাকা", "Dhaka")),
        ("DE", "DE-BW", ("Ba-Wü", "BaWü", "B.W.", "Baden-Wuerttemberg")),
        ("EG", "EGC", ("القاهرة", "Cairo")),
        ("IN", "UP", ("U.P.", "Uttar Pradesh")),
        ("MX", "DF", ("CDMX", "C.D.M.X.", "Ciudad de México", "D.F.")),
        ("MX", "MX", ("Edo. Méx.", "Edo. de México", "Estado de Mexico")),
        ("UA", "UA63", ("Харківська область", "Харківщина", "Kharkiv")),
        ("US", "NY", ("N.Y.", "New York")),
        ("DE", "DE-BY", ("BY", "Bayern", "Bavaria", "Bavière", "Freistaat Bayern")),
        ("ES", "BI", ("Vizcaya", "Bizkaia", "Biscay", "Vizcaya (Bizkaia)", "Provincia de Vizcaya")),
        ("ES", "VI", ("Álava", "Araba", "Alava", "Álava/Araba")),
        ("GR", "I", ("Attica", "Αττική", "ΑΤΤΙΚΗ", "Attikí")),
        ("IE", "D", ("Co. Dublin", "Co Dublin", "County Dublin", "DUBLIN", "Baile Átha Cliath")),
        ("IT", "RE", ("Reggio nell'Emilia", "Reggio nell’Emilia", "Reggio Emilia", "prov. di Reggio Emilia")),
        ("IT", "BZ", ("Bolzano", "Bozen", "Südtirol", "Alto Adige", "Bolzano/Bozen")),
        ("JP", "JP26", ("京都", "京都府", "Kyoto", "Kyōto")),
        ("US", "DC", ("D.C.", "Washington, D.C.", "District of Columbia")),
        ("US", "WV", ("West Virginia", "W. Virginia", "State of West Virginia")),
    ],
)
def test_a_state_is_understood_in_the_spellings_that_people_use(
    country: str, code: str, spelled: tuple[str, ...]
) -> None:
    assert {text: GEOGRAPHY.state_code(country, text) for text in spelled} == dict.fromkeys(spelled, code)


@pytest.mark.parametrize(
    ("country", "text"),
    [("US", "Miss."), ("US", "Far away"), ("CN", "云"), ("BR", "Rio Grande"), ("IE", "Co."), ("US", "-")],
)
def test_what_means_no_state_or_could_mean_two_is_not_understood(country: str, text: str) -> None:
    assert GEOGRAPHY.unknown_state(country, text)


def test_a_spelling_of_two_states_means_neither_and_a_code_wins() -> None:
    states = StateNames("XX", [("A", "Nord / Sud"), ("B", "Sud"), ("C", "Province of Sud / West"), ("NORD", "East")])
    assert [states.code(text) for text in ("Sud", "sud-", "West", "Nord", "Nord / Sud")] == [
        "B",
        None,
        "C",
        "NORD",
        "A",
    ]


def test_no_country_without_known_states_is_judged() -> None:
    geography = Geography(states=(State("US", "CA", "California"),))
    assert not geography.is_state("NO", "Vestland")
    assert not geography.unknown_state("NO", "Vestland")
