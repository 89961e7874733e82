"""One user account of the shop: what WordPress keeps of it, and the record that the API shows."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from sandbox.woocommerce import collation, email_addresses, php, usernames
from sandbox.woocommerce.arguments import BILLING_FIELDS, SHIPPING_FIELDS

Record = dict[str, Any]
MetaRow = dict[str, Any]
"""A row of meta data: `id`, `key`, `value`."""

SHOP_TIME_ZONE = timedelta(hours=1)
"""How far the shop's own time is ahead of GMT."""

_encode = json.JSONEncoder(separators=(",", ":")).encode
_WITHOUT_SETTER = (
    *("locale", "paying_customer", "last_update", "show_admin_bar_front", "use_ssl", "admin_color", "rich_editing"),
    *("comment_shortcuts", "dismissed_wp_pointers", "show_welcome_panel", "session_tokens", "nickname", "description"),
    *("wptests_capabilities", "wptests_user_level", "syntax_highlighting"),
)
FIELD_KEYS = {
    **{f"billing_{name}": ("billing", name) for name in BILLING_FIELDS},
    **{f"shipping_{name}": ("shipping", name) for name in SHIPPING_FIELDS},
    **{name: ("", name) for name in ("first_name", "last_name", "display_name")},
}
"""Keys of meta data that are fields in truth: (part of the record, field)."""

_RECORD_KEYS = frozenset(
    "id date_created date_created_gmt date_modified date_modified_gmt email first_name last_name role username billing "
    "shipping is_paying_customer meta_data".split()
)
_HIDDEN_KEYS = frozenset(_WITHOUT_SETTER) | FIELD_KEYS.keys()
_HIDDEN_BEGINNINGS = ("_", "closedpostboxes_", "metaboxhidden_", "manageedit-")


def encoded(value: Any) -> str:
    """JSON as it is on the wire: `\\/` for a slash, `\\uXXXX` for everything that is not ASCII."""
    text = orjson.dumps(value).decode()
    return (text if text.isascii() else _encode(value)).replace("/", "\\/")


def is_hidden(key: str) -> bool:
    """Whether the API keeps rows of this key to itself; keys that contain the prefix of the shop's tables are."""
    return key in _HIDDEN_KEYS or key.startswith(_HIDDEN_BEGINNINGS) or "wp_" in key.lower()


def timestamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS`, the resolution of the API."""
    return moment.isoformat(timespec="seconds")[:19]


def shop_time(gmt: str) -> str:
    """The same moment by the shop's clock."""
    return timestamp(datetime.fromisoformat(gmt) + SHOP_TIME_ZONE)


def avatar_url(email: str) -> str:
    """Changes with the e-mail address."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest() if email else ""
    return f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g"


@dataclass
class Account:
    """`record` is complete and in the order of the API.

    `email` is the stored text, which the record shows as "" when it is no address; `hidden` are rows of meta data that
    the record does not show; `saved_name_key` is the key by which the store has filed the display name, `saved_text`
    the record's JSON as it was read or saved last.
    """

    id: int
    login: str
    email: str
    display_name: str
    registered: str
    roles: list[str]
    record: Record
    nicename: str = ""
    hidden: list[MetaRow] = field(default_factory=list)
    saved_name_key: str = ""
    saved_text: str = ""

    def __post_init__(self) -> None:
        self.nicename = self.nicename or usernames.nicename(self.login)

    @property
    def role(self) -> str:
        """The first role; an account without any is shown as a customer."""
        return self.roles[0] if self.roles else "customer"

    def show_email(self) -> None:
        """Bring the record in line with the stored address."""
        self.record["email"] = shown = email_addresses.shown(self.email)
        self.record["avatar_url"] = avatar_url(shown)

    def touch(self, now: datetime) -> None:
        """Set the date of modification."""
        gmt = timestamp(now)
        self.record["date_modified"], self.record["date_modified_gmt"] = shop_time(gmt), gmt

    def haystack(self) -> str:
        """What `search=` looks through, folded; a search cannot contain the newline between the columns."""
        return collation.folded("\n".join((self.login, self.email, self.nicename, self.display_name)))


def blank_record(identifier: int, username: str, email: str, role: str, now: datetime) -> Record:
    """A new account's record, without any name or address."""
    gmt = timestamp(now)
    local = shop_time(gmt)
    return {
        "id": identifier,
        "date_created": local,
        "date_created_gmt": gmt,
        "date_modified": local,
        "date_modified_gmt": gmt,
        "email": email,
        "first_name": "",
        "last_name": "",
        "role": role,
        "username": username,
        "billing": dict.fromkeys(BILLING_FIELDS, ""),
        "shipping": dict.fromkeys(SHIPPING_FIELDS, ""),
        "is_paying_customer": False,
        "avatar_url": avatar_url(email),
        "meta_data": [],
    }


def loaded(given: Record) -> Account:
    """An account from a record in the shape of the API, as it stands in files and as the generator makes them.

    Needed are `id` and `email`; what else is missing is blank, the account then is a customer who was never saved.
    `roles` may list several or none; `meta_data` may contain rows that the API hides.
    """
    if not given.keys() >= _RECORD_KEYS:
        given = _completed(given)
    roles = given["roles"] if "roles" in given else [given["role"]]
    rows = given["meta_data"]
    email = email_addresses.shown(given["email"])
    record = {
        "id": given["id"],
        "date_created": given["date_created"],
        "date_created_gmt": given["date_created_gmt"],
        "date_modified": given["date_modified"],
        "date_modified_gmt": given["date_modified_gmt"],
        "email": email,
        "first_name": given["first_name"],
        "last_name": given["last_name"],
        "role": roles[0] if roles else "customer",
        "username": given["username"],
        "billing": given["billing"],
        "shipping": given["shipping"],
        "is_paying_customer": given["is_paying_customer"],
        "avatar_url": avatar_url(email),
        "meta_data": [row for row in rows if not is_hidden(row["key"])] if rows else [],
    }
    return Account(
        id=given["id"],
        login=given["username"],
        email=given["email"],
        display_name=str(given.get("display_name", given["username"])),
        registered=given["date_created_gmt"],
        roles=roles,
        record=record,
        hidden=[row for row in rows if is_hidden(row["key"])] if rows else [],
    )


def _completed(given: Record) -> Record:
    blank = blank_record(
        given["id"], f"user{given['id']}", given["email"], "customer", datetime(2024, 1, 1, tzinfo=UTC)
    )
    blank["date_modified"] = blank["date_modified_gmt"] = None
    parts = {part: {**blank[part], **given.get(part, {})} for part in ("billing", "shipping")}
    return {**blank, **given, **parts}


def now_utc() -> datetime:
    """The real time."""
    return datetime.now(UTC)


def stored_meta(value: Any) -> Any:
    """What comes back for a value of meta data: scalars as text, arrays with their inner types."""
    return php.array_of(value) if php.is_array(value) else php.to_text(value)
