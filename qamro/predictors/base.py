"""The face that every predictor shows: files and prompts in, a score table out."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.domains import UNKNOWN, worst
from qamro.predictors.given import aligned, clip_names, decode
from qamro.predictors.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

    from qamro.audio import Waveform

NO_PROMPT = "not scored: no prompt"
"""What ``source_TA`` says where a clip has no prompt."""

_DECODERS = 2


@dataclass(frozen=True)
class Score:
    """One predicted score with its interval; NaN ends where no interval is known.

    Attributes:
        value: The prediction, ŷ, on the axis's scale.
        low: Lower end of the interval.
        high: Upper end of the interval.
        domain: What the clip is to those that the head was trained on: ``"inside"``, ``"edge"``, ``"outside"``, or
            ``"unknown"`` where nobody can tell (see ``qamro.domains``).
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    domain: str = UNKNOWN


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
            N dicts from axis to ``Score``; an axis that could not be scored is missing.
        """

    @property
    def columns(self) -> list[str]:
        """The columns of the score table, in order."""
        scores = list(self.axes)
        ends = [f"{axis}_{end}" for axis in self.axes for end in ("low", "high")]
        sources = [f"source_{axis}" for axis in self.axes]
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
        names = clip_names(paths)
        with ThreadPoolExecutor(_DECODERS) as pool:
            batches = range(0, len(paths), self.batch_size)
            ahead = self._submit(pool, paths[: self.batch_size])
            for start in batches:
                stop = start + self.batch_size
                waves, ahead = [job.result() for job in ahead], self._submit(pool, paths[stop : stop + self.batch_size])
                scores = self._score_good(waves, texts[start:stop])
                for i, (wave, result) in enumerate(zip(waves, scores, strict=True), start):
                    head = {"clip": names[i], "path": str(paths[i]), "system": made_by[i], "prompt": texts[i]}
                    yield head | self._row(wave, result, texts[i])

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
        import pandas as pd

        from qamro.audio import Waveform, load, split

        wave = load(clip, sample_rate=self.sample_rate)
        parts = split(wave, seconds=seconds)
        waves = [Waveform(part.samples, wave.sample_rate) for part in parts]
        scores: list[dict[str, Score]] = []
        for i in range(0, len(waves), self.batch_size):
            batch = waves[i : i + self.batch_size]
            scores += self.score(batch, [prompt or ""] * len(batch))
        rows = [
            {"start": part.start, "end": part.end} | {axis: score.value for axis, score in result.items()}
            for part, result in zip(parts, scores, strict=True)
        ]
        return pd.DataFrame(rows)

    def _submit(self, pool: ThreadPoolExecutor, paths: list[Path]) -> list[Any]:
        return [pool.submit(decode, path, self.sample_rate) for path in paths]

    def _score_good(self, waves: list[Any], prompts: list[str]) -> list[dict[str, Score] | Exception]:
        good = [i for i, wave in enumerate(waves) if not isinstance(wave, Exception)]
        results: list[dict[str, Score] | Exception] = [wave if isinstance(wave, Exception) else {} for wave in waves]
        if good:
            for i, result in zip(good, self.score([waves[i] for i in good], [prompts[i] for i in good]), strict=True):
                results[i] = result
        return results

    def _row(self, wave: Any, result: dict[str, Score] | Exception, prompt: str) -> dict[str, Any]:
        row: dict[str, Any] = {}
        scores = {} if isinstance(result, Exception) else result
        for axis in self.axes:
            score = scores.get(axis, Score(float("nan")))
            row |= {axis: score.value, f"{axis}_low": score.low, f"{axis}_high": score.high}
            missing = NO_PROMPT if axis == "TA" and not prompt else "not scored"
            row[f"source_{axis}"] = str(self.provenance[axis]) if axis in scores else missing
        failed = isinstance(result, Exception)
        row["domain"] = "" if failed else worst([score.domain for score in scores.values()])
        row["seconds"] = float("nan") if failed else len(wave.samples) / wave.sample_rate
        row["error"] = str(result) if failed else ""
        return row
