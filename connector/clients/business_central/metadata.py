"""What the page of customers has, by the `$metadata` of its API: types, lengths, what can be written, ship-to addresses.

Business Central annotates what pages let people edit as `NAV.AllowEdit` (seen in documents of its OData services; of API pages it
is documented nowhere), OData's own words for the same are `Org.OData.Core.V1.Computed`, `Immutable` and `Permissions`. What none
of them forbids is taken for writable; the server's refusal tells otherwise.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from xml.etree import ElementTree as Xml

from connector.clients.business_central.api import BusinessCentralApi
from connector.clients.business_central.odata import SYSTEM, refusal
from connector.core.properties import SHIP_TO, Page, Property
from connector.errors import AnswerNotUnderstood, SetupError

__all__ = ["page_of", "read_page"]

_KINDS = {
    "Edm.String": "text",
    "Edm.Decimal": "decimal",
    "Edm.Double": "decimal",
    "Edm.Single": "decimal",
    "Edm.Byte": "integer",
    "Edm.Int16": "integer",
    "Edm.Int32": "integer",
    "Edm.Int64": "integer",
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "date-time",
    "Edm.Guid": "guid",
}
_MEMBER = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_page(api: BusinessCentralApi) -> Page:
    """See BusinessCentralClient.page."""
    address = api.at(api.page.root, "$metadata")
    answer = api.send("GET", address, headers={"Accept": "application/xml"}, as_text=True)
    if answer.status >= 400:
        raise refusal(answer.status, answer.body, answer.text)
    return page_of(answer.text, api.page.entity, api.page.ship_to, api.page.name)


def page_of(document: str, entity: str, ship_to: str, name: str) -> Page:
    """The page that a document describes.

    Args:
        entity: name of its list; ship_to: of what belongs to a row; "" = nothing does.

    Raises:
        SetupError: there is no such list.
        AnswerNotUnderstood: it is no metadata.
    """
    if "<!DOCTYPE" in document:  # entities of one's own can make a document endless
        raise AnswerNotUnderstood(
            "Business Central's $metadata declares a document type, which no metadata does.", system=SYSTEM
        )
    try:
        root = Xml.fromstring(document)  # noqa: S314 - without a document type nothing in it is expanded
    except Xml.ParseError:
        raise AnswerNotUnderstood(
            "Business Central answered $metadata with something that is no XML.", system=SYSTEM
        ) from None
    sets = {found.get("Name", ""): found.get("EntityType", "") for found in _all(root, "EntitySet")}
    types = {_last(found.get("Name", "")): found for found in _all(root, "EntityType")}
    enums = {_last(found.get("Name", "")): _members(found) for found in _all(root, "EnumType")}
    chosen = types.get(_last(sets.get(entity, "")))
    if chosen is None:
        near = difflib.get_close_matches(entity, sets, n=3, cutoff=0.5) or sorted(sets)[:20]
        raise SetupError(
            f"The API of the customers' page has no list {entity!r}.",
            hint=f"Correct customers_entity (and customers_api); there are: {', '.join(near) or 'none'}.",
            system=SYSTEM,
        )
    properties = _properties(chosen, enums)
    if not ship_to:
        return Page(name, properties)
    behind = {found.get("Name", ""): found.get("Type", "") for found in _all(chosen, "NavigationProperty")}
    address = types.get(_last(behind.get(ship_to, "").removeprefix("Collection(").rstrip(")")))
    if address is None:
        there = f"there are: {', '.join(sorted(behind))}" if behind else "it has none"
        return Page(name, properties, f"{entity} has no list {ship_to} ({there}); correct ship_to_entity")
    found = _properties(address, enums)
    lacking = [needed for needed in ("id", "code") if needed not in found]
    if lacking:
        return Page(name, properties, f"{ship_to} has no {' and no '.join(lacking)}, by which an address is known")
    return Page(name, {**properties, **{f"{SHIP_TO}{key}": value for key, value in found.items()}})


def _properties(entity: Xml.Element, enums: Mapping[str, tuple[str, ...]]) -> dict[str, Property]:
    return {found.get("Name", ""): _property(found, enums) for found in _children(entity, "Property")}


def _property(found: Xml.Element, enums: Mapping[str, tuple[str, ...]]) -> Property:
    kind, length = found.get("Type", ""), found.get("MaxLength", "")
    options = tuple(option for option in enums.get(_last(kind), ()) if option.strip())
    known = "option" if _last(kind) in enums else _KINDS.get(kind, "")
    return Property(
        known, int(length) if length.isdecimal() else 0, _is_writable(found), options, kind.rpartition(".")[2]
    )


def _is_writable(found: Xml.Element) -> bool:
    for told in _children(found, "Annotation"):
        term, says = told.get("Term", ""), told.get("Bool", "true").lower() == "true"
        if term.endswith("AllowEdit") and not says:
            return False
        if term in {"Org.OData.Core.V1.Computed", "Org.OData.Core.V1.Immutable"} and says:
            return False
        if term == "Org.OData.Core.V1.Permissions":
            members = " ".join([told.get("EnumMember", ""), *(part.text or "" for part in told)])
            if "Write" not in members:
                return False
    return True


def _members(enum: Xml.Element) -> tuple[str, ...]:
    """The members as people call them: `Any_x0020_Day` is Any Day."""
    names = (member.get("Name", "") for member in _children(enum, "Member"))
    return tuple(_MEMBER.sub(lambda sign: chr(int(sign[1], 16)), name) for name in names)


def _all(root: Xml.Element, name: str) -> list[Xml.Element]:
    return [found for found in root.iter() if _last_of_tag(found) == name]


def _children(parent: Xml.Element, name: str) -> list[Xml.Element]:
    return [found for found in parent if _last_of_tag(found) == name]


def _last_of_tag(found: Xml.Element) -> str:
    """A tag without its namespace, which differs between versions of OData."""
    return found.tag.rpartition("}")[2] if isinstance(found.tag, str) else ""


def _last(name: str) -> str:
    """A type's name without its namespace."""
    return name.rpartition(".")[2]
