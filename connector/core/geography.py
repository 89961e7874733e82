"""Countries and states: ISO codes and state codes on the webstore's side, own codes and names on Business Central's.

The canonical country is the ISO code, the canonical state the webstore's state code where there is one. Business Central
keeps a Country/Region Code of its own (Greece is often `EL`) and a free text for the state, which people fill with names
as well as codes; both are understood, in the spellings that people use (state_names.py). Which of the two is written
there, and what becomes of a text that is neither, is a habit of the company (mappings/state_policies.csv).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.core.state_names import StateNames

__all__ = ["Geography", "State", "StatePolicy"]

STATE_LENGTH = 30  # Business Central's County is Text[30]


@dataclass(frozen=True)
class State:
    """One row of mappings/states.csv: a state, province or county as the webstore knows it.

    Several rows may share a code: the first name is the one that is written, the others are understood.
    """

    country: str
    code: str
    name: str


@dataclass(frozen=True)
class StatePolicy:
    """One row of mappings/state_policies.csv.

    Attributes:
        business_central: what Business Central gets: the state's `name` or its `code`.
        unknown: what a text does that is no state of a country whose states are known: `pass-through`, `blank` (it counts
            as no state) or `quarantine` the customer.
    """

    business_central: str = "name"
    unknown: str = "pass-through"


@dataclass(frozen=True)
class Geography:
    """Translations between the two systems' countries and states.

    Attributes:
        exceptions: ISO code → Business Central code where the two differ.
        states: every known state.
        company_countries: codes in the company's Countries/Regions; empty = not read, every code is taken as known.
        policies: ISO code → how states are treated there; "*" = in all other countries.
    """

    exceptions: Mapping[str, str] = field(default_factory=dict)
    states: tuple[State, ...] = ()
    company_countries: frozenset[str] = frozenset()
    policies: Mapping[str, StatePolicy] = field(default_factory=dict)
    _names: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _states: dict[str, list[tuple[str, str]]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _read: dict[str, StateNames] = field(default_factory=dict, init=False, repr=False, compare=False)
    _isos: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._isos.update({own: iso for iso, own in self.exceptions.items()})
        for state in self.states:
            self._names.setdefault((state.country, state.code), state.name)
            self._states.setdefault(state.country, []).append((state.code, state.name))

    def with_company(self, codes: Iterable[str]) -> Geography:
        """The same tables, checked against one company's Countries/Regions."""
        return replace(self, company_countries=frozenset(code.upper() for code in codes))

    def iso_country(self, business_central_code: str) -> str:
        """The canonical country of a Business Central code."""
        code = business_central_code.upper()
        return self._isos.get(code, code)

    def company_country(self, iso: str) -> str | None:
        """The Business Central code of a canonical country; None when the company does not know it, "" for blank."""
        if not iso:
            return ""
        own = self.exceptions.get(iso, iso)
        if not self.company_countries:
            return own
        return next((code for code in (own, iso) if code in self.company_countries), None)

    def named(self, country: str) -> dict[str, str]:
        """The states of a country: code → the name that is written."""
        return {code: name for (of, code), name in self._names.items() if of == country}

    def policy(self, country: str) -> StatePolicy:
        """How states of a country are treated."""
        return self.policies.get(country) or self.policies.get("*") or StatePolicy()

    def state_code(self, country: str, text: str) -> str:
        """The webstore's code of a state given as code or name; unknown text stays, or is blank by the country's policy."""
        code = self._code(country, text)
        if code is not None:
            return code
        return "" if self.unknown_state(country, text) and self.policy(country).unknown == "blank" else text

    def unknown_state(self, country: str, text: str) -> bool:
        """Whether a text is no state of a country whose states are known."""
        return bool(text) and country in self._states and self._code(country, text) is None

    def is_state(self, country: str, text: str) -> bool:
        """Whether a text is understood as one of the known states of a country."""
        return bool(text) and self._code(country, text) is not None

    def _code(self, country: str, text: str) -> str | None:
        states = self._states.get(country)
        if states is None:
            return None
        if country not in self._read:
            self._read[country] = StateNames(country, states)
        return self._read[country].code(text)

    def state_name(self, country: str, code: str) -> str:
        """What Business Central gets: the state's name or its code, by the country's policy.

        It is the code too where the name is unknown, too long, or would be read back as another state.
        """
        name = self._names.get((country, code), code)
        if self.policy(country).business_central == "code" or len(name) > STATE_LENGTH:
            return code
        return name if self.state_code(country, name) == self.state_code(country, code) else code

    def state_codes(self, countries: Sequence[str], states: Sequence[str]) -> list[str]:
        """`state_code` of every row, worked out once per distinct pair of country and cleaned text."""
        known = {pair: self.state_code(*pair) for pair in set(zip(countries, states, strict=True))}
        return [known[pair] for pair in zip(countries, states, strict=True)]
