"""Business Central → webstore: creates and updates accounts in batches of up to 100.

WooCommerce has no ETag, so every update batch is re-read in one request and compared with the plan's *before*. Its batch
endpoint validates nothing; the plan did (core/acceptance.py), and the client compares what came back. A create is preceded
by a look-up of the e-mail over all roles: the account may exist as a subscriber, which the extract does not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.core import batch_sizes
from connector.core.customer import Direction, Side
from connector.core.folding import folded
from connector.core.normalize import email_key
from connector.core.plan import Plan, Write
from connector.errors import EmailTaken
from connector.load.delivery import Look, Part, deliver
from connector.load.recheck import changed_since, read_again, sources_changed
from connector.load.settling import Dropped, Fate, fate_of
from connector.run.result import LoadResult
from connector.run.run import Run

__all__ = ["accounts_by_email", "push"]

_GENERAL = frozenset({"info", "mail", "contact", "sales", "hello"})


def push(run: Run, plan: Plan, look: Look) -> LoadResult:
    """Write all pushes of the plan; stops early, with the reason in `stopped`, when the webstore does not answer."""
    creates = plan.of(Direction.PUSH, "create")
    known = accounts_by_email(run, [write.natural_key for write in creates]) if creates else {}

    def at_once() -> int:
        """As many batches as the shop's host takes: it hashes a password for each new account."""
        return run.webstore.requests_at_once

    return deliver(
        run,
        Direction.PUSH,
        look,
        [
            Part(
                plan.of(Direction.PUSH, "update"),
                batch_sizes.WEBSTORE,
                lambda batch: _update(run, batch),
                at_once=at_once,
                claims=_emails,
            ),
            Part(
                creates,
                batch_sizes.WEBSTORE_CREATES,
                lambda batch: _create(run, batch, known),
                at_once=at_once,
                looks_ahead=True,
                claims=_names,
            ),
        ],
    )


def _update(run: Run, writes: Sequence[Write]) -> list[Fate]:
    """Re-read the accounts, send what is still as the plan saw it, in one batch request."""
    now = read_again(run, Side.WEBSTORE, [write.webstore_id for write in writes])
    reasons = changed_since(run, [(write, now.get(write.webstore_id or 0)) for write in writes])
    # a ship-to address moves no stamp of its customer: by nothing else is an old copy of it told
    unstamped = {rule.field for rule in run.rules.fields.rules if rule.in_ship_to}
    carrying = [i for i, write in enumerate(writes) if not reasons[i] and unstamped.intersection(write.source)]
    for i, reason in zip(carrying, sources_changed(run, [writes[i] for i in carrying], unstamped), strict=True):
        reasons[i] = reason
    fates: list[Fate | None] = [Dropped(reason) if reason else None for reason in reasons]
    sent = [write for write, fate in zip(writes, fates, strict=True) if fate is None]
    if sent:
        answer = run.webstore.batch(update=[{**write.payload, "id": write.webstore_id} for write in sent])
        outcomes = iter(answer.update)
        fates = [fate_of(next(outcomes)) if fate is None else fate for fate in fates]
    return [fate for fate in fates if fate is not None]


def _create(run: Run, writes: Sequence[Write], known: Mapping[str, Mapping[str, Any]]) -> list[Fate]:
    """Create accounts whose e-mail no account has."""
    fates: list[Fate | None] = []
    for write, changed in zip(writes, sources_changed(run, writes), strict=True):
        account = known.get(write.natural_key)
        taken = None if account is None else _taken(run, account)
        fates.append(Dropped(changed) if changed else taken)
    sent = [write for write, fate in zip(writes, fates, strict=True) if fate is None]
    if sent:
        outcomes = iter(run.webstore.batch(create=[dict(write.payload) for write in sent]).create)
        fates = [fate_of(next(outcomes)) if fate is None else fate for fate in fates]
    return [fate for fate in fates if fate is not None]


def _emails(write: Write) -> set[str]:
    """The e-mails that an update gives up and takes: who takes one that another gives up comes after him, as in the plan."""
    return {email_key(value) for c in write.changes if c.field == "email" for value in (c.before, c.after)}


def _names(write: Write) -> set[str]:
    """The e-mail and the user name that an account takes: WooCommerce looks for both before it inserts them, and no index of the
    database keeps them apart, so that two requests at one time may make them twice (measured on WooCommerce 10.5). A name that is
    not given is made of the e-mail, without what no name may have; of a general one's domain."""
    local, _, domain = write.natural_key.partition("@")
    name = str(write.payload.get("username") or "") or (domain.partition(".")[0] if local in _GENERAL else local)
    return {write.natural_key, "".join(filter(str.isalnum, folded(name)))}


def _taken(run: Run, account: Mapping[str, Any]) -> Fate:
    """What to say when the e-mail has an account: a synchronised one is matched by the next run, others need a person."""
    role = str(account.get("role", ""))
    if run.setup.webstore.takes(role):
        return Dropped(f"the e-mail has got an account meanwhile (woo:{account['id']}); the next run matches it")
    return EmailTaken(
        f"The e-mail belongs to account woo:{account['id']} of role {role}, which this setup leaves alone.",
        hint="Link it by hand (customer-sync mapping link), or change the e-mail on one side.",
        code="email-of-other-role",
        system="webstore",
    )


def _list_is_shorter(run: Run, emails: int) -> bool:
    """Whether reading all accounts takes fewer requests than so many look-ups; not before the webstore has said how many
    there are: an interrupted write is settled before anything is read, and there may be a million."""
    # the run has read the role that it synchronises; of all roles there are at least as many
    if emails <= max(_pages(run.accounts_announced), 1):
        return False
    there = run.webstore.count_accounts()
    return there is not None and _pages(there) < emails


def _pages(accounts: int) -> int:
    return -(-accounts // 100)


def accounts_by_email(run: Run, emails: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Accounts of any role that have one of these e-mails.

    One request per e-mail, or the whole list of ids and e-mails when that is known to take fewer: WooCommerce cannot search
    several.
    """
    wanted = {email for email in emails if email}
    found: dict[str, Mapping[str, Any]] = {}
    if not _list_is_shorter(run, len(wanted)):
        for email in sorted(wanted):
            for record in run.webstore.customers_by_email(email):
                found[email] = record
        return found

    def keep(records: list[dict[str, Any]]) -> None:
        for record in records:
            email = email_key(str(record.get("email") or ""))
            if email in wanted:
                found[email] = record

    run.webstore.read_customers(keep, role="all", fields=("id", "email", "role"))
    return found
