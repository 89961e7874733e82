"""Countries and states: ISO codes and state codes on the webstore's side, own codes and names on Business Central's.

The canonical country is the ISO code, the canonical state the webstore's state code where there is one. Business Central
keeps a Country/Region Code of its own (Greece is often `EL`) and a free text for the state, which people fill with names
as well as codes; both are understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Geography", "State"]

STATE_LENGTH = 30  # Business Central's County is Text[30]


@dataclass(frozen=True)
class State:
    """One row of mappings/states.csv: a state, province or county as the webstore knows it."""

    country: str
    code: str
    name: str


@dataclass(frozen=True)
class Geography:
    """Translations between the two systems' countries and states.

    Attributes:
        exceptions: ISO code → Business Central code where the two differ.
        states: every known state.
        company_countries: codes in the company's Countries/Regions; empty = not read, every code is taken as known.
    """

    exceptions: Mapping[str, str] = field(default_factory=dict)
    states: tuple[State, ...] = ()
    company_countries: frozenset[str] = frozenset()
    _names: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _codes: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for state in self.states:
            self._names[state.country, state.code] = state.name
            self._codes[state.country, state.name.casefold()] = state.code
        for state in self.states:  # a code always wins over another state's name
            self._codes[state.country, state.code.casefold()] = state.code

    def with_company(self, codes: Iterable[str]) -> Geography:
        """The same tables, checked against one company's Countries/Regions."""
        return Geography(self.exceptions, self.states, frozenset(code.upper() for code in codes))

    def iso_country(self, business_central_code: str) -> str:
        """The canonical country of a Business Central code."""
        code = business_central_code.upper()
        return next((iso for iso, own in self.exceptions.items() if own == code), code)

    def company_country(self, iso: str) -> str | None:
        """The Business Central code of a canonical country; None when the company does not know it, "" for blank."""
        if not iso:
            return ""
        own = self.exceptions.get(iso, iso)
        if not self.company_countries:
            return own
        return next((code for code in (own, iso) if code in self.company_countries), None)

    def state_code(self, country: str, text: str) -> str:
        """The webstore's code of a state given as code or name; unknown text stays as it is."""
        return self._codes.get((country, text.casefold()), text)

    def state_name(self, country: str, code: str) -> str:
        """What Business Central gets: the state's name, or the code where the name is unknown or too long."""
        name = self._names.get((country, code), code)
        return name if len(name) <= STATE_LENGTH else code

    def state_codes(self, countries: Sequence[str], states: Sequence[str]) -> list[str]:
        """`state_code` of every row, worked out once per distinct pair of country and cleaned text."""
        known = {pair: self.state_code(*pair) for pair in set(zip(countries, states, strict=True))}
        return [known[pair] for pair in zip(countries, states, strict=True)]
