"""The OData dialect of Business Central: what its filters understand, and its refusals as errors.

`in` is silently ignored and gives everybody, `or` over two fields is an error, comparisons know letter case, and `*` inside a
literal stands for any text. So: chains of `or` over one field, `tolower`, and whatever comes back is compared once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.clients.answers import plain, said_by
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    CustomerChanged,
    CustomerNotFound,
    CustomerSyncError,
    InternalError,
    RemoteRefused,
    SetupError,
)

__all__ = ["SYSTEM", "any_of", "checked_filter", "error_code", "is_guid", "literal", "query", "refusal"]

SYSTEM = "business_central"
# the length of addresses that Business Central takes is not documented; these are safe
LONGEST_CHAIN = 20
LONGEST_FILTER = 1200
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IN = re.compile(r"\bin\s*\(", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^']|'')*'")
_XML_CODE = re.compile(r"<(?:\w+:)?code>([^<]*)<")
_XML_MESSAGE = re.compile(r"<(?:\w+:)?message[^>]*>([^<]*)<")
# no word of a customer, whose values are blackened before this is looked for
_TENANT = re.compile(r"\btenant\b", re.IGNORECASE)
_CORRELATION = re.compile(r"\s*CorrelationId:.*$", re.DOTALL)
# values of a customer that Business Central repeats when it refuses them
_VALUE = re.compile(r"(Value: |[Cc]urrent value is )(?:'[^']*'|.*$)", re.DOTALL)


def is_guid(text: str) -> bool:
    """Whether the text is an id as Business Central writes them."""
    return _GUID.fullmatch(text) is not None


def literal(value: str) -> str:
    """A text as it stands in a filter."""
    return "'" + value.replace("'", "''") + "'"


def any_of(expression: str, literals: Sequence[str]) -> Iterator[str]:
    """Filters that together find every value: chains of `or` over one field, none too long for an address."""
    chain: list[str] = []
    length = 0
    for value in literals:
        term = f"{expression} eq {value}"
        cost = len(quote(term, safe="")) + 8
        if chain and (len(chain) == LONGEST_CHAIN or length + cost > LONGEST_FILTER):
            yield " or ".join(chain)
            chain, length = [], 0
        chain.append(term)
        length += cost
    if chain:
        yield " or ".join(chain)


def checked_filter(text: str) -> str:
    """The filter, unless Business Central would ignore it and answer with every customer."""
    if not text.strip() or _IN.search(_TEXT.sub("''", text)):
        raise InternalError("A blank filter, or one with `in`, would find every customer.")
    return text


def query(options: Mapping[str, str]) -> str:
    """`?$filter=…&$select=…`, values percent-encoded; "" without options."""
    pairs = [f"{name}={quote(value, safe=',')}" for name, value in options.items()]
    return f"?{'&'.join(pairs)}" if pairs else ""


def error_code(body: Any, text: str = "") -> str:
    """The error's code: it decides, for the same trouble comes under several HTTP statuses."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        return str(error.get("code") or "")
    found = _XML_CODE.search(text)
    return found.group(1) if found else ""


def refusal(status: int, body: Any, text: str = "", *, customer: str = "") -> CustomerSyncError:
    """The error that a refusal stands for, whether of a request or of an item of a batch."""
    code, said = error_code(body, text), _message(body, text)
    of_customer: dict[str, Any] = {"status": status, "code": code, "system": SYSTEM, "customer": customer}
    who = customer or "The customer"
    if code == "Request_EntityChanged" or status == 412 or (status == 409 and not code):
        return CustomerChanged(f"{who} was changed by somebody after it was read.", **of_customer)
    in_front = _in_front(status, body, code, said)
    if in_front is not None:
        return in_front
    if code in {"Internal_RecordNotFound", "BadRequest_NotFound"} or (status == 404 and not code and not text):
        return CustomerNotFound(f"{who} is not in Business Central.", **of_customer)
    if status == 401 or code.startswith("Authentication_"):
        return CredentialsRefused(
            f"Business Central does not accept the login{f': {said}' if said else ''}.",
            hint="Enable the application on the page Microsoft Entra applications there, with the right client id and "
            "permission sets; on premises check user and web service access key, and whether the server has several tenants "
            "(tenant in the setup).",
            system=SYSTEM,
        )
    if status == 403 or code.startswith("Authorization_"):
        return CredentialsRefused(
            f"Business Central does not permit it: {said or 'permission missing'}.",
            hint="Give the application permission to read and write customers (for example the permission sets "
            "D365 CUSTOMER, EDIT and D365 READ) for this company.",
            system=SYSTEM,
        )
    return _of_setup(status, code, said) or RemoteRefused(
        f"Business Central refused it: {said or f'status {status}'}.",
        **{**of_customer, "code": code or f"http-{status}"},
    )


def _in_front(status: int, body: Any, code: str, said: str) -> ConnectionRefused | None:
    """The server does not know which tenant is meant, or something else than the server refuses."""
    said = said or said_by(body).message
    if status in {401, 404} and code != "NoEnvironment" and (_TENANT.search(said) or "Tenant" in code):
        return ConnectionRefused(
            f"Business Central does not find the tenant: {said or code}.",
            hint="On premises name it under tenant (or as ?tenant=NAME of base_url), as Get-NAVTenant there lists it; online it "
            "stands in base_url.",
            system=SYSTEM,
        )
    if status in {401, 403} and isinstance(body, Mapping) and "error" not in body and said:
        return ConnectionRefused(
            f"Not Business Central but something in front of it refuses the request ({status}): {said}.",
            hint="Let the API through in that gateway or firewall; what it asks for can stand under headers in the setup.",
            system=SYSTEM,
        )
    return None


def _of_setup(status: int, code: str, said: str) -> SetupError | None:
    if code == "NoEnvironment":
        return ConnectionRefused(
            "Business Central has no such environment.",
            hint="Correct the environment's name (and the tenant) in base_url; the admin center lists the environments.",
            system=SYSTEM,
        )
    if code == "Internal_CompanyNotFound" or "company name" in said.lower():
        hint = "Correct company in the setup; customer-sync check lists the ones there are."
        return SetupError("Business Central has no such company.", hint=hint, system=SYSTEM)
    if status == 405 or code == "BadRequest_MethodNotAllowed":
        return ConnectionRefused(
            "Business Central's web services are switched off, or base_url names something else.",
            hint="On premises set ODataServicesEnabled and ApiServicesEnabled.",
            system=SYSTEM,
        )
    if code == "BadRequest_ResourceNotFound" or status == 404:
        return ConnectionRefused(
            f"Business Central does not know the address: {said or 'not found'}.",
            hint="Check base_url: everything up to and including /api/v2.0; and customers_api, customers_entity and "
            "ship_to_entity if the setup has them.",
            system=SYSTEM,
        )
    return None


def _message(body: Any, text: str) -> str:
    error = body.get("error") if isinstance(body, Mapping) else None
    found = _XML_MESSAGE.search(text)
    message = str(error.get("message") or "") if isinstance(error, Mapping) else found.group(1) if found else ""
    return plain(_VALUE.sub(r"\1…", _CORRELATION.sub("", message)))
