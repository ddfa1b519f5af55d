"""Scores a corpus on this machine: shard after shard, each leased, so that more of these may run beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qamro.corpora.folder import LEASE, Corpus, Leases, Progress

if TYPE_CHECKING:
    from qamro.predictors import Predictor


def score_here(
    corpus: Corpus,
    predictor: Predictor,
    *,
    on_rows: Callable[[Progress], None] | None = None,
    lease: float = LEASE,
    wait: bool = True,
) -> Progress:
    """Scores the shards that are not done and that nobody else is at.

    Args:
        corpus: The corpus.
        predictor: The one that it was opened for.
        on_rows: Called with what this process has done so far.
        lease: Seconds after which the shard of another process that does not renew its lease is taken over.
        wait: Wait for the shards that others are at, and take over those that they leave.

    Returns:
        What this process has done.
    """
    leases, mine = Leases(corpus.folder, lease), Progress()
    while shards := corpus.open_shards():
        random.shuffle(shards)  # several processes begin at different places
        before = mine
        for index in shards:
            name = corpus.part(index).name
            with leases.held(name) as free:
                if not free or corpus.part(index).exists():
                    continue

                def alive(rows: int, so_far: Progress = mine) -> None:
                    if on_rows is not None:
                        on_rows(so_far + Progress(rows))

                mine += corpus.score(index, predictor, alive)
        if mine == before:
            if not wait:
                break
            time.sleep(min(2.0, lease / 4))
    return mine
