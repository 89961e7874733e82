"""Webstore → Business Central: creates and updates customers in `$batch` requests of up to 100.

Updates carry the ETag that the plan was made with; a stale one is answered with 409, and nothing is written. The tag may
also move for reasons that are nobody's edit, so the customer is then read again: unchanged where it matters → one more try
with the new tag, else the next run decides. Where Business Central has shown older states, a tag may come a second time:
then everybody is read again before. Business Central has no unique e-mail and no idempotency key, so a create is
preceded by a look-up of the e-mail (of name and postal code for customers without one), and runs of several webstores that
share the company create one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any

from connector.clients import Create, Update
from connector.clients.business_central.odata import literal
from connector.core import batch_sizes
from connector.core.business_central_order import cleared_before
from connector.core.counting import counted
from connector.core.customer import Direction, Side
from connector.core.normalize import clean_email, email_key, text_key
from connector.core.plan import Plan, Write
from connector.errors import CustomerChanged, CustomerSyncError, OutcomeUnknown
from connector.load.delivery import Look, Part, deliver
from connector.load.recheck import MappedNow, changed_since, read_again, sources_changed
from connector.load.settling import Dropped, Fate, Written, fate_of
from connector.run.creating import RightToCreate
from connector.run.fence import looked_at
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.run.shown_older import shows_older

__all__ = ["customers_like", "pull"]


def pull(run: Run, plan: Plan, look: Look) -> LoadResult:
    """Write all pulls of the plan; stops early, with the reason in `stopped`, when Business Central does not answer."""
    with RightToCreate(run) as right:
        return deliver(
            run,
            Direction.PULL,
            look,
            [
                Part(plan.of(Direction.PULL, "update"), batch_sizes.COMPANY, lambda batch: _update(run, batch)),
                Part(plan.of(Direction.PULL, "create"), batch_sizes.COMPANY, lambda batch: _create(run, batch, right)),
            ],
        )


def _update(run: Run, writes: Sequence[Write]) -> list[Fate]:
    fates: dict[int, Fate] = {}
    everybody = range(len(writes))
    if shows_older(run, Side.BUSINESS_CENTRAL):  # no tag says what it did
        _send(run, _as_they_are(run, writes, everybody, fates), fates)
    else:
        _send(run, dict(enumerate(writes)), fates)
    stale = [index for index, fate in fates.items() if isinstance(fate, CustomerChanged)]
    if stale:
        try:
            _send(run, _as_they_are(run, writes, stale, fates), fates)
        except CustomerSyncError as trouble:  # the first batch stands; these were refused and are planned again
            for index in stale:
                if isinstance(fates[index], CustomerChanged):
                    fates[index] = trouble if isinstance(trouble, OutcomeUnknown) else Dropped(str(trouble))
    done = [Dropped("somebody is editing it") if isinstance(fates[i], CustomerChanged) else fates[i] for i in everybody]
    _tell_of_other_countries(run, writes, done)
    return done


def _as_they_are(run: Run, writes: Sequence[Write], indices: Iterable[int], fates: dict[int, Fate]) -> dict[int, Write]:
    """Read customers again: those of the updates that still are what the plan saw, with the tags that they have now."""
    chosen = [(index, writes[index]) for index in indices]
    now = read_again(run, Side.BUSINESS_CENTRAL, [write.bc_id for _, write in chosen])
    records = [now.get((write.bc_id or "").lower()) for _, write in chosen]
    reasons = changed_since(run, [(write, record) for (_, write), record in zip(chosen, records, strict=True)])
    again: dict[int, Write] = {}
    for (index, write), record, reason in zip(chosen, records, reasons, strict=True):
        if reason or record is None:
            fates[index] = Dropped(reason)
        else:
            again[index] = replace(write, etag=str(record["@odata.etag"]))
    return again


def _send(run: Run, updates: Mapping[int, Write], fates: dict[int, Fate]) -> None:
    if updates:
        outcomes = run.business_central.batch([_sent(run, write) for write in updates.values()])
        fates.update(zip(updates, map(fate_of, outcomes), strict=True))


def _tell_of_other_countries(run: Run, writes: Sequence[Write], fates: Sequence[Fate | None]) -> None:
    """A postal code that Business Central knows in another country alone moves the customer there, and clears it when the
    country is put right: nothing can be done about it from here."""
    moved = []
    for write, fate in zip(writes, fates, strict=True):
        sent = write.payload.get("country")
        stands = fate.record.get("country", sent) if isinstance(fate, Written) else sent
        if sent and stands != sent and isinstance(fate, Written):
            moved.append(f"{fate.record.get('number')} ({sent} → {stands})")
    if moved:
        run.warnings.append(
            f"Business Central has put {counted(len(moved), 'customer')} into another country, "
            f"the only one in which it knows their postal "
            f"code: {', '.join(moved[:10])}{' …' if len(moved) > 10 else ''}. Add the postal codes of their own country to its "
            "Post Codes, and correct them there."
        )


def _sent(run: Run, write: Write) -> Update:
    changes = [(change.field, change.before, change.after) for change in write.changes]
    return Update(write.bc_id or "", write.etag, dict(write.payload), cleared_before(changes, run.rules.fields))


def _create(run: Run, writes: Sequence[Write], right: RightToCreate) -> list[Fate]:
    # others may be waited for, for minutes: whatever was looked at before is looked at again
    with right.turn(), looked_at():
        return _create_alone(run, writes)


def _create_alone(run: Run, writes: Sequence[Write]) -> list[Fate]:
    with run.store.view(run.code) as view:
        rejected = view.mapping.rejections()
        known = MappedNow(view, [(write.bc_id, write.webstore_id) for write in writes])
    overtaken = [known.overtaken(write, names_accounts=False) for write in writes]
    with ThreadPoolExecutor(1, "sources") as beside:  # of the webstore, while Business Central is asked
        changes = beside.submit(copy_context().run, sources_changed, run, writes)
        like = [
            [record for record in records if not _is_another(write, record, rejected)]
            for write, records in zip(writes, customers_like(run, writes), strict=True)
        ]
        overtaken = [edited or changed for edited, changed in zip(overtaken, changes.result(), strict=True)]
    fates: list[Fate | None] = []
    for edited, records in zip(overtaken, like, strict=True):
        numbers = ", ".join(str(record.get("number")) for record in records)
        found = f"Business Central has got a customer with this e-mail or name meanwhile ({numbers})" if records else ""
        fates.append(Dropped(edited or found) if edited or found else None)
    sent = [write for write, fate in zip(writes, fates, strict=True) if fate is None]
    if sent:
        outcomes = iter(run.business_central.batch([Create(dict(write.payload)) for write in sent]))
        fates = [fate_of(next(outcomes)) if fate is None else fate for fate in fates]
    _tell_of_other_countries(run, writes, fates)
    return [fate for fate in fates if fate is not None]


def _is_another(write: Write, record: Mapping[str, Any], rejected: Collection[tuple[str, int]]) -> bool:
    """Whether a person has said that a customer with the e-mail among its further addresses, or a namesake where neither has
    an e-mail, is somebody else."""
    own = email_key(clean_email(str(record.get("email") or "")))
    return (not write.natural_key or own != write.natural_key) and (
        str(record["id"]).lower(),
        write.webstore_id or 0,
    ) in rejected


def customers_like(run: Run, writes: Sequence[Any]) -> list[list[Mapping[str, Any]]]:
    """For each planned (or interrupted) create the Business Central customers that could be it.

    Args:
        writes: anything with `natural_key` and `payload`.
    """
    by_email = run.business_central.customers_by_email({write.natural_key for write in writes if write.natural_key})
    found: list[list[Mapping[str, Any]]] = []
    for write in writes:
        if write.natural_key:
            found.append(list(by_email.get(write.natural_key, [])))
            continue
        name = str(write.payload.get("displayName", ""))
        postal_code = str(write.payload.get("postalCode", "")).upper()
        # an asterisk in a name would find everybody
        namesakes = run.business_central.find(f"displayName eq {literal(name)}") if name else []
        found.append(
            [
                record
                for record in namesakes
                if not record.get("email")
                and text_key(str(record.get("displayName", ""))) == text_key(name)
                and str(record.get("postalCode", "")).upper() == postal_code
            ]
        )
    return found
