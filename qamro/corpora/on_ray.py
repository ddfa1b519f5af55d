"""Scores a corpus on a Ray cluster: actors that hold a predictor each, and shards that are dealt out to them.

Decoding overlaps with inference within each actor, as it does on one machine. An actor or a node that dies costs its
shard a retry; what is done is on disk. Every node must see the corpus' folder and its sound at the same paths.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.corpora.folder import Corpus, Progress

if TYPE_CHECKING:
    from qamro.predictors import Predictor

_STORE = 100_000_000

RETRIES = 3
"""How often a shard is tried again whose worker died."""


def score_on_ray(
    corpus: Corpus,
    open_predictor: Callable[[], Predictor],
    *,
    address: str | None = None,
    workers: int = 0,
    gpus: float = 0.0,
    on_rows: Callable[[Progress], None] | None = None,
) -> Progress:
    """Scores the shards of a corpus that are not done.

    Args:
        corpus: The corpus.
        open_predictor: Called once in each worker.
        address: Of a running cluster (``auto``, ``ray://…``); None starts one on this machine and ends it afterwards.
        workers: How many actors; 0 takes one for each GPU, or for each two processors.
        gpus: GPUs of an actor.
        on_rows: Called with what is done so far whenever a shard is.

    Returns:
        What was done.

    Raises:
        ImportError: Ray is not installed.
        RuntimeError: A shard's worker died again and again; the others are done.
    """
    try:
        import ray
    except ImportError as problem:
        raise ImportError("--engine ray needs Ray, which is not installed: pip install 'qamro[ray]'") from problem
    shards = corpus.open_shards()
    if not shards:
        return Progress()
    started = not ray.is_initialized()
    if started:
        with _paths_passed_on(address is None):
            ray.init(address=address, **_init_options(address, workers))
    try:
        return _deal(corpus, open_predictor, shards, workers=workers, gpus=gpus, on_rows=on_rows)
    finally:
        if started:
            ray.shutdown()


def _init_options(address: str | None, workers: int) -> dict[str, Any]:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address is None:  # a cluster of its own, without a page; shards are files, so that it stores next to nothing
        options |= {"include_dashboard": False, "object_store_memory": _STORE}
        if workers:
            options["num_cpus"] = workers
    return options


@contextmanager
def _paths_passed_on(wanted: bool) -> Iterator[None]:
    """Lets workers of a cluster of our own import what this process imports."""
    before = os.environ.get("PYTHONPATH")
    root = str(Path(__file__).resolve().parents[2])
    try:
        if wanted:
            paths = dict.fromkeys([root, *(path for path in sys.path if path)])
            os.environ["PYTHONPATH"] = os.pathsep.join(paths)
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = before


def _deal(
    corpus: Corpus,
    open_predictor: Callable[[], Predictor],
    shards: list[int],
    *,
    workers: int,
    gpus: float,
    on_rows: Callable[[Progress], None] | None,
) -> Progress:
    import ray

    resources = ray.cluster_resources()
    if not workers:
        workers = int(resources.get("GPU", 0) / gpus) if gpus else max(1, int(resources.get("CPU", 2)) // 2)
    workers = max(1, min(workers, len(shards)))
    kind: Any = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=-1)(_Worker)
    idle = [kind.remote(corpus, open_predictor) for _ in range(workers)]
    waiting, tries = list(shards), dict.fromkeys(shards, 0)
    running: dict[Any, tuple[Any, int]] = {}
    done, lost = Progress(), list[int]()
    while waiting or running:
        while idle and waiting:
            actor, index = idle.pop(), waiting.pop()
            running[actor.score.remote(index)] = actor, index
        (ready,), _ = ray.wait(list(running), num_returns=1)
        actor, index = running.pop(ready)
        idle.append(actor)
        try:
            done += Progress(*ray.get(ready))
        except ray.exceptions.RayActorError:  # Ray starts it again, on another node where its own is gone
            tries[index] += 1
            if tries[index] > RETRIES:
                lost.append(index)
            else:
                waiting.append(index)
        if on_rows is not None:
            on_rows(done)
    if lost:
        raise RuntimeError(
            f"{len(lost)} of {len(shards)} shards could not be scored, since their workers died {RETRIES + 1} times; "
            "look at Ray's logs, give workers more memory, and start again to go on"
        )
    return done


class _Worker:
    """Holds a predictor and scores shards."""

    def __init__(self, corpus: Corpus, open_predictor: Callable[[], Predictor]) -> None:
        self._corpus, self._predictor = corpus, open_predictor()

    def score(self, index: int) -> tuple[int, int]:
        """Scores a shard, unless it is done; returns rows and failures."""
        if self._corpus.part(index).exists():
            return 0, 0
        done = self._corpus.score(index, self._predictor)
        return done.rows, done.failed
