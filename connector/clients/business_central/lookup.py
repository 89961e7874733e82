"""Business Central customers by id, number or e-mail: many in few requests, and nobody by mistake.

Filters are not to be trusted alone: `*` inside a literal stands for any text and letter case counts, so what comes back is
compared once more. Look-ups never ask a read-only copy of the database: what was written a moment ago must be found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from connector.clients.business_central.api import BusinessCentralApi, Part, Reply, objects
from connector.clients.business_central.odata import SYSTEM, any_of, is_guid, literal, refusal
from connector.clients.results import Record
from connector.core import batch_sizes
from connector.core.mail_address import spellings
from connector.core.normalize import email_key, email_keys
from connector.errors import AnswerNotUnderstood, CustomerNotFound

__all__ = ["by_email", "by_evidence", "by_id", "by_id_or_changed", "by_number"]

LONGEST_NUMBER = 20
LONGEST_EMAIL = 80
# one address for one or two filters, one $batch for more
_FEW = 2


def by_id(api: BusinessCentralApi, ids: Iterable[str], *, past_caches: bool = False) -> dict[str, Record]:
    """Customers by id (lower case). Whoever is left out is not there: asked for by name, and the server said so.

    Args:
        past_caches: never by a GET, which something on the way may answer.
    """
    wanted = [
        identifier for identifier in dict.fromkeys(text.strip("{}").lower() for text in ids) if is_guid(identifier)
    ]
    found: dict[str, Record] = {}
    for start in range(0, len(wanted), batch_sizes.COMPANY):
        chunk = wanted[start : start + batch_sizes.COMPANY]
        parts = [Part("GET", api.page.path(identifier)) for identifier in chunk]
        replies: list[Reply | None] = (
            [None] if len(parts) == 1 and not past_caches else api.batch(parts, is_write=False)
        )
        for identifier, reply in zip(chunk, replies, strict=True):
            record = _record(api, identifier, reply)
            if record is not None:
                found[identifier] = record
    return found


def by_id_or_changed(api: BusinessCentralApi, ids: Iterable[str], restriction: str, most: int) -> dict[str, Record]:
    """Customers by id (lower case), and with the same request those that were modified since a moment.

    Args:
        restriction: the filter for that moment; most: of those it finds the first so many by the time of their change.
    """
    wanted = list(dict.fromkeys(text.lower() for text in ids if is_guid(text)))
    at_once, later = wanted[: batch_sizes.COMPANY - 1], wanted[batch_sizes.COMPANY - 1 :]
    path = api.page.path(options={"$filter": restriction, "$orderby": "lastModifiedDateTime", "$top": str(most)})
    parts = [Part("GET", path), *(Part("GET", api.page.path(identifier)) for identifier in at_once)]
    changed, *replies = api.batch(parts, is_write=False)
    found = {str(record.get("id", "")).lower(): record for record in _whole(api, path, changed)}
    for identifier, reply in zip(at_once, replies, strict=True):
        record = _record(api, identifier, reply)
        if record is not None:
            found[identifier] = record
    return found | (by_id(api, later) if later else {})


def _record(api: BusinessCentralApi, identifier: str, reply: Reply | None) -> Record | None:
    """A customer of a batch of reads; what the batch did not say for certain is asked again alone."""
    if reply is not None and reply.status == 200 and isinstance(reply.body, dict):
        body = reply.body
    elif reply is not None and isinstance(refusal(reply.status, reply.body), CustomerNotFound):
        return None
    else:
        try:
            body = api.get(api.customers(api.page.path(identifier)), customer=identifier)
        except CustomerNotFound:
            return None
    if str(body.get("id", "")).lower() != identifier:
        raise AnswerNotUnderstood("Business Central answered with another customer than was asked for.", system=SYSTEM)
    return api.page.whole(body)


def by_number(api: BusinessCentralApi, numbers: Iterable[str]) -> dict[str, Record]:
    """Customers by number, under the texts that were asked for; letter case does not count.

    Texts longer than a number can be are nobody's, and are not asked for: Business Central would refuse the whole filter.
    """
    wanted = {text: text.strip().upper() for text in numbers}
    literals = [literal(number) for number in dict.fromkeys(wanted.values()) if 0 < len(number) <= LONGEST_NUMBER]
    found = {str(r.get("number", "")).upper(): r for r in _find_all(api, list(any_of("number", literals)))}
    return {text: found[number] for text, number in wanted.items() if number in found}


def by_email(api: BusinessCentralApi, emails: Iterable[str]) -> dict[str, list[Record]]:
    """Customers that have one of the addresses among those in their e-mail field, by the address's key.

    Letter case does not count. A field may hold several addresses, separated by `;` or `,`; those fields are few and are all
    read, because Business Central cannot search inside them regardless of case. Addresses with characters that nobody sees
    are not searched for: to its database such a character may be as good as none, and would find everybody.
    """
    wanted = {email_key(email) for email in emails} - {""}
    if not wanted:
        return {}
    found: dict[str, dict[str, Record]] = {}
    for record in _find_all(api, _email_filters(wanted)):
        for key in wanted.intersection(email_keys(str(record.get("email") or ""))):
            found.setdefault(key, {})[str(record.get("id", "")).lower()] = record
    return {key: list(records.values()) for key, records in found.items()}


def by_evidence(
    api: BusinessCentralApi, emails: Iterable[str], names: Iterable[str], numbers: Iterable[str]
) -> dict[str, Record]:
    """Customers, by id, that may share evidence: those of `by_email`, and those whose name or VAT number is one of some texts in
    any letter case. Who shares it indeed is for the caller to say.

    Args:
        emails: keys; names, numbers: texts, none of them with an asterisk.
    """
    filters = _email_filters({email_key(email) for email in emails} - {""})
    filters += any_of("tolower(displayName)", [literal(text.lower()) for text in dict.fromkeys(names)])
    filters += any_of("tolower(taxRegistrationNumber)", [literal(text.lower()) for text in dict.fromkeys(numbers)])
    return {str(record.get("id", "")).lower(): record for record in _find_all(api, filters)}


def _email_filters(keys: Collection[str]) -> list[str]:
    if not keys:
        return []
    spelled = [text for email in sorted(keys) for text in spellings(email)]
    literals = [literal(email) for email in spelled if len(email) <= LONGEST_EMAIL]
    return [*any_of("tolower(email)", literals), "contains(email,';')", "contains(email,',')"]


def _find_all(api: BusinessCentralApi, filters: Sequence[str]) -> list[Record]:
    """The customers that any of the filters finds, several filters in one request."""
    found: list[Record] = []
    paths = [api.page.path(options={"$filter": text}) for text in filters]
    if len(paths) <= _FEW:
        replies: list[Any] = [None] * len(paths)
    else:
        replies = []
        for start in range(0, len(paths), batch_sizes.COMPANY):
            replies += api.batch(
                [Part("GET", path) for path in paths[start : start + batch_sizes.COMPANY]], is_write=False
            )
    for path, reply in zip(paths, replies, strict=True):
        found += _whole(api, path, reply)
    return found


def _whole(api: BusinessCentralApi, path: str, reply: Reply | None) -> list[Record]:
    """All pages of one filter; its first may have come in a batch."""
    if reply is None or reply.status != 200 or not isinstance(reply.body, dict):
        return [api.page.whole(record) for record in api.objects_at(api.customers(path))]
    found = objects(reply.body)
    following = api.next_address(reply.body, api.customers(path), set())
    for page in api.pages(following) if following else ():
        found += objects(page)
    return [api.page.whole(record) for record in found]
