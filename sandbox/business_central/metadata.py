"""What the API says of itself: $metadata in XML, entityDefinitions in JSON."""

from functools import cache
from xml.sax.saxutils import quoteattr

import orjson

from sandbox.business_central.entities import ALL_SETS, EntitySet, Kind, Property
from sandbox.business_central.errors import bad_request
from sandbox.business_central.expansion import NAVIGATION
from sandbox.business_central.filter_tree import Comparison, Literal, Name
from sandbox.business_central.filters import parsed

METADATA_TYPE = "application/xml"


@cache
def metadata_document(shown: tuple[EntitySet, ...] = ALL_SETS) -> bytes:
    """The document $metadata: entity types with their properties, their lengths and which can be written, enums, and the
    entity sets."""
    types = "".join(_entity_type(entity, shown) for entity in shown)
    enums = "".join(_enum(entity, prop) for entity in shown for prop in entity.properties if prop.options)
    sets = "".join(
        f'<EntitySet Name="{entity.name}" EntityType="Microsoft.NAV.{entity.singular}"/>' for entity in shown
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{types}{enums}<EntityContainer Name="NAV">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def entity_definitions(base: str, filter_text: str, shown: tuple[EntitySet, ...] = ALL_SETS) -> bytes:
    """Captions and enum members, of all entities or of the one named by `entitySetName eq '...'`."""
    wanted = None
    if filter_text:
        node = parsed(filter_text)
        is_simple = isinstance(node, Comparison) and node.operand == Name("entitySetName") and node.operator == "eq"
        if not is_simple or not isinstance(node, Comparison):
            raise bad_request("entityDefinitions can be filtered by entitySetName only.")
        wanted = node.literal
    value = [_definition(entity) for entity in shown if wanted in (None, Literal(entity.name, "text"))]
    return orjson.dumps({"@odata.context": f"{base}/$metadata#entityDefinitions", "value": value})


def _definition(entity: EntitySet) -> dict[str, object]:
    return {
        "entityName": entity.singular,
        "entitySetName": entity.name,
        "entityCaptions": _captions(entity.caption),
        "properties": [{"name": prop.name, "captions": _captions(prop.caption)} for prop in entity.properties],
        "navigationProperties": [
            {"name": name} for name in sorted(NAVIGATION) if entity.name == "customers" and not name.endswith("Details")
        ],
        "enumMembers": [
            {"name": option, "value": number, "property": prop.name}
            for prop in entity.properties
            for number, option in enumerate(prop.options)
        ],
    }


def _captions(text: str) -> list[dict[str, object]]:
    return [{"languageCode": 1033, "caption": text}]


def _entity_type(entity: EntitySet, shown: tuple[EntitySet, ...]) -> str:
    properties = "".join(_property(entity, prop) for prop in entity.properties)
    key = f'<Key><PropertyRef Name="{entity.key}"/></Key>'
    behind = "".join(
        f'<NavigationProperty Name="{other.name}" Type="Collection(Microsoft.NAV.{other.singular})" ContainsTarget="true"/>'
        for other in shown
        if other.name in entity.navigation
    )
    return f'<EntityType Name="{entity.singular}">{key}{properties}{behind}</EntityType>'


def _property(entity: EntitySet, prop: Property) -> str:
    kind = f"Microsoft.NAV.{_enum_name(entity, prop)}" if prop.kind is Kind.ENUM else prop.kind.edm
    length = f' MaxLength="{prop.length}"' if prop.length else ""
    edit = "true" if prop.is_editable else "false"
    told = f'<Annotation Term="NAV.LabelId" String={quoteattr(prop.name)}/><Annotation Term="NAV.AllowEdit" Bool="{edit}"/>'
    return f'<Property Name={quoteattr(prop.name)} Type="{kind}"{length}>{told}</Property>'


def _enum(entity: EntitySet, prop: Property) -> str:
    members = "".join(f'<Member Name="{option}" Value="{number}"/>' for number, option in enumerate(prop.options))
    return f'<EnumType Name="{_enum_name(entity, prop)}">{members}</EnumType>'


def _enum_name(entity: EntitySet, prop: Property) -> str:
    return f"{entity.singular}{prop.name[0].upper()}{prop.name[1:]}"
