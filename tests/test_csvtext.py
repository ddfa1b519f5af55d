"""Lines of CSV read back as they were written."""

from __future__ import annotations

import csv
import io
import math

from hypothesis import given
from hypothesis import strategies as st

from qamro.csvtext import csv_line

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4).filter(any), min_size=1, max_size=5))
def test_any_text_comes_back(rows):
    text = "".join(map(csv_line, rows))
    assert list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)) == rows


def test_cells_that_are_not_text():
    assert csv_line([1, 0.1 + 0.2, None, math.nan, True]) == "1,0.30000000000000004,,,True\n"


def test_text_that_a_spreadsheet_would_run_stays_as_it_is():
    assert csv_line(["=1+1", "-T4G.wav", "@x", "+1"]) == "=1+1,-T4G.wav,@x,+1\n"
