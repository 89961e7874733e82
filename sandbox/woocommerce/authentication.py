"""Who asks: API keys by HTTP Basic authentication or in the query string. The connection counts as a secure one."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.woocommerce.errors import ApiError

_READING = frozenset({"GET", "HEAD"})
_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class ApiKeys:
    """The keys that the shop accepts; their owner is an administrator. The second pair may only read."""

    consumer_key: str
    consumer_secret: str
    read_only_key: str
    read_only_secret: str


@dataclass(frozen=True)
class Access:
    """What a request may do; `is_known` is False without credentials and with a key that does not exist."""

    is_known: bool
    may_write: bool

    def refuse_method(self, method: str) -> None:
        """Raises ApiError when the key does not allow the method; this comes even before the route is looked for."""
        if not self.is_known or method == "OPTIONS" or method in _READING:
            return
        if method not in _WRITING:
            raise ApiError("woocommerce_rest_authentication_error", "Unknown request method.", 401)
        if not self.may_write:
            text = "The API key provided does not have write permissions."
            raise ApiError("woocommerce_rest_authentication_error", text, 401)


NOBODY = Access(is_known=False, may_write=False)


def authenticate(keys: ApiKeys, query: Mapping[str, Any], authorization: str) -> Access:
    """Who the credentials belong to. Raises ApiError (401) for a known key with a wrong secret."""
    key, secret = query.get("consumer_key"), query.get("consumer_secret")
    if not key or not secret:
        key, secret = _basic(authorization)
    secrets = {keys.consumer_key: keys.consumer_secret, keys.read_only_key: keys.read_only_secret}
    if not key or not secret or not isinstance(key, str) or key not in secrets:
        return NOBODY
    if secrets[key] != secret:
        raise ApiError("woocommerce_rest_authentication_error", "Consumer secret is invalid.", 401)
    return Access(is_known=True, may_write=key == keys.consumer_key)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    key, _, secret = text.partition(":")
    return key, secret
