"""What if: the plan under other rules and settings beside today's, on what the last run over all customers has kept.

Neither system is asked, nothing is written, also not in the store, and no lease is needed: both plans are made of the kept
extracts (connector/extract/kept.py), of today's mapping table and bases, and of what people have decided by today. Whoever was
written since, and is kept as he was before, is known by his stamp, as a stale copy of him would be; he is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from connector.core.customer import FieldRules, Side
from connector.core.plan import Plan
from connector.core.what_if import Difference, Group, counts_of, differences, groups_of
from connector.errors import InputError, PremiseBroken
from connector.extract.extraction import columns_of, divide_mapping
from connector.extract.findings import stop_on_findings
from connector.extract.job import in_threads, job_of
from connector.extract.kept import Kept, damage_told, kept_of
from connector.extract.kept_partitions import KeptPartitions, as_they_are_now, kept_partitions
from connector.extract.missing import Missing, missing_in
from connector.extract.validation import validate_customers
from connector.planning.approvals import approval_reason
from connector.planning.comparison import compare_customers
from connector.planning.plan_validation import validate_plan
from connector.quality import prepare
from connector.rules import Rules, rules_of
from connector.rules.page import fitted
from connector.run.breakers import stop_on_extracts, stop_on_plan
from connector.run.nobody_asked import clients_that_ask_nobody
from connector.run.run import Run
from connector.run.templates import LISTS, templates_of
from connector.setup import Setup, Template
from connector.store import Store, open_store
from connector.store.engine import parse_url
from connector.store.schema import HEAD
from connector.store.troubles import sqlite_file

__all__ = ["Planned", "WhatIf", "what_if"]

_ANEW = "Make a plan over all customers: customer-sync plan."


@dataclass(frozen=True)
class Planned:
    """A plan of what was kept, and what would become of a run with it.

    Attributes:
        stopped: why it would be stopped before its first write, in sentences; approval: why a person must approve it ("" =
            nobody needs to).
        not_judged: what of the rules cannot be judged on what was kept, in sentences.
        warnings: what such a run's summary would say besides.
    """

    plan: Plan
    stopped: tuple[str, ...] = ()
    approval: str = ""
    not_judged: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many customers it does something to, or leaves for a reason, by kind (connector.core.what_if.State)."""
        return counts_of(self.plan)


@dataclass(frozen=True)
class WhatIf:
    """Two plans, and where they differ.

    Attributes:
        kept: the extracts that they are made of: which run has read them, when, and how many customers they are.
        left_out: how many linked customers are not compared, because they were written, or read anew, since.
    """

    kept: Kept
    left_out: int
    now: Planned
    then: Planned
    differences: tuple[Difference, ...]

    @cached_property
    def groups(self) -> list[Group]:
        """The differences in numbers of customers, by field and reason."""
        return groups_of(self.differences)


def what_if(setup: Setup, other: Setup) -> WhatIf:
    """Plan once as a run by hand over all customers would, and once with another setup.

    Args:
        other: the same setup with other settings, or with another folder of rule files (`synchronization.mappings`).

    Raises:
        SetupError: rules or templates that cannot work.
        InputError: nothing is kept, or nothing that can be used; what to do is said.
        StoreError: the store cannot be used.
    """
    while True:
        kept = kept_of(setup)
        try:
            return _what_if(setup, other, kept)
        except InputError:
            if kept_of(setup).folder == kept.folder:
                raise
            # a run has read everybody anew meanwhile, and removed what was being looked at


def _what_if(setup: Setup, other: Setup, kept: Kept) -> WhatIf:
    rules = [rules_of(one) for one in (setup, other)]
    # both plans may need it, and its import takes as long as they do
    if any(suite for one in rules for suite in one.suites.values()):
        prepare()
    with _opened(setup, kept) as store:
        read = _read(setup, store, kept, rules[0])
        now, then = (_planned(one, its, read) for one, its in zip((setup, other), rules, strict=True))
    found = differences(now.plan, then.plan, _codes(kept))
    left_out = sum(isinstance(key, str) for key in read.aside)
    return WhatIf(kept, left_out, now, then, tuple(found))


@dataclass
class _Read:
    """The customers as both plans find them.

    Attributes:
        aside: ids of the pairs that are kept older than they were seen since.
        found: what the first plan has found in the data, for the second (connector.extract.revalidation); {} = nothing yet.
    """

    store: Store
    kept: Kept
    partitions: KeptPartitions
    aside: frozenset[str | int]
    found: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def _opened(setup: Setup, kept: Kept) -> Iterator[Store]:
    """The store, if it is the one of the run that has kept them."""
    file = sqlite_file(parse_url(setup.store.url))
    if file is not None and not file.is_file():
        raise InputError(f"The store {file} is not there, so nothing is known of who is linked.", hint=_ANEW)
    store = open_store(setup.store.url, migrate=False)
    try:
        if store.revision() != HEAD:
            raise InputError("The store is of another version of customer-sync.", hint=_ANEW)
        with store.view(setup.webstore_code) as view:
            known, company = view.runs.show(kept.run_id), view.sides.get(str(Side.BUSINESS_CENTRAL)).get("id", "")
        if known is None or (company and company != kept.company):
            what = "another company" if known is not None else "a run that this store does not know"
            raise InputError(f"The kept extracts are of {what}.", hint=_ANEW)
        yield store
    finally:
        store.close()


def _run(setup: Setup, store: Store, kept: Kept, rules: Rules) -> Run:
    """A run by hand that writes nothing and asks nobody; it passes for the one that has read the customers."""
    clients = clients_that_ask_nobody(kept.company, kept.lists)
    run = Run(setup, store, rules, run_id=kept.run_id, dry_run=True, clients=clients)
    if kept.page is not None:
        run.page = kept.page
        run.follow(*fitted(run.rules.fields, kept.page))
    return run


def _read(setup: Setup, store: Store, kept: Kept, rules: Rules) -> _Read:
    """The customers as they are joined today."""
    partitions = kept_partitions(setup, kept)
    run = _run(setup, store, kept, rules)
    placement = divide_mapping(run, partitions)
    partitions = as_they_are_now(setup, kept, partitions, placement)
    with damage_told(setup):
        asked = [missing_in(job_of(run, partitions), number)[1] for number in range(partitions.count)]
    accounts, cards = kept.old
    aside: set[str | int] = {key for one in asked for key in one.old_webstore if key not in accounts}
    aside |= {key for one in asked for key in one.old_business_central if key not in cards}
    with store.view(setup.webstore_code) as view:
        rows = view.mapping.rows_by_webstore_id(key for key in aside if isinstance(key, int))
    return _Read(store, kept, partitions, frozenset(aside | {row.bc_id for row in rows.values()}))


def _planned(setup: Setup, rules: Rules, read: _Read) -> Planned:
    """One of the two plans: 5, and 7 to 9 of a run (connector/pipeline.py)."""
    kept, not_judged, stopped = read.kept, list[str](), list[str]()
    rules = _answerable(rules, kept, not_judged)
    setup, rules = _with_known_lists(setup, rules, kept, not_judged)
    run = _run(setup, read.store, kept, rules)
    run.know_countries(str(record["code"]) for record in kept.lists.get("countriesRegions", ()))
    run.know_metadata(kept.metadata_shown)
    run.templates = templates_of(setup, rules, run.business_central, run.page)
    with damage_told(setup):
        with _told(stopped):
            stop_on_extracts(run, kept.census[Side.WEBSTORE], kept.census[Side.BUSINESS_CENTRAL], approved=True)
        plan = _plan(run, read, stopped)
    stop_on_plan(run, plan, {str(s): rows for s, rows in kept.rows.items()}, selected=False, approved=True)
    breakers = [text.removeprefix("breaker: ") for text in run.warnings if text.startswith("breaker: ")]
    warnings = [text for text in dict.fromkeys(run.warnings) if not text.startswith("breaker: ")]
    return Planned(plan, (*stopped, *breakers), approval_reason(setup, plan), tuple(not_judged), tuple(warnings))


def _plan(run: Run, read: _Read, stopped: list[str]) -> Plan:
    partitions = read.partitions.needing({str(s): columns_of(s).schema(run.rules.fields).names for s in Side})
    job, mapper = job_of(run, partitions), in_threads(run.setup.partitions.workers)
    job = replace(job, tombstones=job.tombstones | read.aside)
    job, findings = validate_customers(run, job, mapper, read.found or None)
    read.found = run.validated
    with _told(stopped):
        stop_on_findings(findings)
    plan = compare_customers(run, job, _missing(read.kept, partitions), mapper, remembers=False)
    plan, of_plan = validate_plan(run, plan, selected=False)
    with _told(stopped):
        stop_on_findings(of_plan)
    return plan


@contextmanager
def _told(stopped: list[str]) -> Iterator[None]:
    """What would stop a run is told of the plan."""
    try:
        yield
    except PremiseBroken as error:
        stopped.append(error.message)


def _missing(kept: Kept, partitions: KeptPartitions) -> Missing:
    """Who was asked for by id is kept among the others; what the system said of the rest counts on."""
    nobody = {side: partitions.read(str(side), 0).slice(0, 0) for side in Side}
    return Missing(
        nobody[Side.WEBSTORE],
        nobody[Side.BUSINESS_CENTRAL],
        gone_webstore=kept.gone[0],
        gone_business_central=kept.gone[1],
        gone_back=kept.gone_back,
        kept_out=kept.kept_out,
    )


def _answerable(rules: Rules, kept: Kept, not_judged: list[str]) -> Rules:
    """The rules without those that need what was not read: their fields would look blank."""
    fields = rules.fields
    missing = {rule.field: _unread(replace(fields, rules=(rule,)), kept) for rule in fields.rules}
    for rule in fields.rules:
        if missing[rule.field]:
            names = ", ".join(missing[rule.field])
            not_judged.append(
                f"{rule.field} ({rule.webstore} ↔ {rule.business_central}): the run that has kept the extracts read no {names}. "
                "A plan under these rules reads it: customer-sync plan, with [synchronization] mappings set to them."
            )
    suites = {}
    for name, suite in rules.suites.items():
        there = _there(name, kept)
        suites[name] = tuple(e for e in suite if there is None or there.issuperset(e.fields))
        not_judged += [f"quality/{name}.csv:{e.line}: {e.field} was not read" for e in suite if e not in suites[name]]
    answered = tuple(rule for rule in fields.rules if not missing[rule.field])
    return replace(rules, fields=replace(fields, rules=answered), suites=suites)


def _unread(fields: FieldRules, kept: Kept) -> list[str]:
    """The columns that some rules need and that were not read."""
    return [
        name.removeprefix("meta:")
        for side in Side
        for name in columns_of(side).schema(fields).names
        if name not in kept.columns[side] and name != "meta_known"
    ]


def _there(suite: str, kept: Kept) -> frozenset[str] | None:
    """What an expectation of a suite may be about; None = what was kept says nothing of it."""
    return frozenset({*kept.columns[Side(suite)], "id"}) if suite in {str(side) for side in Side} else None


def _with_known_lists(setup: Setup, rules: Rules, kept: Kept, not_judged: list[str]) -> tuple[Setup, Rules]:
    """Templates without what stands in lists of the company that were not read: no template of that run named one of them."""
    unknown = {field: entity for field, entity in LISTS.items() if entity not in kept.lists}

    def known(templates: Sequence[Template]) -> tuple[Template, ...]:
        return tuple(template.model_copy(update=dict.fromkeys(unknown, "")) for template in templates)

    named = {f for f in unknown for template in (*setup.templates, *rules.templates) if getattr(template, f)}
    not_judged += [
        f"{field} of templates: the run that has kept the extracts read no {unknown[field]}." for field in sorted(named)
    ]
    if not named:
        return setup, rules
    return setup.model_copy(update={"templates": known(setup.templates)}), replace(
        rules, templates=known(rules.templates)
    )


def _codes(kept: Kept) -> Mapping[str, str]:
    """Ids in lists of the company → codes."""
    records: list[dict[str, Any]] = [record for records in kept.lists.values() for record in records]
    return {str(record["id"]): str(record["code"]) for record in records if record.get("id") and record.get("code")}
