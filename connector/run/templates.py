"""The templates of setup and rules as properties of new Business Central customers.

Every code of every template is compared with what the company has before anything is written, also of templates that nobody needs
today: a code that can never apply would be noticed on the day on which it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.clients import BusinessCentralClient
from connector.core.geography import Geography
from connector.core.nearest import nearest
from connector.core.properties import Page
from connector.errors import InternalError, RemoteRefused, SetupError
from connector.rules import Rules
from connector.setup import Setup, Template

__all__ = ["LISTS", "Templates", "templates_of"]

Templates = Mapping[tuple[str, str], Mapping[str, Any]]
_REFERENCES = (
    # template field, entity set, property of a customer, what of the entity is sent
    ("currency", "currencies", "currencyCode", "code"),
    ("payment_terms", "paymentTerms", "paymentTermsId", "id"),
    ("shipment_method", "shipmentMethods", "shipmentMethodId", "id"),
    ("payment_method", "paymentMethods", "paymentMethodId", "id"),
    ("tax_area", "taxAreas", "taxAreaId", "id"),
    ("salesperson", "salespeoplePurchasers", "salespersonCode", "code"),
)
# written for a country though ISO has another code for it
_MEANT = {"UK": "GB", "EL": "GR"}
# template field → entity set that must have its codes
LISTS: Mapping[str, str] = {field: entity for field, entity, *_ in _REFERENCES}


def templates_of(setup: Setup, rules: Rules, company: BusinessCentralClient, page: Page | None = None) -> Templates:
    """The templates of setup and rules as properties of new Business Central customers, codes resolved to ids.

    Of two for one place the setup's counts. The company's local currency is meant by a blank one, as Business Central keeps it.

    Args:
        page: what a partner's page of customers lets be written; None = all that API v2.0 has.

    Returns:
        (ISO country, state's code in capitals) → properties; "" = all others.

    Raises:
        SetupError: naming every code that the company does not have, with the nearest ones.
    """
    reader = _Reader(company, rules.geography)
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for templates in (rules.templates, setup.templates):
        found |= reader.places(templates)
    if page is not None:
        names = sorted({name for properties in found.values() for name in properties})
        shown = {name: page.properties.get(name) for name in names}
        reader.problems += [
            f"the page {page.name} does not let {name} be written; have it added there, or leave it out of the templates"
            for name, prop in shown.items()
            if prop is None or not prop.writable
        ]
    if reader.problems:
        raise SetupError(
            "The templates name what the company does not have:",
            problems=reader.problems,
            hint="They stand in [[templates]] of the setup and in templates.csv.",
        )
    return found


@dataclass
class _Reader:
    """Reads templates against one company; `problems` collects whatever cannot apply."""

    company: BusinessCentralClient
    geography: Geography
    problems: list[str] = field(default_factory=list)
    _known: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def places(self, templates: Iterable[Template]) -> dict[tuple[str, str], Mapping[str, Any]]:
        """The templates by the place that each is for."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for template in templates:
            what = f"template {template.country or '(all countries)'} {template.state}".strip()
            place = self._place(template, what)
            if place in found:
                self.problems.append(f"{what}: another template is for the same place; remove one of the two")
            found[place] = self._properties(template, what)
        return found

    def _place(self, template: Template, what: str) -> tuple[str, str]:
        country, state = template.country.upper(), template.state
        if not country:
            if state:
                self.problems.append(f"{what}: a state needs its country; fill in country")
            return "", state.upper()
        country = self.geography.iso_country(_MEANT.get(country, country))
        codes = self._entities("countriesRegions")
        if self.geography.with_company(codes).company_country(country) is None:
            named = {code: str(record.get("displayName") or "") for code, record in codes.items()}
            self.problems.append(f"{what}: the company has no country {country!r}{nearest(template.country, named)}")
        elif self.geography.unknown_state(country, state):
            self.problems.append(
                f"{what}: {country} has no state {state!r}{nearest(state, self.geography.named(country))}"
            )
        return country, self.geography.state_code(country, state).upper()

    def _properties(self, template: Template, what: str) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for name, entity, prop, part in _REFERENCES:
            code = getattr(template, name)
            record = self._record(f"{what}: {name} = {code!r}", entity, code) if code else None
            if record is not None:
                properties[prop] = record[part]
        if template.credit_limit is not None:
            properties["creditLimit"] = template.credit_limit
        if template.tax_liable is not None:
            properties["taxLiable"] = template.tax_liable
        if template.blocked:
            properties["blocked"] = template.blocked
        return properties

    def _record(self, what: str, entity: str, code: str) -> dict[str, Any] | None:
        """What the company has under a code; None = nothing is to be sent, or it is a problem."""
        is_currency = entity == "currencies"
        local = self._local_currency() if is_currency else ""
        if is_currency and code.upper() == local:
            return None
        record = self._entities(entity).get(code.upper())
        if record is None:
            named = {key: str(each.get("displayName") or "") for key, each in self._entities(entity).items()}
            blank = "; the company's own currency is meant by a blank one" if is_currency and not local else ""
            self.problems.append(f"{what} is not in the company's {entity}{nearest(code, named)}{blank}")
        elif record.get("blocked") is True:
            self.problems.append(f"{what} is blocked in Business Central: no customer can be given it")
            return None
        return record

    def _entities(self, entity: str) -> dict[str, dict[str, Any]]:
        if entity not in self._known:
            self._known[entity] = {str(record["code"]).upper(): record for record in self.company.reference(entity)}
        return self._known[entity]

    def _local_currency(self) -> str:
        """The company's own currency, of which Business Central keeps a blank; "" where the login may not see it."""
        try:
            told = self.company.reference("companyInformation")
        except (RemoteRefused, SetupError, InternalError):  # not shown, or not read by the run whose extracts are used
            return ""
        return str(told[0].get("currencyCode") or "").upper() if told else ""
