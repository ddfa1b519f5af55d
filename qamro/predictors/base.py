"""The face that every predictor shows: files and prompts in, a score table with provenance out."""

from __future__ import annotations

import abc
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import NEEDS_PROMPT, axis_order
from qamro.domains import UNKNOWN, worst

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from qamro.audio import Waveform
    from qamro.studies import Study

NO_PROMPT = "not scored: no prompt"
"""What ``source_AXIS`` says where the axis needs a prompt and the clip has none."""

NOT_SCORED = "not scored"
"""How ``source_AXIS`` begins where a clip has no score."""

_DECODERS = 2
_AHEAD = 1  # batches that are decoded while one is scored
_SLACK = 0.1  # seconds by which a manifest may exceed a file


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
        batches = _batches(items, self.batch_size)
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
        import pandas as pd

        from qamro.audio import Waveform, split
        from qamro.audio.guarded import load

        wave = load(clip, sample_rate=self.sample_rate)
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


# Clips as they are given to a predictor: their names, what belongs to each, and their sound.


@dataclass(frozen=True)
class Item:
    """A clip to score.

    Attributes:
        clip: Its name.
        path: Where it lies, as the score table says it.
        prompt: What it was generated from; empty when unknown.
        system: What generated it; empty when unknown.
        opened: Returns a context that yields the sound file on this machine; None where ``path`` is that file.
        start: Where in the file the clip begins, seconds.
        seconds: How long it lasts; 0 to the file's end.
    """

    clip: str
    path: str
    prompt: str = ""
    system: str = ""
    opened: Callable[[], AbstractContextManager[Path]] | None = None
    start: float = 0.0
    seconds: float = 0.0

    @property
    def file(self) -> Path | None:
        """The file whose whole sound this clip is, where it lies on this machine."""
        return Path(self.path) if self.opened is None and not self.start and not self.seconds else None

    def decode(self, sample_rate: int | None) -> Waveform:
        """Returns its sound at a rate in Hz (None for the file's own).

        Raises:
            AudioError: It cannot be read.
            OSError: Likewise.
        """
        from qamro.audio import AudioError, Waveform
        from qamro.audio.guarded import load

        if self.opened is None:
            wave = load(self.path, sample_rate)
        else:
            try:
                with self.opened() as file:
                    wave = load(file, sample_rate)
            except AudioError as problem:  # names a copy
                inside, two, archive = self.path.partition("://")[2].partition("::")
                shown = f"{archive}::{inside}" if two else self.path
                raise AudioError(shown, problem.problem, problem.remedy) from problem
        if not self.start and not self.seconds:
            return wave
        first = round(self.start * wave.sample_rate)
        last = first + round(self.seconds * wave.sample_rate) if self.seconds else wave.samples.size
        if not 0 <= first < wave.samples.size or last > wave.samples.size + _SLACK * wave.sample_rate:
            stretch = f"{self.start:g} to {last / wave.sample_rate:g} s"
            raise AudioError(
                self.path, f"has no sound from {stretch}; it lasts {wave.seconds:g} s", "check the manifest"
            )
        return Waveform(wave.samples[first:last], wave.sample_rate)


@dataclass(frozen=True, eq=False)
class Sound:
    """A clip on its way to its score.

    Attributes:
        seconds: Its length at the rate at which it is scored.
        wave: Its sound; None where its embedding is known.
        audio: Its embedding, (audio_dim,) float32, where that is known or was made while decoding.
        key: Fingerprint of its file, where that was taken.
        content: Fingerprint of its sound, where that was taken.
        speech: Whether somebody speaks in it, where that was asked.
    """

    seconds: float = math.nan
    wave: Waveform | None = None
    audio: torch.Tensor | None = None
    key: str = ""
    content: str = ""
    speech: bool | None = None


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


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


# Where a predicted number comes from; it travels with every score.

KINDS = {
    "human": "trained on ratings by people",
    "zero-shot": "not trained on ratings; uncalibrated",
    "simulated": "trained on simulated listeners; a demonstration, not evidence",
    "unverified": "made by weights of unknown origin; what they were trained on is not known",
}
"""The kinds of origin that a score can have, and what each means."""

FACTS = ("kind", "encoder", "study", "hash", "calibrated", "calibrationhash", "fold")
"""What stands as data beside the sentence ``source_AXIS`` of a score table, in ``kind_AXIS`` and so on; the sentence is
for people and never taken apart."""

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
        study: Name of the study that the head was trained on; empty where there is none or nobody knows.
        study_hash: Its hash (``qamro.studies.summary.study_hash``), likewise.
        calibrated: How many ratings its scores were mapped onto, and of which study, in words; empty where scores are
            as the head gave them.
        calibrated_study: Name of that study.
        calibrated_hash: Its hash.
    """

    kind: str
    encoder: str
    head: str
    data: str = ""
    interval: str = ""
    held_out: str = ""
    study: str = ""
    study_hash: str = ""
    calibrated: str = ""
    calibrated_study: str = ""
    calibrated_hash: str = ""

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

    @property
    def facts(self) -> dict[str, str]:
        """The columns of ``FACTS``."""
        studies = (self.study, self.study_hash, self.calibrated_study, self.calibrated_hash)
        return dict(zip(FACTS, (self.kind, self.encoder, *studies, ""), strict=True))  # the fold is the clip's

    def as_dict(self) -> dict[str, str]:
        """Returns the fields, ready for JSON."""
        return asdict(self)


def facts_of(table: pd.DataFrame, axis: str) -> dict[str, list[str]]:
    """Returns what a score table's columns ``kind_AXIS``, ``encoder_AXIS`` and so on hold.

    Args:
        table: Scores; rows without a score do not count.
        axis: A column of scores.

    Returns:
        For each of ``FACTS`` its different values, empty text among them; none where the table lacks the column.
    """
    scored = table[table[axis].notna()]
    columns = {part: scored.get(f"{part}_{axis}") for part in FACTS}
    return {
        part: [] if column is None else list(dict.fromkeys(column.fillna("").astype(str).str.strip()))
        for part, column in columns.items()
    }


def kinds_of(table: pd.DataFrame, axis: str) -> list[str]:
    """Returns the kinds of numbers that a score table holds on an axis, by its column ``kind_AXIS``.

    Args:
        table: Scores; those that are NaN do not count.
        axis: A column of scores.

    Returns:
        Keys of ``KINDS``, and ``PROVENANCE_UNKNOWN`` where some score's kind is missing or is none of them.
    """
    told = facts_of(table, axis)["kind"]
    if not told and table[axis].notna().any():
        return [PROVENANCE_UNKNOWN]
    return list(dict.fromkeys(kind if kind in KINDS else PROVENANCE_UNKNOWN for kind in told))


def row_kinds(row: Mapping[str, Any], axes: Sequence[str]) -> list[str]:
    """Returns the kinds of the numbers in one row of a score table, each once, in the order of the axes.

    Args:
        row: The row.
        axes: Those of the table.
    """
    scored = [axis for axis in axes if not math.isnan(row.get(axis, math.nan))]
    kinds = (str(row.get(f"kind_{axis}", "")) for axis in scored)
    return list(dict.fromkeys(kind for kind in kinds if kind in KINDS))


def shown_axes(axes: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Leaves out the axes on which every scored clip says why it has no score: speech quality where nobody speaks.

    Args:
        axes: Those of the table.
        rows: Its rows so far; an axis that only lacks prompts stays.
    """
    good = [row for row in rows if not row["error"]]

    def empty(axis: str) -> bool:
        told = [row.get(f"source_{axis}") for row in good if not row.get(f"kind_{axis}")]
        return len(told) == len(good) and not {NO_PROMPT, NOT_SCORED, None} & set(told)

    return [axis for axis in axes if not good or not empty(axis)] or list(axes)


def trained_on(table: pd.DataFrame, study: Study, rows: Sequence[int] | None = None) -> list[str]:
    """Returns the axes whose heads were trained or calibrated on a study, as the columns of ``FACTS`` tell.

    The name counts and so does the hash: a study of which ratings were left out has another hash, one that was renamed
    another name. Heads that were trained in folds count only where they scored a clip that they have seen.

    Args:
        table: Scores.
        study: What the scores are held against.
        rows: Which of them, by position, are of clips that the study rates; None where that is not known, and every
            score may be.
    """
    from qamro.studies.summary import study_hash

    parts = ("study", "hash", "calibrated", "calibrationhash")
    axes = [axis for axis in map(str, table.columns) if any(f"{part}_{axis}" in table for part in parts)]
    found = {axis: facts_of(table, axis) for axis in axes}
    names = {axis: {*facts["study"], *facts["calibrated"]} - {""} for axis, facts in found.items()}
    hashes = {axis: {*facts["hash"], *facts["calibrationhash"]} - {""} for axis, facts in found.items()}
    digest = study_hash(study) if any(hashes.values()) else ""
    seen = [axis for axis in found if study.name in names[axis] or digest in hashes[axis]]
    return [axis for axis in seen if any(found[axis]["calibrated"]) or not _cross_fitted(table, axis, rows)]


def _cross_fitted(table: pd.DataFrame, axis: str, rows: Sequence[int] | None) -> bool:
    """Whether all scores of an axis, or those of some rows, are by heads of a fold that never saw the clip's group."""
    if f"fold_{axis}" not in table:
        return False
    some = table if rows is None else table.iloc[list(rows)]
    folds = some.loc[some[axis].notna(), f"fold_{axis}"].fillna("").astype(str)
    return len(folds) > 0 and bool((folds != "").all())


def calibrations(table: pd.DataFrame) -> list[str]:
    """Returns names of the studies that scores of a table were calibrated on, by ``calibrated_AXIS``; mostly none."""
    axes = [axis for axis in map(str, table.columns) if f"calibrated_{axis}" in table]
    return list(dict.fromkeys(name for axis in axes for name in facts_of(table, axis)["calibrated"] if name))


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
