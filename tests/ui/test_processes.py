"""Work in a process of its own: what it says and returns, what it raises, and how it is ended."""

from __future__ import annotations

import os
import time

import pytest

from qamro.ui.processes import BEHIND, apart

pytestmark = pytest.mark.server


def adds(first, second, say):
    say("so far", first)
    return first + second, os.getpid(), os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None


def refuses(say):
    raise ValueError("no clip can be read")


def dies(say):
    os._exit(3)


def goes_on(say):
    say(os.getpid())
    time.sleep(600)


def test_it_says_and_returns_and_runs_behind_the_server():
    heard = []
    total, pid, priority = apart(adds, 2, 3, hear=lambda *told: told and heard.append(told))
    assert total == 5
    assert pid != os.getpid()
    assert heard == [("so far", 2)]
    if priority is not None:
        assert priority == min(19, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND)


def test_its_problems_come_out_as_they_are():
    with pytest.raises(ValueError, match="no clip can be read"):
        apart(refuses, hear=lambda *told: None)
    with pytest.raises(RuntimeError, match=r"ended by itself \(exit code 3\)"):
        apart(dies, hear=lambda *told: None)


def test_whoever_hears_can_end_it_at_once():
    known = []

    def hear(*told):
        known.extend(told)
        if not told and known:  # also while it is silent
            raise InterruptedError

    began = time.monotonic()
    with pytest.raises(InterruptedError):
        apart(goes_on, hear=hear)
    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        os.kill(known[0], 0)
