"""The collector of cycles rests while anybody decides, and works again afterwards."""

from __future__ import annotations

import gc

import pytest

from connector.core.gc_pause import collector_resting


def test_it_rests_until_the_last_one_has_decided_in_whatever_order_they_end() -> None:
    assert gc.isenabled()
    first, second = collector_resting(), collector_resting()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_it_works_again_after_an_error_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ValueError, match="x"), collector_resting():
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_resting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
