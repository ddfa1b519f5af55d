"""The clips of a study, decoded ahead of the network and kept as long as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from qamro.training.end_to_end.network import Item
from qamro.training.end_to_end.tower import Prepared, Tower

if TYPE_CHECKING:
    from qamro.studies import Study

MEMORY = 4 << 30
"""Bytes of prepared clips that are kept; others are decoded again when their turn comes."""


class Clips:
    """Prepared clips by name.

    Attributes:
        failed: For each clip that could not be read, why.
    """

    def __init__(self, study: Study, tower: Tower, *, memory: int = MEMORY, workers: int = 2) -> None:
        """Takes a study with audio.

        Args:
            study: Its clips.
            tower: Prepares them.
            memory: Bytes of prepared clips to keep.
            workers: Threads that decode.
        """
        self.failed: dict[str, str] = {}
        self._study, self._tower, self._room = study, tower, memory
        self._prompts = dict(zip(study.clips["clip"], study.clips["prompt"], strict=True))
        self._pool = ThreadPoolExecutor(workers)
        self._kept: dict[str, Prepared] = {}
        self._coming: dict[str, Future[Prepared]] = {}

    def readable(
        self, names: Sequence[str], *, on_clip: Callable[[int, int], bool | None] | None = None, ahead: int = 8
    ) -> list[str]:
        """Returns the clips that can be read; ``failed`` says of the others why not.

        Args:
            names: Clips to try.
            on_clip: Called with (clips done, clips in all); returning True stops.
            ahead: How many are decoded before they are needed.

        Raises:
            InterruptedError: ``on_clip`` asked to stop.
        """
        from qamro.audio import AudioError

        good = []
        for done, name in enumerate(names, 1):
            self.expect(names[done - 1 : done - 1 + ahead])
            try:
                self._take(name)
                good.append(name)
            except (AudioError, OSError) as problem:
                self.failed[name] = str(problem)
            self._coming.pop(name, None)
            if on_clip is not None and on_clip(done, len(names)):
                raise InterruptedError(f"stopped after {done} of {len(names)} clips")
        return good

    def prompt(self, name: str) -> str:
        """Returns a clip's prompt; empty for none."""
        return self._prompts[name] or ""

    def expect(self, names: Iterable[str]) -> None:
        """Starts decoding clips that will be asked for."""
        for name in names:
            if name not in self._kept and name not in self._coming:
                self._coming[name] = self._pool.submit(self._prepare, name)

    def items(self, names: Sequence[str]) -> list[Item]:
        """Returns clips with their prompts; they are there until ``release``."""
        self.expect(names)
        return [Item(self._take(name), self.prompt(name)) for name in names]

    def release(self) -> None:
        """Forgets clips that were not kept: the batch is done."""
        self._coming.clear()

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, name: str) -> Prepared:
        if name in self._kept:
            return self._kept[name]
        clip = self._coming[name].result()
        size = sum(window.nbytes for window, _ in clip)
        if size <= self._room:
            self._kept[name] = clip
            self._room -= size
            self._coming.pop(name, None)
        return clip

    def _prepare(self, name: str) -> Prepared:
        from qamro.audio import load

        return self._tower.prepare(load(self._study.audio_path(name), sample_rate=self._tower.sample_rate).samples)
