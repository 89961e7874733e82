"""Files that hold customers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connector.errors import InputError
from connector.private_files import check_free, private_file, write_private


def test_a_file_is_for_its_owner_only_whatever_the_mask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "one.csv", "Kari")
        with private_file(tmp_path / "two.csv") as part:
            part.unlink()
            part.write_text("Ola")
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "one.csv": 0o600,
        "two.csv": 0o600,
    }


@pytest.mark.parametrize("there", ["file", "link", "link to nothing", "folder"])
def test_nothing_that_is_there_is_written_over(tmp_path: Path, there: str) -> None:
    target, other = tmp_path / "report.html", tmp_path / "precious"
    other.write_text("precious")
    if there == "file":
        target.write_text("first")
    elif there == "folder":
        target.mkdir()
    else:
        target.symlink_to(other if there == "link" else tmp_path / "nobody")
    for ask in (lambda: check_free(target), lambda: write_private(target, "second")):
        with pytest.raises(InputError, match="exists"):
            ask()
    if there in {"folder", "link to nothing"}:
        with pytest.raises(InputError, match="is no file"):
            write_private(target, "second", overwrite=True)
    else:
        write_private(target, "second", overwrite=True)
        assert target.read_text() == "second"
        assert not target.is_symlink()
        assert target.stat().st_mode & 0o777 == 0o600
    assert other.read_text() == "precious"
    assert not (tmp_path / "nobody").exists()


def test_what_appears_while_the_file_is_filled_stays(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with pytest.raises(InputError, match="exists"), private_file(target) as part:
        part.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), private_file(tmp_path / "report.html"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="cannot be written"):
        write_private(tmp_path / "nowhere" / "report.html", "x")
