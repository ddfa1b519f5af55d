"""Rows reach the disk one by one, and the table gets its name at the end."""

from __future__ import annotations

import math

import pytest

from qamro.cli.outputs import RowWriter


def test_rows_are_on_disk_before_the_end(tmp_path):
    out = tmp_path / "new" / "scores.csv"
    with RowWriter(out, ["clip", "MI", "error"]) as table:
        table.write({"clip": "a", "MI": 3.123456789, "error": ""})
        part = out.with_name("scores.csv.part")
        assert part.read_text() == "clip,MI,error\na,3.123457,\n"
        assert not out.exists()
        table.write({"error": None, "MI": math.nan, "clip": "b,c"})
    assert out.read_text() == 'clip,MI,error\na,3.123457,\n"b,c",,\n'
    assert not part.exists()


def test_an_interruption_keeps_what_was_written(tmp_path):
    out = tmp_path / "s.csv"

    def interrupted() -> None:
        with RowWriter(out, ["clip"]) as table:
            table.write({"clip": "a"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert out.read_text() == "clip\na\n"


def test_an_interruption_before_the_first_row_keeps_the_older_table(tmp_path):
    out = tmp_path / "s.csv"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt), RowWriter(out, ["clip"]):
        raise KeyboardInterrupt
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]


def test_names_that_are_no_unicode_do_not_stop_the_table(tmp_path):
    out = tmp_path / "s.csv"
    with RowWriter(out, ["clip"]) as table:
        table.write({"clip": b"\xff.wav".decode("utf-8", "surrogateescape")})
    assert out.read_text(encoding="utf-8") == "clip\n\\udcff.wav\n"
