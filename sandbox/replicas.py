"""Copies of both systems as they are at a moment, for reads that a lagging database answers."""

from sandbox.business_central.app import Settings
from sandbox.business_central.app import create_app as create_business_central
from sandbox.business_central.store import Store as BusinessCentralStore
from sandbox.stale import Replica
from sandbox.woocommerce.app import ApiKeys
from sandbox.woocommerce.app import create_app as create_webstore
from sandbox.woocommerce.people import PeopledStore


def webstore_replica(original: PeopledStore, keys: ApiKeys) -> Replica:
    """The shop as it is now; the same keys open it."""
    copy = PeopledStore(":memory:")
    copy.address = original.address
    copy.restore(original.snapshot())
    return Replica(create_webstore(copy, keys), copy.close)


def business_central_replica(original: BusinessCentralStore, settings: Settings) -> Replica:
    """The company as it is now, with the clock and the tokens of the original."""
    copy = BusinessCentralStore(":memory:", seed=original.seed, company="")
    copy.restore(original.snapshot())
    copy.clock = original.clock
    return Replica(create_business_central(copy, settings, tokens=original), copy.close)
