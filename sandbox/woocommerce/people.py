"""What people do in the shop without the API: an account made, edited or deleted on the screen."""

from typing import TYPE_CHECKING, Any

from sandbox.woocommerce import email_addresses, php, usernames
from sandbox.woocommerce.accounts import Account, Record, blank_record, shop_time, timestamp
from sandbox.woocommerce.saving import write_meta
from sandbox.woocommerce.texts import filtered_name

if TYPE_CHECKING:
    from sandbox.woocommerce.store import Store


def create(store: "Store", record: Record) -> int:
    """Add an account and return its id.

    All of the record is optional: `email`, `username`, `role` (customer), names, addresses, `meta_data` as
    [{"key", "value"}], `date_created_gmt` (now). `"date_modified_gmt": None` makes an account that WooCommerce has never
    saved, like those of an import or of "Add user".
    """
    with store.transaction():
        identifier = store.next_number("user")
        store.add(_made(store, identifier, record))
        store.note("created", identifier)
    return identifier


def replace(store: "Store", identifier: int, record: Record, *, keep_old: bool) -> int | None:
    """Let the id be somebody else's from now on, as after an import, a migration, or a restored dump that others
    registered after; nobody is told. The record is that of `create`. Returns the id that the person before has now:
    the next one with `keep_old`, otherwise None, since the account is gone.
    """
    with store.transaction():
        old = store.account(identifier)
        if old is None:
            raise KeyError(identifier)
        store.remove(old)
        if keep_old:
            old.id = old.record["id"] = store.next_number("user")
            store.add(old)
        store.add(_made(store, identifier, record))
    return old.id if keep_old else None


def _made(store: "Store", identifier: int, record: Record) -> Account:
    now = store.now()
    email = email_addresses.saved(str(record.get("email", "")))
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
    if "date_created_gmt" in record:
        account.registered = account.record["date_created_gmt"] = str(record["date_created_gmt"])
        account.record["date_created"] = shop_time(account.registered)
    if "date_modified_gmt" in record and record["date_modified_gmt"] is None:
        account.record["date_modified"] = account.record["date_modified_gmt"] = None
    return account


def update(store: "Store", identifier: int, changes: Record) -> None:
    """Change the given fields (addresses merged part by part) and the role.

    The date of modification changes, unless nothing but the role does: WooCommerce does not notice that. User name and
    date of creation are for life; where an id becomes another person's, it is `replace` that does it.
    """
    with store.transaction():
        account = store.account(identifier)
        if account is None:
            raise KeyError(identifier)
        if "email" in changes:
            account.email = email_addresses.saved(str(changes["email"]))
            account.show_email()
        _apply(store, account, changes)
        if changes.keys() != {"role"}:
            account.touch(store.now())
            store.note("updated", identifier)
        if "role" in changes:
            store.remove(account)
            account.roles = [str(changes["role"])]
            account.record["role"] = account.role
            store.add(account)
        else:
            store.save(account)


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
