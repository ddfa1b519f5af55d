"""Trainings in processes of their own: to the end, stopped, cancelled, side by side, and when one dies."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import pytest

from qamro.heads import HeadBundle
from qamro.ui.bounds import Line
from qamro.ui.processes import BEHIND
from qamro.ui.train import worker
from qamro.ui.train.state import Done, Embedding, Epochs, Failed, TrainState, Waiting
from qamro.ui.train.worker import Job, Task

from .trainable import QUICK, small_study

pytestmark = pytest.mark.server

ENDLESS = replace(QUICK, epochs=10**6, patience=10**6, axes=("MI",), seeds=1)


@pytest.fixture(autouse=True)
def a_line_of_its_own(monkeypatch):
    """What a test that fails leaves running holds no place in another's line."""
    monkeypatch.setattr(worker, "LINE", Line("QAMRO_TRAININGS", "full"))


def job(folder, settings=QUICK) -> Job:
    return Job(Task(small_study(), settings, folder / "run", "toy"))


def until(messages, kind):
    return next(message for message in messages if isinstance(message, kind))


def gone(process) -> bool:
    """Whether a process has ended, as seen from outside."""
    for _ in range(100):
        try:
            os.kill(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_training_runs_to_its_end_and_one_that_is_impossible_says_why(tmp_path):
    told = [message for message in job(tmp_path).messages() if message is not None]
    assert isinstance(told[-1], Done)
    assert {type(message) for message in told} >= {Embedding, Epochs, Done}
    assert list(HeadBundle.load(tmp_path / "run" / "heads").heads) == ["MI", "TA"]
    impossible = replace(QUICK, axes=("quality",))
    last = list(job(tmp_path, impossible).messages())[-1]
    assert isinstance(last, Failed)
    assert last.expected
    assert "no axis 'quality'" in last.problem


def test_two_train_side_by_side_the_third_waits_and_each_ends_as_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_TRAININGS", "2")
    first, second, third = (job(tmp_path / name, ENDLESS) for name in "abc")
    running = [one.messages() for one in (first, second)]
    for messages in running:
        until(messages, Epochs)
    if hasattr(os, "getpriority"):
        own, theirs = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (0, first._process.pid))
        assert theirs == min(19, own + BEHIND), "clips and ratings of others come first"
    waiting = third.messages()
    told = next(waiting)
    assert isinstance(told, Waiting)
    assert told.place.number == 1

    first.stop()
    assert isinstance(until(running[0], Done), Done)
    assert HeadBundle.load(tmp_path / "a" / "run" / "heads").card.training["best epoch"]["MI"] >= 1
    running[0].close()
    until(waiting, Embedding)

    process = second._process
    second.cancel()
    assert not [message for message in running[1] if isinstance(message, Done | Failed)]
    assert gone(process)
    assert not (tmp_path / "b" / "run").exists()

    process = third._process
    waiting.close()  # whoever watched has gone
    assert gone(process)
    assert not worker.LINE._running, "every place is free again"


def test_a_training_ends_when_nobody_is_there_any_more(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_TRAININGS", "1")
    left = threading.Event()
    running, waiting = (Job(job(tmp_path / name, ENDLESS).task, left.is_set) for name in "ab")
    messages, others = running.messages(), waiting.messages()
    until(messages, Epochs)
    assert isinstance(next(others), Waiting)
    left.set()
    assert not [message for message in others if not isinstance(message, Waiting)]
    assert not [message for message in messages if isinstance(message, Done | Failed)]
    assert gone(running._process)
    assert waiting._process is None
    assert not worker.LINE._running
    assert not worker.LINE._waiting


def test_a_process_that_dies_is_reported_and_a_session_that_closes_takes_its_own_along(tmp_path):
    dying = job(tmp_path, ENDLESS)
    messages = dying.messages()
    until(messages, Epochs)
    dying._process.kill()
    last = until(messages, Failed)
    assert not last.expected
    assert "exit code -9" in last.problem

    session = TrainState()
    session.job = job(tmp_path, ENDLESS)
    messages = session.job.messages()
    until(messages, Epochs)
    process = session.job._process
    session.close()
    assert not [message for message in messages if isinstance(message, Done | Failed)]
    assert gone(process)
