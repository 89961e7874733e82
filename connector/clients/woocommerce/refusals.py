"""What WooCommerce would lose or destroy without a word, refused before it is sent; and its refusals as errors.

Measured on WooCommerce 10.5 / WordPress 6.9. Its batch endpoint validates nothing: `null`, "" and malformed e-mails wipe the
address with a 200, numbers and lists are stored as PHP texts. An `&` destroys an e-mail on every way in. Meta keys that
begin with `_` are dropped silently. An `id` in the body of a single update redirects the update to another customer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.clients.answers import plain, said_by
from connector.clients.results import Record
from connector.clients.woocommerce.in_front import SYSTEM, WOOCOMMERCE, refused_in_front
from connector.errors import (
    ConnectionRefused,
    CredentialsRefused,
    CustomerNotFound,
    CustomerSyncError,
    DataError,
    EmailTaken,
    RemoteRefused,
    SetupError,
)

__all__ = [
    "SYSTEM",
    "customer_label",
    "email_mangled",
    "id_of",
    "is_account_email",
    "refusal",
    "safe_account",
]

EMAIL_LENGTH = 100
# WordPress' is_email, without `&`, which it turns into an entity and so loses the address
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9!#$%'*+/=?^_`{{|}}~.\-]+@(?:{_LABEL}\.)+{_LABEL}")
_TEXTS = ("first_name", "last_name", "username", "password")
_ADDRESSES = ("billing", "shipping")
_KEYS_PLACE = "WooCommerce > Settings > Advanced > REST API"
_TAKEN = frozenset(
    {"registration-error-email-exists", "existing_user_email", "woocommerce_rest_customer_invalid_email"}
)
_GONE = frozenset({"wc_user_invalid_id", "woocommerce_rest_invalid_id"})


def customer_label(webstore_id: int | str) -> str:
    """How an account is named in messages."""
    return f"woo:{webstore_id}"


def id_of(record: Mapping[str, Any]) -> int | None:
    """The id of a record; None when it has none that could be one."""
    identifier = record.get("id")
    if not isinstance(identifier, int) or isinstance(identifier, bool) or identifier <= 0:
        return None
    return identifier


def is_account_email(value: str) -> bool:
    """Whether WordPress keeps the address exactly as it is."""
    return 6 <= len(value) <= EMAIL_LENGTH and _EMAIL.fullmatch(value) is not None


def safe_account(payload: Mapping[str, Any], *, creating: bool, customer: str = "") -> Record:
    """A copy of the payload that is safe to send, on the single and on the batch endpoint.

    An `id` is left out (the batch puts its own in again), and so is a blank `billing.email` of a new account, which the
    single endpoint refuses and nobody needs.

    Raises:
        DataError: a value would be lost, mangled or stored as something else.
    """
    body = {name: value for name, value in payload.items() if name != "id"}
    for name in _TEXTS:
        if name in body and not isinstance(body[name], str):
            raise _no_text(name, customer)
    for name in _ADDRESSES:
        if name in body:
            body[name] = _safe_address(name, body[name], creating, customer)
    if creating or "email" in body:
        _check_email("email", body.get("email"), customer)
    for item in body.get("meta_data") or ():
        key = item.get("key") if isinstance(item, Mapping) else None
        if not isinstance(key, str) or key.startswith(("_", "wp_")):
            raise DataError(
                f"The webstore keeps no meta data under {key!r}.",
                hint="Use a key that begins with neither _ nor wp_.",
                field="meta_data",
                system=SYSTEM,
                customer=customer,
            )
    return body


def _safe_address(name: str, address: Any, creating: bool, customer: str) -> dict[str, str]:
    if not isinstance(address, Mapping):
        raise _no_text(name, customer)
    for part, value in address.items():
        if not isinstance(value, str):
            raise _no_text(f"{name}.{part}", customer)
    kept = dict(address)
    if creating and kept.get("email") == "":
        del kept["email"]
    if kept.get("email"):
        _check_email(f"{name}.email", kept["email"], customer)
    return kept


def _check_email(name: str, value: Any, customer: str) -> None:
    if not isinstance(value, str) or not value:
        what = "An account of the webstore cannot be without an e-mail."
    elif not is_account_email(value):
        what = "The webstore would refuse or mangle this e-mail."
    else:
        return
    raise DataError(what, hint="Correct it in Business Central.", field=name, system=SYSTEM, customer=customer)


def _no_text(name: str, customer: str) -> DataError:
    return DataError(f"{name} is not a text.", field=name, system=SYSTEM, customer=customer)


def email_mangled(sent: Mapping[str, Any], record: Mapping[str, Any]) -> CustomerSyncError | None:
    """An error when the webstore keeps another e-mail than it was sent; letter case does not count."""
    if "email" not in sent or str(record.get("email", "")).casefold() == str(sent["email"]).casefold():
        return None
    label = customer_label(record.get("id", "?"))
    return RemoteRefused(
        f"The webstore answered with another e-mail for {label} than it was sent.",
        hint="Correct the account's e-mail in the webstore by hand; a plugin may change e-mails there.",
        code="email-mangled",
        system=SYSTEM,
        customer=label,
    )


def refusal(status: int, body: Any, *, customer: str = "", of_item: bool = False) -> CustomerSyncError:
    """The error that a 4xx answer, or an item of a batch, stands for.

    Args:
        body: `{"code", "message", "data"}` as WordPress sends it.
        of_item: what was refused concerns one customer, so the key as such is good.
    """
    body = body if isinstance(body, Mapping) else {}
    code = str(body.get("code") or "")
    said = plain(body.get("message"))
    if code in _TAKEN:
        return EmailTaken(
            "The webstore has another account with this e-mail (or the same but for upper and lower case).",
            status=status,
            code=code,
            system=SYSTEM,
            customer=customer,
        )
    if code in _GONE:
        message = f"{customer or 'The customer'} is not in the webstore."
        return CustomerNotFound(message, status=status, code=code, system=SYSTEM, customer=customer)
    denied = None if of_item else _denied(status, code, body, customer)
    if denied is not None:
        return denied
    if status == 404 and code.startswith("rest_no_route"):
        return ConnectionRefused(
            "The site answers, but WooCommerce's REST API is not there.",
            hint="Activate WooCommerce, and check that the address in the setup is the shop's, and that no plugin closes wc/v3.",
            system=SYSTEM,
        )
    data = body.get("data")
    params = data.get("params") if isinstance(data, Mapping) else None
    if isinstance(params, Mapping) and "role" in params:
        return SetupError(
            "The webstore has no such role as customer_role_filter in the setup.",
            hint="Name an existing role, or all.",
            system=SYSTEM,
        )
    details = f" ({', '.join(map(str, params))})" if isinstance(params, Mapping | list) and params else ""
    return RemoteRefused(
        f"The webstore refused it: {said or f'status {status}'}{details}",
        status=status,
        code=code or f"http-{status}",
        system=SYSTEM,
        customer=customer,
    )


def _denied(status: int, code: str, body: Mapping[str, Any], customer: str) -> CustomerSyncError | None:
    """WooCommerce does not accept the key, or something in front of it does not let the request through."""
    is_woocommerce = code.startswith(WOOCOMMERCE)
    if is_woocommerce and (status == 401 or (status == 403 and code.startswith(f"{WOOCOMMERCE}cannot"))):
        return _credentials(status, plain(body.get("message")))
    if is_woocommerce or status not in {401, 403}:
        return None
    other = refused_in_front(status, said_by(body))
    if status == 401:
        return other
    # of a write it may be the content of one customer that a firewall dislikes
    code = code or f"http-{status}"
    return RemoteRefused(other.message, status=status, code=code, hint=other.hint, system=SYSTEM, customer=customer)


def _credentials(status: int, said: str) -> CredentialsRefused:
    if "write permissions" in said:
        what, hint = "The webstore's key may only read.", f"Give it Read/Write under {_KEYS_PLACE}."
    elif "read permissions" in said:
        what, hint = "The webstore's key may only write.", f"Give it Read/Write under {_KEYS_PLACE}."
    elif "secret" in said:
        what, hint = "The webstore knows the key, but the secret is wrong.", f"Make a new pair under {_KEYS_PLACE}."
    elif "nonce" in said or "timestamp" in said:
        what, hint = "The webstore refused the signature.", "Set the clocks of both machines right."
    elif status == 403:
        what = "The owner of the webstore's key may not do this."
        hint = f"The key must belong to an administrator (shop managers cannot use batches); see {_KEYS_PLACE}."
    else:
        what = "The webstore does not know the key."
        hint = (
            f"Compare it with {_KEYS_PLACE}. A host that strips the Authorization header needs api_key_as_query_param; "
            "over plain http WooCommerce accepts no keys."
        )
    return CredentialsRefused(what, hint=hint, system=SYSTEM)
