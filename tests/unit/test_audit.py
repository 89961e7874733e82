"""The audit's verdict on what pip-audit says."""

from __future__ import annotations

from tests.audit import verdict


def test_a_weakness_is_named_with_its_cure_and_what_the_service_does_not_know_is_not_counted() -> None:
    weak, known = verdict(
        [
            {"name": "sound", "version": "1.0", "vulns": []},
            {"name": "unknown", "skip_reason": "not found"},
            {"name": "weak", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]},
            {"name": "worse", "version": "3.0", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]},
        ]
    )
    assert known == 3
    assert weak == ["weak 2.0: PYSEC-1, mended in 2.1", "worse 3.0: PYSEC-2, mended in no version"]
