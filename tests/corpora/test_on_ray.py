"""A real cluster of two workers, one of which is killed: its shard is tried again, and every clip has one row."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from functools import partial

import pytest

from corpora.counting import Counting
from corpora.test_corpus import repeated, rows_of
from qamro.corpora import open_corpus
from qamro.corpora.folder import Progress

pytestmark = pytest.mark.server
ray = pytest.importorskip("ray", reason="Ray (extra [ray]) is not installed")


def test_a_killed_worker_costs_a_retry(tmp_path):
    from qamro.corpora.on_ray import score_on_ray

    log, out = tmp_path / "log", tmp_path / "out"
    corpus = open_corpus(repeated(tmp_path, 120), out, Counting(), shard=20)
    killed = []

    def kill_one():
        while not (log.exists() and len({line.split()[0] for line in log.read_text().splitlines()}) >= 2):
            time.sleep(0.02)
        killed.append(int(log.read_text().split()[0]))
        os.kill(killed[0], signal.SIGKILL)

    threading.Thread(target=kill_one, daemon=True).start()
    seen = []
    done = score_on_ray(corpus, partial(Counting, log, 0.15), workers=2, on_rows=seen.append)
    assert not ray.is_initialized()
    assert killed
    assert done.rows == 120 == corpus.progress().rows
    assert seen[-1] == done
    assert Counter(row["clip"] for row in rows_of(out)) == Counter(f"c{i}" for i in range(120))
    processes = {int(line.split()[0]) for line in log.read_text().splitlines()}
    assert len(processes) == 3  # two, and the one that took the place of the killed one
    assert score_on_ray(corpus, partial(Counting, log), workers=2) == Progress()  # nothing left: starts no cluster
