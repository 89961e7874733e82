"""Before the first synchronisation: what in both systems' data will make work for people, and of whom.

Pure: two extracts and the plan of a dry run in, findings out. Customers are named by number and id, never by their values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Side
from connector.core.evidence import evidence_of
from connector.core.extracts import Extract
from connector.core.normalize import email_key, email_keys
from connector.core.terms import Terms
from connector.core.unfit import EXAMPLES, Check, check_of, unfit_values

__all__ = ["Account", "Check", "checks_of"]

_SHORTEST_PHONE = 6
_NOT_READ = "They are quarantined; look at them in their own system."
# mailboxes that belong to a desk: several people, or several customers, read them
_DESKS = frozenset(
    """info office mail post kontakt contact sales verkauf buchhaltung accounting accounts rechnung invoice billing einkauf
    purchasing orders order bestellung service support admin hello team shop""".split()
)
# roles whose e-mail WooCommerce lets an API key change, and which it lets it delete
_WRITABLE_ROLES = frozenset({"", "customer", "subscriber"})


@dataclass(frozen=True)
class Account:
    """An account of any role, as far as it matters here."""

    webstore_id: int
    role: str
    email: str


def checks_of(
    webstore: Extract,
    business_central: Extract,
    terms: Terms,
    *,
    accounts: Sequence[Account] = (),
    takes: Callable[[str], bool] = "customer".__eq__,
) -> list[Check]:
    """Everything that is looked for, in the order in which people should read it.

    Args:
        accounts: all accounts of the webstore, of any role; empty = not read.
        takes: whether accounts of a role are synchronised.
    """
    found: list[Check] = []
    for side, extract in ((Side.WEBSTORE, webstore), (Side.BUSINESS_CENTRAL, business_central)):
        names = _labels(side, extract)
        found += [
            *_duplicates(side, extract, names),
            *_mailboxes(side, extract, names),
            *_blanks(side, extract, names, terms),
            *unfit_values(side, extract, names, terms),
            Check(
                "not readable",
                str(side),
                extract.malformed.num_rows,
                "records are not shaped like a customer",
                (),
                _NOT_READ,
            ),
        ]
    found += _roles(webstore, business_central, accounts, takes)
    return [*found, *_posting(business_central, terms)]


def _labels(side: Side, extract: Extract) -> list[str]:
    if side is Side.WEBSTORE:
        return [f"woo:{key}" for key in extract.raw["webstore_id"].to_pylist()]
    return [str(number) for number in extract.raw["number"].to_pylist()]


def _duplicates(side: Side, extract: Extract, names: Sequence[str]) -> Iterator[Check]:
    """Customers of one system who share evidence: such evidence can link none of them by itself."""
    evidence = evidence_of(extract.canonical)
    digits = pc.replace_substring_regex(evidence["phone"], r"\D", "")
    phones = pc.if_else(pc.less(pc.utf8_length(digits), _SHORTEST_PHONE), "", digits)
    kinds = (
        ("same e-mail", evidence["email"], "They are linked by hand; whom nobody links is never created twice."),
        ("same VAT number", evidence["vat"], "Probably one company twice; merge them, or link them by hand."),
        ("same phone number", phones, "A phone number alone links nobody."),
        ("same name", evidence["name"], "A name alone links nobody; with the same postal code they may be one."),
    )
    for topic, column, remedy in kinds:
        groups = _groups(column)
        rows = sum(len(group) for group in groups)
        examples = tuple(" = ".join(names[row] for row in group[:4]) for group in groups[:EXAMPLES])
        finding = f"customers in {len(groups):,} group{'' if len(groups) == 1 else 's'} share it"
        yield Check(topic, str(side), rows, finding, examples, remedy)


def _groups(column: pa.ChunkedArray | pa.Array) -> list[list[int]]:
    """Row numbers of equal texts, for texts that stand more than once; "" is no text."""
    counts = pc.value_counts(column)
    several = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    values = several.filter(pc.not_equal(several, ""))
    rows = pc.indices_nonzero(pc.is_in(column, value_set=values))
    groups: dict[str, list[int]] = defaultdict(list)
    for row, value in zip(rows.to_pylist(), pc.take(column, rows).to_pylist(), strict=True):
        groups[value].append(row)
    return list(groups.values())


def _mailboxes(side: Side, extract: Extract, names: Sequence[str]) -> Iterator[Check]:
    emails = extract.canonical["email"].to_pylist()
    desks = [row for row, email in enumerate(emails) if email.partition("@")[0].lower() in _DESKS]
    yield check_of(
        "shared mailbox", side, desks, names, "customers are reached at a desk (info@, office@, …)",
        "Several customers may stand behind it; look at those who are linked by it.",
    )  # fmt: skip
    several = [row for row, text in enumerate(extract.raw["email"].to_pylist()) if _several(text)]
    if side is Side.BUSINESS_CENTRAL:
        yield check_of(
            "several e-mails", side, several, names, "customers have several addresses in one field",
            "The first one is compared; the others stay as they are.",
        )  # fmt: skip


def _several(text: str) -> bool:
    return len(email_keys(text)) > 1


def _blanks(side: Side, extract: Extract, names: Sequence[str], terms: Terms) -> Iterator[Check]:
    remedies = {
        "email": "They cannot be matched by it, and no account can be created for them.",
        terms.rules.country: "No template and no state can be chosen; the one for all countries is taken.",
        "name": "They cannot be created in Business Central.",
    }
    for field, remedy in remedies.items():
        if field in extract.canonical.column_names:
            rows = pc.indices_nonzero(pc.equal(extract.canonical[field], "")).to_pylist()
            yield check_of(f"no {field}", side, rows, names, f"customers have no {field}", remedy)


def _roles(
    webstore: Extract, business_central: Extract, accounts: Sequence[Account], takes: Callable[[str], bool]
) -> Iterator[Check]:
    fixed = [f"woo:{a.webstore_id}" for a in accounts if a.role not in _WRITABLE_ROLES and takes(a.role)]
    if not accounts:
        pairs = zip(webstore.raw["webstore_id"].to_pylist(), webstore.raw["role"].to_pylist(), strict=True)
        fixed = [f"woo:{key}" for key, name in pairs if name not in _WRITABLE_ROLES]
    yield Check(
        "role cannot be written", "webstore", len(fixed), "synchronised accounts have a role whose e-mail the API may not change",
        tuple(fixed[:EXAMPLES]), "Their e-mails are changed in WordPress by hand.",
    )  # fmt: skip
    emails = set(map(email_key, business_central.canonical["email"].to_pylist())) - {""}
    others = [a for a in accounts if not takes(a.role) and email_key(a.email) in emails]
    yield Check(
        "account of another role", "webstore", len(others),
        "accounts of roles that are not synchronised have the e-mail of a Business Central customer",
        tuple(f"woo:{a.webstore_id} ({a.role})" for a in others[:EXAMPLES]),
        "No second account can be created with it; link the customer by hand, or change the role filter.",
    )  # fmt: skip


def _posting(business_central: Extract, terms: Terms) -> Iterator[Check]:
    """Posting groups are not in the API; whether new customers get a VAT or tax area is all that can be seen."""
    without = sum(1 for properties in terms.templates.values() if "taxAreaId" not in properties)
    finding = (
        "templates set no tax area (VAT business posting group) for new customers"
        if terms.templates
        else "no template of the setup is used: new customers get what Business Central's own API setup gives them"
    )
    yield Check(
        "posting groups", "business_central", without if terms.templates else int(terms.flags.pull == "All"), finding, (),
        "Customer and general posting groups come from a configuration template on page API Setup (table 18). Without one "
        "the first invoice of a new customer fails; create one customer and look at it before pulling all.",
    )  # fmt: skip
