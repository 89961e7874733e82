"""From an address to an answer: which entity set, which verb, in which shape."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import orjson

from sandbox.business_central.custom_page import STANDARD, Catalogue
from sandbox.business_central.customers import Customers
from sandbox.business_central.entities import ALL_SETS, COMPANIES, SUBSCRIPTIONS, EntitySet
from sandbox.business_central.errors import (
    ApiError,
    bad_request,
    dialog,
    method_not_allowed,
    record_not_found,
    unknown_segment,
)
from sandbox.business_central.exchange import Call, Reply, Segment, from_error
from sandbox.business_central.expansion import NAVIGATION, expanded, expansions_of, navigate
from sandbox.business_central.listing import read_page
from sandbox.business_central.metadata import METADATA_TYPE, entity_definitions, metadata_document
from sandbox.business_central.query_options import Query, next_link, options_of, page_size, read_query
from sandbox.business_central.references import named_guid
from sandbox.business_central.rows import Values, rendered_columns, with_context
from sandbox.business_central.settings import Settings
from sandbox.business_central.ship_to import ShipTo
from sandbox.business_central.store import Store
from sandbox.business_central.subscriptions import Subscriptions


class Service:
    """The API behind authentication and limits. Answers are given in any thread, one at a time."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        subscriptions: Subscriptions,
        catalogue: Callable[[], Catalogue] = lambda: STANDARD,
    ) -> None:
        self.store = store
        self._catalogue = catalogue
        self.settings = settings
        self.customers = Customers(store, settings)
        self.ship_to = ShipTo(store, settings)
        self.subscriptions = subscriptions
        self._correlations = count(1)

    @property
    def catalogue(self) -> Catalogue:
        """What this API has of a company, now."""
        return self._catalogue()

    @property
    def _all_sets(self) -> tuple[EntitySet, ...]:
        if self.catalogue is STANDARD:
            return ALL_SETS
        return (COMPANIES, *self.catalogue.sets.values())

    def correlation_id(self) -> str:
        """A GUID for an answer."""
        return named_guid(self.store.seed, "correlation", next(self._correlations))

    def answer(self, call: Call) -> Reply:
        """The answer to a request; errors are answers too."""
        try:
            return self._answer(call)
        except ApiError as error:
            return from_error(error, self.correlation_id())

    def _answer(self, call: Call) -> Reply:
        if call.method != "GET" and call.headers.get("data-access-intent", "").lower() == "readonly":
            raise bad_request("Data-Access-Intent: ReadOnly is allowed for GET requests only.")
        if not call.path.strip("/"):
            return self._service_document(call)
        segments = call.segments()
        first = segments[0]
        if first.name == "$metadata":
            return Reply(200, metadata_document(self._all_sets), METADATA_TYPE)
        if first.name == "entityDefinitions":
            wanted = options_of(call.query, self.settings).get("$filter", "")
            return Reply(200, entity_definitions(call.base, wanted, self._all_sets))
        if first.name == COMPANIES.name:
            return self._companies(call, segments)
        if first.name == SUBSCRIPTIONS.name and self.catalogue is STANDARD:
            return self._subscriptions(call, segments)
        self._check_named_company(call)
        return self._in_company(call, segments)

    def _service_document(self, call: Call) -> Reply:
        if call.method != "GET":
            raise method_not_allowed(call.method, "", "Collection")
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in (COMPANIES.name, *self.catalogue.sets)]
        return Reply(200, orjson.dumps({"@odata.context": f"{call.base}/$metadata", "value": sets}))

    def _companies(self, call: Call, segments: list[Segment]) -> Reply:
        if segments[0].key is None:
            return self._collection(call, COMPANIES, segments[1:], {"GET": self._list(COMPANIES, COMPANIES.name)})
        company = segments[0].guid()
        if company != self.store.company_id:
            raise ApiError(404, "Internal_CompanyNotFound", f"The company {company} does not exist.")
        if len(segments) > 1:
            return self._in_company(call, segments[1:])
        if call.method != "GET":
            raise method_not_allowed(call.method, COMPANIES.name, "Entity")
        return self._row(call, COMPANIES, COMPANIES.name, company)

    def _check_named_company(self, call: Call) -> None:
        wanted = options_of(call.query, self.settings).get("company") or call.headers.get("company", "")
        if not wanted:
            raise ApiError(404, "Internal_CompanyNotFound", "The company was not specified in the request.")
        row = self.store.database.row("SELECT name, displayName FROM companies")
        if wanted.strip("{}").lower() != self.store.company_id and wanted not in (row or ()):
            raise bad_request(
                "The supplied company name is not valid. Make sure that the company exists and is spelled correctly.",
                "Unknown",
            )

    def _in_company(self, call: Call, segments: list[Segment]) -> Reply:
        first, rest = segments[0], segments[1:]
        if first.name in ("contactsInformation", "defaultDimensions", "documentAttachments"):
            raise dialog("You must specify a parent ID to get the records of this page.")
        catalogue = self.catalogue
        entity = catalogue.sets.get(first.name)
        if entity is None:
            raise unknown_segment(first.name)
        context = f"companies({self.store.company_id})/{entity.name}"
        if first.key is None:
            verbs = {"GET": self._list(entity, context)}
            if entity is catalogue.customers and catalogue.is_editable:
                verbs["POST"] = partial(self._create, entity)
            return self._collection(call, entity, rest, verbs)
        guid = first.guid()
        if rest:
            return self._behind(call, entity, guid, rest)
        if call.method == "GET":
            return self._row(call, entity, context, guid)
        if entity is catalogue.customers and call.method == "PATCH" and catalogue.is_editable:
            query = read_query(options_of(call.query, self.settings), entity, self.settings)
            values = self.customers.change(guid, call.json(), call.headers.get("if-match"), entity)
            return self._written(call, entity, query, values, 200)
        if entity is catalogue.customers and call.method == "DELETE":
            self.customers.delete(guid, call.headers.get("if-match"))
            return Reply(204)
        raise method_not_allowed(call.method, entity.name, "Entity")

    def _collection(
        self, call: Call, entity: EntitySet, rest: list[Segment], verbs: dict[str, Callable[[Call], Reply]]
    ) -> Reply:
        if [segment.name for segment in rest] == ["$count"] and call.method == "GET":
            query = read_query(
                {**options_of(call.query, self.settings), "$count": "true", "$top": "0"}, entity, self.settings
            )
            total = read_page(self.store.database, entity, query, 1, self.settings).total
            return Reply(200, str(total).encode(), "text/plain")
        if rest:
            raise unknown_segment(rest[0].name)
        if call.method not in verbs:
            raise method_not_allowed(call.method, entity.name, "Collection")
        return verbs[call.method](call)

    def _list(self, entity: EntitySet, context: str) -> Callable[[Call], Reply]:
        def listed(call: Call) -> Reply:
            options = options_of(call.query, self.settings)
            query = read_query(options, entity, self.settings)
            size = page_size(call.prefer, self.settings)
            is_expanded = bool(query.expand) and entity.stored_in == "customers"
            asked = replace(query, select=None) if is_expanded else query
            page = read_page(self.store.database, entity, asked, size, self.settings)
            rows = [self._expanded(entity, body, query) for body in page.rows] if is_expanded else page.rows
            parts = [b'{"@odata.context":', orjson.dumps(f"{call.base}/$metadata#{context}{_shape(query)}")]
            if page.total is not None:
                parts.append(b',"@odata.count":%d' % page.total)
            parts += [b',"value":[', b",".join(rows), b"]"]
            if page.token is not None:
                link = next_link(call.address, options, page.token, page.rows_left)
                parts += [b',"@odata.nextLink":', orjson.dumps(link)]
            return Reply(200, b"".join((*parts, b"}")))

        return listed

    def _expanded(self, entity: EntitySet, body: bytes, query: Query) -> bytes:
        return self._text(entity, self.customers.get(orjson.loads(body)["id"]), query)

    def _row(self, call: Call, entity: EntitySet, context: str, key: str) -> Reply:
        query = read_query(options_of(call.query, self.settings), entity, self.settings)
        columns = ", ".join(("body", "etag", *(f'"{name}"' for name in entity.names)))
        found = self.store.database.row(f'SELECT {columns} FROM {entity.stored_in} WHERE "{entity.key}" = ?', (key,))
        if found is None:
            raise record_not_found(self.settings.unknown_id_code, entity.caption, key)
        values = dict(zip(("body", "etag", *entity.names), found, strict=True))
        if query.expand and entity.stored_in == "customers":
            values = self.customers.get(key)
        return Reply(200, self._shaped(call, entity, context, values, query))

    def _shaped(self, call: Call, entity: EntitySet, context: str, values: Values, query: Query) -> bytes:
        body = self._text(entity, values, query)
        return with_context(f"{call.base}/$metadata#{context}{_shape(query)}/$entity", body)

    def _text(self, entity: EntitySet, values: Values, query: Query) -> bytes:
        body: bytes = values["body"]
        if query.select is not None:
            row = [values["etag"], *(values[prop.name] for prop in query.select)]
            body = rendered_columns(query.select, [row], has_etag=entity.has_etag)[0]
        if query.expand and entity.stored_in == "customers":
            names = expansions_of(query.expand, entity.navigation)
            body = _joined(body, expanded(self.store, values, names, self.catalogue.ship_to))
        return body

    def _create(self, entity: EntitySet, call: Call) -> Reply:
        query = read_query(options_of(call.query, self.settings), entity, self.settings)
        return self._written(call, entity, query, self.customers.create(call.json(), entity), 201)

    def _written(self, call: Call, entity: EntitySet, query: Query, values: Values, status: int) -> Reply:
        context = f"companies({self.store.company_id})/{entity.name}"
        headers = {}
        if status == 201 and self.settings.location_after_create:
            headers["Location"] = f"{call.base}/{context}({values['id']})"
        if "return-no-content" in call.prefer or "return=minimal" in call.prefer:
            return Reply(204, headers=headers)
        return Reply(status, self._shaped(call, entity, context, values, query), headers=headers)

    def _behind(self, call: Call, entity: EntitySet, guid: str, rest: list[Segment]) -> Reply:
        if rest[0].name in entity.navigation and len(rest) == 1:
            return self._ship_to(call, guid, rest[0])
        if entity is not self.catalogue.customers or len(rest) != 1 or rest[0].name not in NAVIGATION:
            raise unknown_segment(rest[0].name)
        if call.method != "GET":
            raise method_not_allowed(call.method, rest[0].name, "Entity")
        found = navigate(self.store, self.customers.get(guid), rest[0].name)
        context = f"{call.base}/$metadata#companies({self.store.company_id})/customers({guid})/{rest[0].name}"
        if isinstance(found, list):
            return Reply(200, orjson.dumps({"@odata.context": context, "value": found}))
        return Reply(204) if found is None else Reply(200, with_context(context, orjson.dumps(found)))

    def _ship_to(self, call: Call, customer_id: str, segment: Segment) -> Reply:
        """The addresses of one customer."""
        entity = self.catalogue.ship_to
        assert entity is not None  # noqa: S101 - who has the navigation has the set
        self.customers.get(customer_id)
        context = f"companies({self.store.company_id})/customers({customer_id})/{entity.name}"
        query = read_query(options_of(call.query, self.settings), entity, self.settings)
        query = replace(query, select=query.select or entity.properties)
        if segment.key is None and call.method == "GET":
            found = navigate(self.store, {"id": customer_id}, entity.name, entity)
            return Reply(200, orjson.dumps({"@odata.context": f"{call.base}/$metadata#{context}", "value": found}))
        if segment.key is None and call.method == "POST":
            values = self.ship_to.create(customer_id, call.json(), entity)
            return Reply(201, self._shaped(call, entity, context, values, query))
        if segment.key is not None and call.method == "PATCH":
            if_match = call.headers.get("if-match")
            values = self.ship_to.change(customer_id, segment.guid(), call.json(), if_match, entity)
            return Reply(200, self._shaped(call, entity, context, values, query))
        raise method_not_allowed(call.method, entity.name, "Collection" if segment.key is None else "Entity")

    def _subscriptions(self, call: Call, segments: list[Segment]) -> Reply:
        self.subscriptions.forget_expired()
        entity = SUBSCRIPTIONS
        if segments[0].key is None:
            verbs = {"GET": self._list(entity, entity.name), "POST": self._subscribe}
            return self._collection(call, entity, segments[1:], verbs)
        key = segments[0].text()
        if len(segments) > 1:
            raise unknown_segment(segments[1].name)
        if call.method == "GET":
            return self._row(call, entity, entity.name, key)
        if_match = call.headers.get("if-match")
        if call.method == "PATCH":
            values = self.subscriptions.renew(key, call.json(), if_match)
            return Reply(200, self._shaped(call, entity, entity.name, values, Query({})))
        if call.method == "DELETE":
            self.subscriptions.delete(key, if_match)
            return Reply(204)
        raise method_not_allowed(call.method, entity.name, "Entity")

    def _subscribe(self, call: Call) -> Reply:
        values = self.subscriptions.create(call.json())
        return Reply(201, self._shaped(call, SUBSCRIPTIONS, SUBSCRIPTIONS.name, values, Query({})))


def _shape(query: Query) -> str:
    """What of the entity an answer shows, as its context says it."""
    names = [prop.name for prop in query.select or ()] if query.raw.get("$select") else []
    if query.expand:
        names += [f"{part.partition('(')[0].strip()}()" for part in query.expand.split(",")]
    return f"({','.join(names)})" if names else ""


def _joined(body: bytes, more: dict[str, Any]) -> bytes:
    return body[:-1] + b"," + orjson.dumps(more)[1:] if more else body
