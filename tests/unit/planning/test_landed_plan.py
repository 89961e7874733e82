"""A plan on disk: what was landed is read again whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.core.plan import Agreement, Plan
from connector.errors import PremiseBroken
from connector.planning.landed_plan import land_plan, with_landed

# several batches
AGREEMENTS = tuple(Agreement(f"c{number:04d}", number, {"city": "Oslo"}, {"city": "Oslo"}) for number in range(600))


def test_a_file_that_was_cut_never_reads_as_a_shorter_plan(tmp_path: Path) -> None:
    landed = land_plan(str(tmp_path), "a", Plan(agreements=AGREEMENTS))
    assert with_landed(str(tmp_path), Plan(), [landed]).agreements == AGREEMENTS
    (file,) = tmp_path.glob("plan/agreements/*")
    whole = file.read_bytes()
    for size in range(0, len(whole), 8):  # among them the ends of batches
        file.write_bytes(whole[:size])
        with pytest.raises(PremiseBroken, match=f"cannot be read again in {tmp_path}: "):
            with_landed(str(tmp_path), Plan(), [landed])
    file.unlink()
    with pytest.raises(PremiseBroken, match="is not there any more"):
        with_landed(str(tmp_path), Plan(), [landed])
