"""The face that every predictor shows: files and prompts in, a score table with provenance out."""

from __future__ import annotations

import abc
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.domains import UNKNOWN, worst

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


# Clips as they are given to a predictor: their names, what belongs to each, and their sound.


def clip_names(paths: Sequence[Path]) -> list[str]:
    """Names clips by their file names, and by as many parent folders as it takes to tell them apart."""
    names = [path.name for path in paths]
    different = len(set(map(str, paths)))
    for depth in range(2, 1 + max((len(path.parts) for path in paths), default=0)):
        counts = Counter(names)
        if len(counts) == different:
            break
        longer = ("/".join(path.parts[-depth:]) for path in paths)
        names = [long if counts[name] > 1 else name for long, name in zip(longer, names, strict=True)]
    return names


def aligned(values: Sequence[str | None] | None, n: int, what: str) -> list[str]:
    """Returns one text for each clip, empty where there is none.

    Args:
        values: n texts, or None for none at all.
        n: Number of clips.
        what: What they are, for the error.

    Raises:
        ValueError: There are not n.
    """
    if values is None:
        return [""] * n
    if len(values) != n:
        raise ValueError(f"{n} clips but {len(values)} {what}; give one for each clip, or none at all")
    return ["" if value is None else str(value).strip() for value in values]


def decode(path: Path, sample_rate: int | None) -> Waveform | Exception:
    """Returns a file's sound at a rate in Hz (None for its own), or why it cannot be read."""
    from qamro.audio import AudioError, load

    try:
        return load(path, sample_rate=sample_rate)
    except (AudioError, OSError) as problem:
        return problem


# Where a predicted number comes from; it travels with every score.

KINDS = {
    "human": "trained on ratings by people",
    "zero-shot": "not trained on ratings; uncalibrated",
    "simulated": "trained on simulated listeners; a demonstration, not evidence",
    "unverified": "made by weights of unknown origin; what they were trained on is not known",
}
"""The kinds of origin that a score can have, and what each means."""

PROVENANCE_UNKNOWN = "unknown"
"""The kind of scores whose table does not say what made them."""


@dataclass(frozen=True)
class Provenance:
    """Says what made a score.

    Attributes:
        kind: ``"human"``, ``"zero-shot"``, ``"simulated"`` or ``"unverified"``: what the head was trained on.
        encoder: Name and revision of the encoder, for example ``"LogMel r1"``.
        head: Name of the head, for example ``"ScoreHead, 3 layers"``.
        data: The study that the head was trained on, with its size; empty for zero-shot.
        interval: What the interval is and where it was calibrated, or why there is none; empty where nobody knows.
        held_out: What clips its card's results are of, next to those of training; empty where it is not known.
        calibrated: ``"calibrated on 57 ratings of my study"``; empty where scores are as the head gave them.
    """

    kind: str
    encoder: str
    head: str
    data: str = ""
    interval: str = ""
    held_out: str = ""
    calibrated: str = ""

    def __post_init__(self) -> None:
        """Refuses a kind that nobody could explain."""
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}")

    def __str__(self) -> str:
        """One line for the ``source_<axis>`` column."""
        parts = [f"{self.kind}: {self.encoder} + {self.head}"]
        if self.data:
            parts.append(self.data)
        if self.calibrated:
            parts.append(self.calibrated)
        if self.held_out:
            parts.append(f"tested on {self.held_out}")
        if self.interval:
            parts.append(self.interval)
        return "; ".join(parts)

    def as_dict(self) -> dict[str, str]:
        """Returns the fields, ready for JSON."""
        return asdict(self)


def kinds_of(table: pd.DataFrame, axis: str) -> list[str]:
    """Returns the kinds of numbers that a score table holds on an axis, by its column ``source_AXIS``.

    Args:
        table: Scores; those that are NaN do not count.
        axis: A column of scores.

    Returns:
        Keys of ``KINDS``, and ``UNKNOWN`` where some score's source is missing or is none of them.
    """
    scored = table[table[axis].notna()]
    sources = scored[f"source_{axis}"].astype(str) if f"source_{axis}" in table.columns else [""] * len(scored)
    told = (source.partition(":")[0].strip() for source in sources)
    return list(dict.fromkeys(kind if kind in KINDS else PROVENANCE_UNKNOWN for kind in told))


def trained_on(table: pd.DataFrame, study: str) -> list[str]:
    """Returns the scored axes whose heads were trained or calibrated on a study, as its columns ``source_AXIS`` tell.

    Args:
        table: Scores.
        study: The study's name.
    """
    sources = {str(name).removeprefix("source_"): table[name] for name in table if str(name).startswith("source_")}
    mark = rf"; {re.escape(study)}, |; calibrated on [\d,]+ ratings? of {re.escape(study)}(?:;|$)"
    return [axis for axis, told in sources.items() if told.astype(str).str.contains(mark, regex=True).any()]


def calibrations(table: pd.DataFrame) -> list[str]:
    """Returns what the scores of a table were calibrated on, as its columns ``source_AXIS`` tell; mostly nothing."""
    sources = (table[name].astype(str) for name in table if str(name).startswith("source_"))
    found = (text for told in sources for text in told.str.extract(r"; (calibrated on [\d,]+ ratings? of [^;]+)")[0])
    return list(dict.fromkeys(text for text in found if isinstance(text, str)))


def kinds_in_words(kinds: dict[str, list[str]]) -> list[str]:
    """Says what kind of numbers predictions are, one sentence a kind.

    Args:
        kinds: For each axis what ``kinds_of`` answered.
    """
    axes: dict[str, list[str]] = {}
    for axis, own in kinds.items():
        for kind in own:
            axes.setdefault(kind, []).append(axis)
    silent = "the table does not say what made these scores"
    return [f"Predicted {', '.join(names)}: {kind}, {KINDS.get(kind, silent)}." for kind, names in axes.items()]


UNVERIFIED = "unverified checkpoint"
"""Said of weights that are not, byte for byte, the published ones: nobody knows what they were trained on."""


def encoder_label(encoder: Any) -> str:
    """Returns name and revision, and says so when the weights are not the published ones.

    Args:
        encoder: An encoder; one that needs no weights has no ``published``.
    """
    label = f"{encoder.name} r{encoder.revision}"
    return label if getattr(encoder, "published", True) else f"{label} ({UNVERIFIED})"


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
