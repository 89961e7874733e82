"""Errors as Business Central reports them: a status, a code, and a text for people.

The code decides, not the status. Every text ends with a correlation id, which `as_json` adds.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sandbox.business_central.texts import units

Json = dict[str, Any]


class ApiError(Exception):
    """An answer that is an error. `headers` are added to those that every answer has."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def as_json(self, correlation_id: str) -> bytes:
        """The error's body."""
        message = f"{self.message}  CorrelationId:  {correlation_id}."
        return orjson.dumps({"error": {"code": self.code, "message": message}})


def bad_request(message: str, code: str = "BadRequest") -> ApiError:
    """400: what was sent cannot be understood."""
    return ApiError(400, code, message)


def dialog(message: str) -> ApiError:
    """400: a rule of the application, whose text a person would have seen as a dialog."""
    return ApiError(400, "Application_DialogException", message)


def field_error(message: str) -> ApiError:
    """400: the value of a field is refused by the field's own check."""
    return ApiError(400, "Application_FieldValidationException", message)


def missing_relation(field: str, table: str, value: str, related: str) -> ApiError:
    """400: a code or id that the related table does not have."""
    message = (
        f"The field {field} of table {table} contains a value ({value}) that cannot be found in the related table "
        f"({related})."
    )
    return ApiError(400, "Internal_InvalidTableRelation", message)


def too_long(value: str, maximum: int) -> ApiError:
    """400: a text longer than its field."""
    message = (
        f"The length of the string is {units(value)}, but it must be less than or equal to {maximum} characters. "
        f"Value: {value}"
    )
    return ApiError(400, "Application_StringExceededLength", message)


def unknown_property(name: str, type_name: str) -> ApiError:
    """400: a name in a query option that the entity does not have."""
    return bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{type_name}'.")


def unknown_segment(segment: str) -> ApiError:
    """404: a part of the address that means nothing."""
    return ApiError(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{segment}'.")


def method_not_allowed(method: str, segment: str, kind: str) -> ApiError:
    """405: a verb that the addressed collection or entity does not take."""
    message = (
        f"'{method}' requests for '{segment}' of EdmType '{kind}' are not allowed within Dynamics 365 Business Central "
        "OData web services."
    )
    return ApiError(405, "BadRequest_MethodNotAllowed", message)


def record_not_found(code: str, caption: str, guid: str) -> ApiError:
    """404: an id that does not exist."""
    message = f"The {caption} does not exist. Identification fields and values: SystemId='{{{guid.upper()}}}'"
    return ApiError(404, code, message)


def rejected_credentials() -> ApiError:
    """401: no token, an unknown or an expired one, a wrong password."""
    message = "The server has rejected the client credentials."
    return ApiError(401, "Authentication_InvalidCredentials", message)


def permission_denied(right: str) -> ApiError:
    """403: the app's permission sets lack a right."""
    message = f"Sorry, the current permissions prevented the action. (TableData 18 Customer {right})"
    return ApiError(403, "Authorization_PermissionDenied", message)


def entity_changed() -> ApiError:
    """409: the ETag is not the record's any more."""
    return ApiError(409, "Request_EntityChanged", "Another user has already changed the record.")


def unreadable_token() -> ApiError:
    """400: If-Match is missing or no ETag."""
    message = (
        "Could not validate the client concurrency token required by the service. "
        "Please provide a valid token in the client request."
    )
    return ApiError(400, "BadRequest_InvalidToken", message)


def check_tenant(tenants: Sequence[str], query: str) -> None:
    """Raise ApiError when a server with several tenants is not told which one is meant (401), or does not have it (404)."""
    named = {name.lower(): value for name, value in parse_qsl(query)}.get("tenant", "")
    if tenants and not named:
        raise rejected_credentials()
    if tenants and named.lower() not in {tenant.lower() for tenant in tenants}:
        raise ApiError(404, "BadRequest_NotFound", f"The tenant '{named}' was not found.")


NO_ENVIRONMENT = (
    '<error xmlns="http://docs.oasis-open.org/odata/ns/metadata">'
    "<code>NoEnvironment</code><message>Environment does not exist.</message></error>"
)
"""What the gateway says, in XML, of an environment or tenant that it does not know."""
