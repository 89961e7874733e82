"""What the administrators of a company do to it as a whole: another name, or a copy in its place."""

from sandbox.business_central.customer_table import COLUMNS
from sandbox.business_central.database import columns_of
from sandbox.business_central.entities import COMPANIES, CUSTOMERS
from sandbox.business_central.rows import Values, rendered
from sandbox.business_central.store import Store
from sandbox.people import SandboxInputError

_SETTINGS = ("name", "copied", "keep_customer_ids", "custom_page")


def change_company(store: Store, changes: Values) -> Values:
    """Rename the company, or put a copy in its place (control.py tells how); gives its id and name as they are now.

    Raises SandboxInputError for what makes no sense.
    """
    name = changes.get("name")
    if not changes.keys() <= set(_SETTINGS) or (name is not None and not (isinstance(name, str) and name.strip())):
        raise SandboxInputError(f"of a company {', '.join(_SETTINGS)} can be set, and the name is no blank text")
    if "custom_page" in changes:
        _change_page(store, changes["custom_page"])
    if changes.get("copied"):
        copy_company(store, keep_customer_ids=bool(changes.get("keep_customer_ids")))
    if name is not None:
        store.rename_company(name)
    row = store.database.row("SELECT id, displayName FROM companies") or ("", "")
    return {"id": row[0], "name": row[1]}


def _change_page(store: Store, changes: object) -> None:
    """Another version of the extension is installed: its page hides other properties, or has others that cannot be written."""
    page = store.custom_page
    if page is None or not isinstance(changes, dict) or not changes.keys() <= {"hidden", "read_only"}:
        raise SandboxInputError(
            "custom_page is {hidden: [names], read_only: [names]}, of a sandbox that has a custom page"
        )
    for name, value in changes.items():
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SandboxInputError(f"{name} of the custom page is a list of names of properties")
        setattr(page, name, set(value))


def copy_company(store: Store, *, keep_customer_ids: bool = False) -> None:
    """The company is replaced by a copy of the same name: another id, the same customers by their numbers.

    Customers get ids of their own unless they keep them; subscriptions stay behind.
    """
    database, columns = store.database, columns_of(COMPANIES)
    with database.transaction():
        row = database.row(f"SELECT {', '.join(columns)} FROM companies")
        values: Values = {**dict(zip(columns, row or (), strict=True)), "id": store.next_guid("company")}
        stored = {**values, "body": rendered(COMPANIES, values, "")}
        for table in ("companies", "subscriptions", "notification", "attempt"):
            database.change(f"DELETE FROM {table}")
        database.insert(COMPANIES, [[stored[column] for column in columns]])
        store.company_id = str(values["id"])
        for identifier in () if keep_customer_ids else store.customer_ids():
            customer = store.customer(identifier) or {}
            database.change("DELETE FROM customers WHERE id = ?", (identifier,))
            customer["id"] = store.next_guid("customer")
            store.complete(customer, database.next_number("stamp"))
            database.insert(CUSTOMERS, [[customer[column] for column in COLUMNS]])
