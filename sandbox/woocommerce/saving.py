"""How an account is created and saved: WooCommerce's customer object on top of WordPress's user functions.

A save goes in two steps. First WordPress writes the user again, old names included, through its filters; then
WooCommerce writes the changed fields behind them, raw. See `texts.filtered_name` for what this does to names.
"""

from typing import Any

from sandbox.woocommerce import email_addresses, php, usernames
from sandbox.woocommerce.accounts import Account, MetaRow, blank_record, is_hidden, stored_meta, timestamp
from sandbox.woocommerce.changes import Changes, MetaChange
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.store import Store
from sandbox.woocommerce.texts import escaped, filtered_name

_NAMES = ("first_name", "last_name")
_LAYERS_OF_A_NEW_ADDRESS = 3


def create(store: Store, email: str, username: Any, password: Any, changes: Changes) -> Account:
    """Add a customer. Raises ApiError for an address or a username that cannot be used."""
    if php.is_empty(email):
        raise ApiError("registration-error-invalid-email", "Please provide a valid email address.")
    if store.id_of_email(email) is not None:
        text = (
            f"An account is already registered with {escaped(email)}. Please log in or use a different email address."
        )
        raise ApiError("registration-error-email-exists", text)
    login = _login(store, email, username)
    if len(email) > email_addresses.LONGEST:
        raise ApiError("woocommerce_rest_cannot_create", "This resource cannot be created.")
    now = store.now()
    stored = email_addresses.saved(email, times=_LAYERS_OF_A_NEW_ADDRESS)
    identifier = store.next_number("user")
    account = Account(
        id=identifier,
        login=login,
        email=stored,
        display_name=login,
        registered=timestamp(now),
        roles=["customer"],
        record=blank_record(identifier, login, email_addresses.shown(stored), "customer", now),
    )
    if php.is_empty(password):
        row = {"id": store.next_number("meta"), "key": "default_password_nag", "value": "1"}
        account.record["meta_data"].append(row)
    _write_fields(account, changes)
    for name in _NAMES:
        account.record[name] = filtered_name(account.record[name])
    write_meta(store, account, changes.meta)
    store.add(account)
    store.outbox.append((email, "Your account has been created!"))
    store.note("created", identifier)
    store.note("updated", identifier)
    return account


def _login(store: Store, email: str, username: Any) -> str:
    if php.is_empty(username):
        given = usernames.generated(email, lambda name: store.id_of_login(name) is not None, store.dice)
    else:
        given = "" if php.is_array(username) else php.to_text(username)
    login = usernames.sanitized(given)
    if not usernames.is_valid(login):
        raise ApiError("registration-error-invalid-username", "Please provide a valid account username.")
    if store.id_of_login(login) is not None:
        text = "An account is already registered with that username. Please choose another."
        raise ApiError("registration-error-username-exists", text)
    if len(login) > usernames.LONGEST:
        raise ApiError("user_login_too_long", "Username may not be longer than 60 characters.")
    return login


def update(store: Store, account: Account, changes: Changes) -> None:
    """Save the account with the changes; without any it is saved too, which changes its date and its names."""
    names = {name: account.record[name] for name in _NAMES}
    old_email = account.record["email"]
    email = old_email if changes.email is None else changes.email
    is_saved = _write_user(store, account, email)
    _write_fields(account, changes, names)
    write_meta(store, account, changes.meta)
    if is_saved or changes.fields:
        account.touch(store.now())
    store.save(account)
    if is_saved:
        _tell(store, old_email, email, changes)
        store.note("updated", account.id)


def _write_user(store: Store, account: Account, email: str) -> bool:
    """WordPress's part; False when it refuses because another account has the address, which nobody reports."""
    stored = email_addresses.saved(email)
    other = store.id_of_email(stored) if stored.lower() != account.email.lower() else None
    if other not in (None, account.id):
        return False
    for name in _NAMES:
        account.record[name] = filtered_name(account.record[name])
    # One address too long for its column, and the database refuses the row: the other columns stay too.
    if len(stored) <= email_addresses.LONGEST:
        if stored != account.email:
            account.email = stored
            account.show_email()
        if email_addresses.is_email(account.display_name):
            account.display_name = f"{account.record['first_name']} {account.record['last_name']}"
        account.display_name = filtered_name(account.display_name)
    return True


def _write_fields(account: Account, changes: Changes, names: dict[str, str] | None = None) -> None:
    """Write what differs from before; `names` are those from before WordPress's part of the save."""
    for (part, name), value in changes.fields.items():
        place = account.record[part] if part else account.record
        if name == "display_name":
            account.display_name = filtered_name(php.stored(value)) or account.login
        elif value != (names or place)[name] if name in _NAMES and not part else value != place[name]:
            place[name] = php.stored(value)


def write_meta(store: Store, account: Account, changes: list[MetaChange]) -> None:
    """Change rows of meta data in the order of the request: by id, else by key; null deletes."""
    rows: list[MetaRow] = account.record["meta_data"]
    for key, value, identifier in changes:
        place = _place(rows, key, identifier)
        if place is None:
            for row in rows:
                if row["key"] == key:
                    row["value"] = None
            rows.append({"id": None, "key": key, "value": value})
        else:
            rows[place]["key"], rows[place]["value"] = key, value
    kept = [row for row in rows if row["value"] is not None]
    for row in kept:
        if row["id"] is None:
            row["id"] = store.next_number("meta")
            # Only on this way WordPress takes a level of backslashes from the texts inside an array.
            row["value"] = php.stripslashes(row["value"]) if php.is_array(row["value"]) else row["value"]
        row["value"] = stored_meta(row["value"])
    account.hidden += [row for row in kept if is_hidden(row["key"])]
    account.record["meta_data"] = [row for row in kept if not is_hidden(row["key"])]
    _show_payer(account)


def _place(rows: list[MetaRow], key: str, identifier: Any) -> int | None:
    """Which row is meant. Of several with the key the first is, and the others are deleted."""
    if not php.is_empty(identifier):
        return next((place for place, row in enumerate(rows) if row["id"] == identifier), None)
    places = [place for place, row in enumerate(rows) if row["key"] == key]
    for place in places[1:]:
        rows[place]["value"] = None
    return places[0] if places else None


def _show_payer(account: Account) -> None:
    """Whoever writes the hidden key paying_customer changes is_paying_customer; its first row counts."""
    values = [row["value"] for row in account.hidden if row["key"] == "paying_customer"]
    if values and not account.record["is_paying_customer"]:
        account.record["is_paying_customer"] = not php.is_empty(values[0])


def _tell(store: Store, old: str, new: str, changes: Changes) -> None:
    if old and new.lower() != old.lower():
        store.outbox.append((old, "Email Changed"))
    if not php.is_empty(changes.password) and new:
        store.outbox.append((new, "Password Changed"))
