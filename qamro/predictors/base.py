"""The face that every predictor shows: files and prompts in, a score table with provenance out."""

from __future__ import annotations

import abc
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import NEEDS_PROMPT, axis_order
from qamro.domains import UNKNOWN, worst
from qamro.predictors.clips import Item, Sound, aligned, clip_names, in_batches
from qamro.predictors.provenance import FACTS, NO_PROMPT, NOT_SCORED, Provenance

if TYPE_CHECKING:
    import pandas as pd

    from qamro.audio import Waveform

_DECODERS = 2
_AHEAD = 1  # batches that are decoded while one is scored


@dataclass(frozen=True)
class Score:
    """One predicted score with its interval; NaN ends where no interval is known.

    Attributes:
        value: The prediction, ŷ, on the axis's scale.
        low: Lower end of the interval.
        high: Upper end of the interval.
        domain: What the clip is to those that the head was trained on: ``"inside"``, ``"edge"``, ``"outside"``, or
            ``"unknown"`` where nobody can tell (see ``qamro.domains``).
        why: Why there is no score, where ``value`` is NaN for a reason.
        fold: Of a clip of the study that heads were trained on in folds, the number of the fold whose heads scored it:
            they never saw its content, or system. Empty for any other clip, and for any other heads.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    domain: str = UNKNOWN
    why: str = ""
    fold: str = ""


class Predictor(abc.ABC):
    """Encoder, heads and provenance behind one ``predict``.

    Attributes:
        name: What ``load`` calls it, for example ``"offline"``.
        axes: The axes it scores.
        provenance: For each axis, where its scores come from.
        sample_rate: The rate in Hz at which it wants its audio; None when it takes clips at any rate.
        batch_size: How many clips it scores at once.
        note: What a user should know of how it was chosen or put together; empty when there is nothing.
    """

    name: str
    axes: tuple[str, ...]
    provenance: dict[str, Provenance]
    sample_rate: int | None
    batch_size: int = 8
    note: str = ""

    @abc.abstractmethod
    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips.

        Args:
            waveforms: N clips at ``sample_rate``.
            prompts: N prompts; an empty one leaves out the axes that need a prompt.

        Returns:
            N dicts from axis to ``Score``; an axis that could not be scored is missing, or says why.
        """

    @property
    def columns(self) -> list[str]:
        """The columns of the score table, in order."""
        scores = list(self.axes)
        ends = [f"{axis}_{end}" for axis in self.axes for end in ("low", "high")]
        sources = [f"{part}_{axis}" for axis in self.axes for part in ("source", *FACTS)]
        return ["clip", "path", "system", "prompt", *scores, *ends, *sources, "domain", "seconds", "error"]

    def stream(
        self,
        clips: Sequence[str | Path],
        prompts: Sequence[str | None] | None = None,
        systems: Sequence[str | None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Scores clips in order and yields a row of the score table as soon as a batch is done.

        Stop iterating to cancel: what was yielded stays valid and nothing runs on. A file that cannot be
        scored gets a row whose ``error`` says why; the others go on.

        Args:
            clips: N audio files.
            prompts: N prompts; None or empty where a clip has none.
            systems: N names of what generated each clip; None or empty when unknown.

        Raises:
            ValueError: ``prompts`` or ``systems`` is given and its length is not N.
        """
        paths = [Path(clip) for clip in clips]
        texts = aligned(prompts, len(paths), "prompts")
        made_by = aligned(systems, len(paths), "systems")
        named = zip(clip_names(paths), paths, texts, made_by, strict=True)
        yield from self.rows(Item(name, str(path), prompt, system) for name, path, prompt, system in named)

    def rows(self, items: Iterable[Item]) -> Iterator[dict[str, Any]]:
        """Scores clips as ``stream`` does, from an iterator of any length: no more than two batches are in memory.

        Args:
            items: Read as they are needed, in the thread that iterates.
        """
        batches = in_batches(items, self.batch_size)
        with ThreadPoolExecutor(_DECODERS) as pool:
            try:
                started: deque[tuple[list[Item], list[Any]]] = deque()
                for batch in itertools.chain(batches, [[]] * _AHEAD):
                    started.append((batch, self._start(pool, batch)))
                    if len(started) <= _AHEAD:
                        continue
                    ready, jobs = started.popleft()
                    sounds = [job.result() if isinstance(job, Future) else job for job in jobs]
                    for item, sound, scores in zip(ready, sounds, self._score_good(sounds, ready), strict=True):
                        head = {"clip": item.clip, "path": item.path, "system": item.system, "prompt": item.prompt}
                        yield head | self._row(sound, scores, item.prompt)
            finally:
                pool.shutdown(cancel_futures=True)

    def predict(
        self,
        clips: Sequence[str | Path],
        prompts: Sequence[str | None] | None = None,
        systems: Sequence[str | None] | None = None,
        *,
        on_clip: Callable[[dict[str, Any]], None] | None = None,
    ) -> pd.DataFrame:
        """Scores clips and returns the whole score table (see ``stream``).

        Args:
            clips: N audio files.
            prompts: N prompts, or None.
            systems: N system names, or None.
            on_clip: Called with each row as it is ready.
        """
        import pandas as pd

        rows = []
        for row in self.stream(clips, prompts, systems):
            rows.append(row)
            if on_clip is not None:
                on_clip(row)
        return pd.DataFrame(rows, columns=self.columns)

    def windows(self, clip: str | Path, prompt: str | None = None, *, seconds: float = 3.0) -> pd.DataFrame:
        """Scores consecutive windows of one clip, each by itself.

        Args:
            clip: An audio file.
            prompt: Its prompt, or None.
            seconds: Length of a window; the last one may be shorter, down to half of it.

        Returns:
            Columns ``start``, ``end`` (seconds) and one for each axis that was scored.

        Raises:
            AudioError: The file cannot be decoded.
        """
        from qamro.audio.guarded import load

        return self.windows_of(load(clip, sample_rate=self.sample_rate), prompt, seconds=seconds)

    def windows_of(self, wave: Waveform, prompt: str | None = None, *, seconds: float = 3.0) -> pd.DataFrame:
        """Scores consecutive windows of a decoded clip; see ``windows``."""
        import pandas as pd

        from qamro.audio import Waveform, split

        parts = split(wave, seconds=seconds)
        waves = [Waveform(part.samples, wave.sample_rate) for part in parts]
        scores: list[dict[str, Score]] = []
        for i in range(0, len(waves), self.batch_size):
            batch = waves[i : i + self.batch_size]
            scores += self.score(batch, [prompt or ""] * len(batch))
        rows = [
            {"start": part.start, "end": part.end}
            | {axis: score.value for axis, score in result.items() if not score.why}
            for part, result in zip(parts, scores, strict=True)
        ]
        return pd.DataFrame(rows)

    # What a predictor with an encoder that remembers does otherwise: see ``HeadPredictor``.

    def recall(self, items: Sequence[Item]) -> list[Sound]:
        """Returns what is known of clips without decoding them; most often nothing."""
        return [Sound() for _ in items]

    def hear(self, item: Item, known: Sound) -> Sound:
        """Decodes a clip of which ``recall`` did not know enough, in a thread of its own.

        Raises:
            AudioError: It cannot be read.
            OSError: Likewise.
        """
        wave = item.decode(self.sample_rate)
        return replace(known, seconds=wave.seconds, wave=wave)

    def score_sounds(self, sounds: Sequence[Sound], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores what ``recall`` or ``hear`` returned; see ``score``."""
        return self.score([sound.wave for sound in sounds if sound.wave is not None], prompts)

    def _start(self, pool: ThreadPoolExecutor, batch: list[Item]) -> list[Any]:
        known = self.recall(batch) if batch else []
        pairs = zip(batch, known, strict=True)
        return [pool.submit(self._heard, *pair) if pair[1].audio is None else pair[1] for pair in pairs]

    def _heard(self, item: Item, known: Sound) -> Sound | Exception:
        from qamro.audio import AudioError

        try:
            return self.hear(item, known)
        except (AudioError, OSError) as problem:
            return problem

    def _score_good(self, sounds: list[Any], items: list[Item]) -> list[dict[str, Score] | Exception]:
        good = [i for i, sound in enumerate(sounds) if not isinstance(sound, Exception)]
        results: list[dict[str, Score] | Exception] = [
            sound if isinstance(sound, Exception) else {} for sound in sounds
        ]
        if good:
            scores = self.score_sounds([sounds[i] for i in good], [items[i].prompt for i in good])
            for i, result in zip(good, scores, strict=True):
                results[i] = result
        return results

    def _row(self, sound: Any, result: dict[str, Score] | Exception, prompt: str) -> dict[str, Any]:
        row: dict[str, Any] = {}
        scores = {} if isinstance(result, Exception) else result
        sources = self._sources()
        for axis in self.axes:
            score = scores.get(axis, Score(float("nan")))
            row |= {axis: score.value, f"{axis}_low": score.low, f"{axis}_high": score.high}
            known = axis in scores and not score.why
            missing = NO_PROMPT if axis in NEEDS_PROMPT and not prompt else NOT_SCORED
            if score.why:
                missing = f"{NOT_SCORED}: {score.why}"
            row[f"source_{axis}"] = sources[axis] if known else missing
            facts = self.provenance[axis].facts if known else dict.fromkeys(FACTS, "")
            row |= {f"{part}_{axis}": fact for part, fact in (facts | {"fold": score.fold}).items()}
        failed = isinstance(result, Exception)
        row["domain"] = "" if failed else worst([score.domain for score in scores.values() if not score.why])
        row["seconds"] = float("nan") if failed else sound.seconds
        row["error"] = str(result) if failed else ""
        return row

    def _sources(self) -> dict[str, str]:
        return {axis: str(origin) for axis, origin in self.provenance.items()}


# Several predictors that score as one.


class Combined(Predictor):
    """Scores every axis with the first part that has it.

    Attributes:
        parts: The predictors, those that are preferred first.
        note: What a user should know of how it was put together; empty when there is nothing.
    """

    def __init__(self, name: str, parts: Sequence[Predictor], *, note: str = "") -> None:
        """Puts predictors together.

        Args:
            name: What the predictor is called.
            parts: At least one predictor; where they want different sample rates, clips keep theirs and each part
                resamples for itself.
            note: What a user should know.
        """
        self.name, self.note = name, note
        self.axes = tuple(axis_order([axis for part in parts for axis in part.axes]))
        owners = {axis: next(part for part in parts if axis in part.axes) for axis in self.axes}
        self.parts = [part for part in parts if part in owners.values()]
        self._axes_of = {id(part): [axis for axis in self.axes if owners[axis] is part] for part in self.parts}
        self.provenance = {axis: part.provenance[axis] for axis, part in owners.items()}
        rates = {part.sample_rate for part in self.parts}
        self.sample_rate = rates.pop() if len(rates) == 1 else None
        self.batch_size = max(part.batch_size for part in self.parts)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``."""
        results: list[dict[str, Score]] = [{} for _ in waveforms]
        for part in self.parts:
            for result, scores in zip(results, part.score(waveforms, prompts), strict=True):
                result |= {axis: scores[axis] for axis in self._axes_of[id(part)] if axis in scores}
        return results
