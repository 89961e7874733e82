"""The templates of setup and rules as properties of new Business Central customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import SetupError
from connector.run.run import Run
from connector.setup import Template

__all__ = ["LISTS", "templates_of"]

_REFERENCES = (
    # template field, entity set, property of a customer, what of the entity is sent
    ("currency", "currencies", "currencyCode", "code"),
    ("payment_terms", "paymentTerms", "paymentTermsId", "id"),
    ("shipment_method", "shipmentMethods", "shipmentMethodId", "id"),
    ("payment_method", "paymentMethods", "paymentMethodId", "id"),
    ("tax_area", "taxAreas", "taxAreaId", "id"),
    ("salesperson", "salespeoplePurchasers", "salespersonCode", "code"),
)
# template field → entity set that must have its codes
LISTS: Mapping[str, str] = {field: entity for field, entity, *_ in _REFERENCES}


def templates_of(run: Run) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The templates of setup and rules as properties of new Business Central customers, codes resolved to ids.

    Of two for one place the setup's counts.

    Raises:
        SetupError: naming every code that the company does not have.
    """
    templates = (*run.rules.templates, *run.setup.templates)
    by_place = {(template.country.upper(), template.state.upper()): template for template in templates}
    needed = {field for field, *_ in _REFERENCES if any(getattr(template, field) for template in by_place.values())}
    known: dict[str, dict[str, dict[str, Any]]] = {
        field: {str(record["code"]).upper(): record for record in run.business_central.reference(entity)}
        for field, entity, _, _ in _REFERENCES
        if field in needed
    }
    problems: list[str] = []
    resolved = {place: _properties(template, known, problems) for place, template in by_place.items()}
    if run.page is not None:
        names = sorted({name for properties in resolved.values() for name in properties})
        shown = {name: run.page.properties.get(name) for name in names}
        problems += [
            f"the page {run.page.name} does not let {name} be written; have it added there, or leave it out of the templates"
            for name, found in shown.items()
            if found is None or not found.writable
        ]
    if problems:
        raise SetupError("The templates name what the company does not have:", problems=problems)
    return resolved


def _properties(
    template: Template, known: Mapping[str, Mapping[str, Mapping[str, Any]]], problems: list[str]
) -> dict[str, Any]:
    place = f"template {template.country or '(all countries)'} {template.state}".strip()
    properties: dict[str, Any] = {}
    for field, entity, name, part in _REFERENCES:
        code = getattr(template, field)
        if not code:
            continue
        record = known[field].get(code.upper())
        if record is None:
            problems.append(f"{place}: {field} = {code!r} is not in {entity}")
        else:
            properties[name] = record[part]
    if template.credit_limit is not None:
        properties["creditLimit"] = template.credit_limit
    if template.tax_liable is not None:
        properties["taxLiable"] = template.tax_liable
    if template.blocked:
        properties["blocked"] = template.blocked
    return properties
