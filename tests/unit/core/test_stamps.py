"""When records were touched: what the two systems write becomes numbers that can be compared, and nonsense becomes unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.stamps import BACK, older, stamp_of, stamps_of

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1))


def milliseconds(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(MOMENTS, st.sampled_from(["", "Z"]))
def test_moments_of_both_systems_are_read_to_the_millisecond(moment: datetime, zone: str) -> None:
    for shown in (moment.isoformat(timespec="milliseconds"), moment.isoformat(timespec="microseconds")):
        assert stamp_of(shown + zone) == milliseconds(moment)
    whole = moment.replace(microsecond=0)
    assert stamp_of(whole.isoformat() + zone) == milliseconds(whole)


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=30), MOMENTS.map(datetime.isoformat), st.just("0000-00-00T00:00:00")),
        max_size=8,
    )
)
def test_whatever_a_server_writes_a_column_of_it_is_read(texts: list[str | None]) -> None:
    column = pa.array(texts, pa.large_string())
    assert stamps_of(column).to_pylist() == [stamp_of(text) for text in column.to_pylist()]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-45T99:99:99", "2026-02-30T10:00:00", "0000-00-00T00:00:00", "0", "\x00"]
)
def test_what_is_no_moment_is_unknown(text: str) -> None:
    assert stamp_of(text) is None
    beside = pa.array([text, "2026-11-27T10:00:00"], pa.large_string())
    assert stamps_of(beside).to_pylist() == [None, 1795773600000]


@pytest.mark.parametrize(
    ("now", "seen", "expected"),
    [
        (1, 2, True),
        (2, 2, False),
        (3, 2, False),
        (None, 2, True),
        (1, None, False),
        (None, None, False),
        (9, BACK, True),
    ],
)
def test_only_an_earlier_stamp_or_a_lost_one_is_older(now: int | None, seen: int | None, expected: bool) -> None:
    assert older(pa.array([now], pa.int64()), pa.array([seen], pa.int64())).tolist() == [expected]
