from __future__ import annotations

from qamro.ui.choices import Kind, badges
from qamro.ui.progress import status

HOSTILE = "<img src=x onerror='alert(1)'>"


def test_whatever_comes_from_outside_is_escaped() -> None:
    for html in (status(HOSTILE, 1, 2), status(HOSTILE, calm=False), badges([Kind(HOSTILE, HOSTILE, (HOSTILE,))])):
        assert "<img" not in html


def test_status_is_read_aloud_and_has_a_bar_while_clips_are_scored() -> None:
    assert 'role="status"' in status("x")
    assert "<progress" not in status("x")
    assert '<progress value="3" max="10"' in status("x", 3, 10)
