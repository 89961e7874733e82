"""What people do in the shop without the API: an account made, edited or deleted on the screen."""

from typing import Any

from sandbox.woocommerce import email_addresses, php, usernames
from sandbox.woocommerce.accounts import Account, Record, blank_record, shop_time, timestamp
from sandbox.woocommerce.saving import write_meta
from sandbox.woocommerce.store import Store
from sandbox.woocommerce.texts import filtered_name


class PeopledStore(Store):
    """A shop's state, with the people who change it on the screen."""

    def people_create(self, record: Record, /) -> int:
        """Add an account and return its id.

        All of the record is optional: `email`, `username`, `role` (customer), names, addresses, `meta_data` as
        [{"key", "value"}], `date_created_gmt` (now). `"date_modified_gmt": None` makes an account that WooCommerce has never
        saved, like those of an import or of "Add user".
        """
        with self.transaction():
            identifier = self.next_number("user")
            self.add(self._made(identifier, record))
            self.note("created", identifier)
        return identifier

    def people_replace(self, customer_id: int, record: Record, /, *, keep_old: bool = False) -> tuple[int, int | None]:
        """Let the id be somebody else's from now on, as after an import, a migration, or a restored dump that others
        registered after; nobody is told. The record is that of `people_create`. Raises KeyError for an unknown id.

        Returns the id, and the one that the person before has now: the next one with `keep_old`, otherwise None, since the
        account is gone.
        """
        with self.transaction():
            old = self._existing(customer_id)
            self.remove(old)
            if keep_old:
                old.id = old.record["id"] = self.next_number("user")
                self.add(old)
            self.add(self._made(customer_id, record))
        return customer_id, old.id if keep_old else None

    def people_update(self, customer_id: int, changes: Record, /) -> None:
        """Change the given fields (addresses merged part by part) and the role. Raises KeyError for an unknown id.

        The date of modification changes, unless nothing but the role does: WooCommerce does not notice that. User name and
        date of creation are for life; where an id becomes another person's, it is `people_replace` that does it.
        """
        with self.transaction():
            account = self._existing(customer_id)
            if "email" in changes:
                account.email = email_addresses.saved(str(changes["email"]))
                account.show_email()
            self._apply(account, changes)
            if changes.keys() != {"role"}:
                account.touch(self.now())
                self.note("updated", customer_id)
            if "role" in changes:
                self.remove(account)
                account.roles = [str(changes["role"])]
                account.record["role"] = account.role
                self.add(account)
            else:
                self.save(account)

    def people_delete(self, customer_id: int, /) -> None:
        """Delete the account; nothing remains of it. Raises KeyError for an unknown id."""
        with self.transaction():
            account = self._existing(customer_id)
            if "customer" in account.roles:
                self.note("deleted", customer_id)
            self.remove(account)

    def people_get(self, customer_id: int, /) -> Record:
        """The record as the API shows it, without `_links`. Raises KeyError for an unknown id."""
        return self._existing(customer_id).record

    def _existing(self, customer_id: int) -> Account:
        found = self.account(customer_id)
        if found is None:
            raise KeyError(customer_id)
        return found

    def _made(self, identifier: int, record: Record) -> Account:
        now = self.now()
        email = email_addresses.saved(str(record.get("email", "")))
        fallback = email or f"user{identifier}@shop.example"
        login = record.get("username") or usernames.generated(
            fallback, lambda name: self.id_of_login(name) is not None, self.dice
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
        self._apply(account, record)
        if "date_created_gmt" in record:
            account.registered = account.record["date_created_gmt"] = str(record["date_created_gmt"])
            account.record["date_created"] = shop_time(account.registered)
        if "date_modified_gmt" in record and record["date_modified_gmt"] is None:
            account.record["date_modified"] = account.record["date_modified_gmt"] = None
        return account

    def _apply(self, account: Account, changes: Record) -> None:
        for name in ("first_name", "last_name"):
            if name in changes:
                account.record[name] = filtered_name(str(changes[name]))
        for part in ("billing", "shipping"):
            address: dict[str, Any] = account.record[part]
            address.update({name: str(value) for name, value in changes.get(part, {}).items() if name in address})
        if "is_paying_customer" in changes:
            account.record["is_paying_customer"] = bool(changes["is_paying_customer"])
        rows = changes.get("meta_data", [])
        write_meta(self, account, [(php.to_text(row["key"]), row.get("value"), row.get("id")) for row in rows])
