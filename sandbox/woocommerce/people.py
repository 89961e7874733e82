"""What people do in the shop without the API: an account made, edited or deleted on the screen."""

from typing import TYPE_CHECKING, Any

from sandbox.woocommerce import email_addresses, php, usernames
from sandbox.woocommerce.accounts import Account, Record, blank_record, timestamp
from sandbox.woocommerce.saving import write_meta
from sandbox.woocommerce.texts import filtered_name

if TYPE_CHECKING:
    from sandbox.woocommerce.store import Store


def create(store: "Store", record: Record) -> int:
    """Add an account and return its id.

    All of the record is optional: `email`, `username`, `role` (customer), names, addresses, `meta_data` as
    [{"key", "value"}]. `"date_modified_gmt": None` makes an account that WooCommerce has never saved, like those of an
    import or of "Add user".
    """
    with store.transaction():
        now = store.now()
        email = email_addresses.saved(str(record.get("email", "")))
        identifier = store.next_number("user")
        fallback = email or f"user{identifier}@shop.example"
        login = record.get("username") or usernames.generated(
            fallback, lambda name: store.id_of_login(name) is not None, store.dice
        )
        role = record.get("role", "customer")
        account = Account(
            id=identifier,
            login=login,
            email=email,
            display_name=str(record.get("display_name", login)),
            registered=timestamp(now),
            roles=[role],
            record=blank_record(identifier, login, email_addresses.shown(email), role, now),
        )
        _apply(store, account, record)
        if "date_modified_gmt" in record and record["date_modified_gmt"] is None:
            account.record["date_modified"] = account.record["date_modified_gmt"] = None
        store.add(account)
        store.note("created", identifier)
    return identifier


def update(store: "Store", identifier: int, changes: Record) -> None:
    """Change the given fields (addresses merged part by part); the date of modification changes in any case."""
    with store.transaction():
        account = store.account(identifier)
        if account is None:
            raise KeyError(identifier)
        if "email" in changes:
            account.email = email_addresses.saved(str(changes["email"]))
            account.show_email()
        _apply(store, account, changes)
        account.touch(store.now())
        store.save(account)
        store.note("updated", identifier)


def delete(store: "Store", identifier: int) -> None:
    """Delete the account; nothing remains of it."""
    with store.transaction():
        account = store.account(identifier)
        if account is None:
            raise KeyError(identifier)
        if "customer" in account.roles:
            store.note("deleted", identifier)
        store.remove(account)


def _apply(store: "Store", account: Account, changes: Record) -> None:
    for name in ("first_name", "last_name"):
        if name in changes:
            account.record[name] = filtered_name(str(changes[name]))
    for part in ("billing", "shipping"):
        address: dict[str, Any] = account.record[part]
        address.update({name: str(value) for name, value in changes.get(part, {}).items() if name in address})
    if "is_paying_customer" in changes:
        account.record["is_paying_customer"] = bool(changes["is_paying_customer"])
    rows = changes.get("meta_data", [])
    write_meta(store, account, [(php.to_text(row["key"]), row.get("value"), row.get("id")) for row in rows])
