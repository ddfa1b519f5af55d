"""A study ready to train on: its clips embedded once, and split so that no group stands on two sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from qamro.axes import NEEDS_PROMPT, PREFERENCE, get_axis
from qamro.heads.bundle import Head
from qamro.heads.fold_heads import NO_FOLD, FoldHeads
from qamro.training.splits import group_of_clip, name_of_groups

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass
class EmbeddedStudy:
    """A study, its embeddings and its parts.

    Attributes:
        study: With ratings.
        embeddings: Of its clips.
        parts: From ``split``: for each part, its clips.
        hold_out: What no two parts share, as ``split`` was told: ``"content"``, ``"system"`` or ``"both"``.
        folds: From ``splits.folds``, where heads are trained in folds; ``parts`` are then ``whole(study)``.
        question: Which votes between two clips train; empty where ratings do. The axis is then ``preference``.
    """

    study: Study
    embeddings: Embeddings
    parts: dict[str, list[str]]
    hold_out: str = "content"
    folds: Sequence[Mapping[str, Sequence[str]]] = ()
    question: str = ""

    @cached_property
    def votes(self) -> pd.DataFrame:
        """The votes on the question that prefer a clip or say tie, of two clips that could be read.

        Its column ``share`` is the share of all votes on these two clips that ``clip_a`` won; a tie is half a win.
        """
        from qamro.evaluation.preferences import asked

        votes = asked(self.study, self.question)
        readable = set(self.embeddings.clips)
        usable = votes["clip_a"].isin(readable) & votes["clip_b"].isin(readable) & (votes["winner"] != "both_bad")
        votes = votes[usable & (votes["clip_a"] != votes["clip_b"])].reset_index(drop=True)
        won = votes["winner"].map({"a": 1.0, "tie": 0.5, "b": 0.0})
        turned = votes["clip_a"] > votes["clip_b"]
        pair = [votes[["clip_a", "clip_b"]].min(axis=1), votes[["clip_a", "clip_b"]].max(axis=1)]
        share = won.where(~turned, 1 - won).groupby(pair).transform("mean")
        prompts = self.study.clips.set_index("clip")["prompt"].reindex(votes["clip_a"]).to_numpy()
        return votes.assign(share=share.where(~turned, 1 - share), prompt=prompts)

    def voted(self, part: str) -> pd.DataFrame:
        """Returns the votes whose two clips stand in a part; in folds, for the test part, both in that of one fold."""
        sides = [set(parts[part]) for parts in self.folds or [self.parts]]
        inside = [
            any(a in clips and b in clips for clips in sides)
            for a, b in zip(self.votes["clip_a"], self.votes["clip_b"], strict=True)
        ]
        return self.votes[inside]

    @cached_property
    def fold_of(self) -> dict[str, int]:
        """The fold in which each clip is tested, by heads that never saw its group; empty where there are none."""
        return {clip: k for k, parts in enumerate(self.folds) for clip in parts["test"]}

    @cached_property
    def _means(self) -> pd.DataFrame:
        return self.study.clip_means()

    @cached_property
    def _contents(self) -> torch.Tensor:
        """(N,) a number for the content of each embedded clip."""
        group = group_of_clip(self.study, "content")
        number = {name: k for k, name in enumerate(sorted(set(group.values())))}
        return torch.tensor([number[group[clip]] for clip in self.embeddings.clips])

    @property
    def trainable(self) -> list[str]:
        """The rated axes that these embeddings can serve: TA only where there are prompts.

        Raises:
            ValueError: There is none; says why.
        """
        if self.question:
            return [PREFERENCE.key]
        rated = self.study.axes
        found = [axis for axis in rated if axis not in NEEDS_PROMPT or self.embeddings.text is not None]
        if rated and not found:
            raise ValueError(
                f"study {self.study.name!r} rates {', '.join(rated)}, which needs the clips' prompts and an encoder "
                "that reads them; add the prompts, or take such an encoder"
            )
        if not found:
            votes = self.study.votes is not None
            remedy = "it holds votes: choose an objective of pairs" if votes else "there is nothing to train on"
            raise ValueError(f"study {self.study.name!r} holds no ratings; {remedy}")
        return found

    def targets(self, clips: Sequence[str], axis: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the embeddings' row numbers and the MOS of those clips that have both.

        Raises:
            ValueError: The study does not rate the axis.
        """
        means = self._means[self._means["axis"] == axis].set_index("clip")["mean"]
        if means.empty:
            raise ValueError(
                f"study {self.study.name!r} rates {', '.join(self.study.axes)}; it has no axis {axis!r} to train on"
            )
        readable = set(self.embeddings.clips)
        usable = [clip for clip in clips if clip in readable and clip in means.index]
        return self.embeddings.rows(usable), torch.tensor([means[clip] for clip in usable], dtype=torch.float32)

    def readable(self, part: str) -> list[str]:
        """Returns the clips of a part but those that could not be read."""
        return [clip for clip in self.parts[part] if clip not in self.embeddings.failed]

    def data(self, axis: str) -> Data:
        """Returns what ``fit`` takes: training and validation clips of an axis, or those of all folds."""
        features = self.embeddings.features(axis in NEEDS_PROMPT)
        if self.question:
            return self._pairs(features)
        rows, targets = self.targets(self.parts["train"], axis)
        if self.folds:
            place = {self.embeddings.clips[row]: i for i, row in enumerate(rows.tolist())}
            folds = [(_places(place, parts[FITTED[0]]), _places(place, parts[FITTED[1]])) for parts in self.folds]
            return Data.of_folds(features[rows], targets, folds, contents=self._contents[rows])
        val_rows, val_targets = self.targets(self.parts["validation"], axis)
        contents = self._contents[rows]
        return Data(features[rows], targets, features[val_rows], val_targets, contents)

    def _pairs(self, features: torch.Tensor) -> Data:
        votes = self.votes
        folds: list[tuple[torch.Tensor, torch.Tensor]] = []
        for parts in self.folds or [self.parts]:
            inside = [{side: votes[f"clip_{side}"].isin(parts[part]).to_numpy() for side in "ab"} for part in FITTED]
            train, validation = (torch.from_numpy(np.flatnonzero(both["a"] & both["b"])) for both in inside)
            folds.append((train, validation))
            if not len(train) or not len(validation):
                raise ValueError(self._no_pair("fits" if not len(train) else "says when to stop"))
        pairs = torch.stack([self.embeddings.rows(votes[f"clip_{side}"].tolist()) for side in "ab"], dim=1)
        shares = torch.tensor(votes["share"].to_numpy(), dtype=torch.float32)
        return Data.of_folds(features, shares, folds, pairs=pairs)

    def _no_pair(self, does: str) -> str:
        groups = name_of_groups(self.study, self.hold_out)
        alike = "the same prompt or song" if self.hold_out == "content" else "one content, and hold content out"
        return (
            f"training on votes needs pairs whose two clips are both in the part that {does}; of {len(self.votes)} "
            f"votes none is one, since parts share no {groups} and pairs mix {groups}. Vote between clips of {alike}, "
            "or bring more votes"
        )

    def test(self, axis: str) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        """Returns the test clips of an axis with their features and MOS."""
        rows, targets = self.targets(self.parts["test"], axis)
        features = self.embeddings.features(axis in NEEDS_PROMPT)
        return [self.embeddings.clips[row] for row in rows.tolist()], features[rows], targets

    def kinds(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns what tells of what kind clips are (see ``qamro.heads.domain``): (N, dim), their audio embeddings."""
        return self.embeddings.audio[self.embeddings.rows(clips)]

    def predict(self, clips: Sequence[str], heads: Mapping[str, Head]) -> pd.DataFrame:
        """Predicts embedded clips; those of a fold by its own heads only, which never saw them.

        Returns:
            Columns ``clip`` and one for each axis, held to the axis's scale; of votes, the chance that a reward stands
            for.
        """
        import pandas as pd

        table = pd.DataFrame({"clip": [clip for clip in clips if clip not in self.embeddings.failed]})
        for axis, head in heads.items():
            scores, scale = self.answers(table["clip"].tolist(), axis, head), get_axis(axis)
            if self.question:
                scores = scores.sigmoid()
            table[axis] = (scores.clamp(scale.low, scale.high) if scale.has_range else scores).numpy()
        return table

    def answers(self, clips: Sequence[str], axis: str, head: Head) -> torch.Tensor:
        """Returns what a head says of readable clips, on no scale; those of a fold by its own heads only."""
        features = self.embeddings.features(axis in NEEDS_PROMPT)[self.embeddings.rows(clips)]
        with torch.inference_mode():
            if isinstance(head, FoldHeads):
                return head.unseen(features, [self.fold_of.get(clip, NO_FOLD) for clip in clips])
            return head(features)


def whole(study: Study) -> dict[str, list[str]]:
    """Returns the parts of a study that is trained on in folds: every clip trains, and is tested by its own fold."""
    clips = list(study.clips["clip"])
    return {"train": clips, "validation": [], "calibration": clips, "test": clips}


FITTED = ("train", "validation")
"""The parts that a head sees in training."""


def _places(place: Mapping[str, int], clips: Sequence[str]) -> torch.Tensor:
    return torch.tensor(sorted(place[clip] for clip in clips if clip in place), dtype=torch.long)


# Embeds a study's clips and prompts once, so that any number of heads can be trained on them.

_BATCH = 16


@dataclass
class Embeddings:
    """A study as an encoder sees it.

    Attributes:
        clips: N names of the clips that could be read.
        audio: (N, audio_dim).
        text: (N, text_dim); rows of zeros where a clip has no prompt; None when the encoder reads no text.
        has_prompt: (N,) booleans.
        failed: For each clip that could not be read, why.
    """

    clips: list[str]
    audio: torch.Tensor
    text: torch.Tensor | None
    has_prompt: torch.Tensor
    failed: dict[str, str]

    def rows(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns the row numbers of the clips that could be read, in the given order."""
        place = {clip: i for i, clip in enumerate(self.clips)}
        return torch.tensor([place[clip] for clip in clips if clip in place], dtype=torch.long)

    def features(self, with_text: bool) -> torch.Tensor:
        """Returns (N, dim): the audio embedding, with the text embedding behind it when asked for."""
        if not with_text:
            return self.audio
        if self.text is None:
            raise ValueError("this encoder reads no text; an axis that needs the prompt cannot be trained on it")
        return torch.cat([self.audio, self.text], dim=1)


def embed_study(study: Study, encoder: Any, *, on_clip: Callable[[int, int], bool | None] | None = None) -> Embeddings:
    """Decodes and embeds every clip of a study.

    Args:
        study: With audio.
        encoder: See ``docs/architecture.md``.
        on_clip: Called with (clips done, clips in all); returning True stops.

    Raises:
        ValueError: Not one clip could be read.
        InterruptedError: ``on_clip`` asked to stop.
    """
    names = list(study.clips["clip"])
    prompts = dict(zip(study.clips["clip"], study.clips["prompt"], strict=True))
    failed: dict[str, str] = {}
    kept: list[str] = []
    audio: list[torch.Tensor] = []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            waves = list(pool.map(lambda clip: decode(study, clip, encoder.sample_rate), batch))
            good = [(clip, wave) for clip, wave in zip(batch, waves, strict=True) if not isinstance(wave, str)]
            failed |= {clip: wave for clip, wave in zip(batch, waves, strict=True) if isinstance(wave, str)}
            if good:
                audio.append(encoder.embed_audio([(wave.samples, wave.sample_rate) for _, wave in good]).float().cpu())
                kept += [clip for clip, _ in good]
            if on_clip is not None and on_clip(start + len(batch), len(names)):
                raise InterruptedError(f"stopped after {start + len(batch)} of {len(names)} clips")
    if not kept:
        example = next(iter(failed.values()), "it has no clips")
        raise ValueError(f"no clip of study {study.name!r} could be read: {example}")
    texts = [prompts[clip] for clip in kept]
    text = encoder.embed_text(texts).float().cpu() if hasattr(encoder, "embed_text") and any(texts) else None
    return Embeddings(kept, torch.cat(audio), text, torch.tensor([bool(prompt) for prompt in texts]), failed)


def decode(study: Study, clip: str, sample_rate: int) -> Any:
    """Returns a clip's sound, or why it could not be read."""
    from qamro.audio import AudioError
    from qamro.audio.guarded import load

    try:
        return load(study.audio_path(clip), sample_rate=sample_rate)
    except (AudioError, OSError) as problem:
        return str(problem)


# What a fit takes, and what comes of it.


Rows = tuple[torch.Tensor, torch.Tensor]
"""Of a fold: the numbers of the rows that it trains on, and of those that it is stopped by, ascending."""


@dataclass
class Data:
    """Embeddings and MOS of training and validation clips.

    Attributes:
        features: (N, dim) training embeddings.
        targets: (N,) their MOS.
        val_features: (M, dim) validation embeddings.
        val_targets: (M,) their MOS.
        contents: (N,) numbers of the training clips' contents (sentence, song, prompt), for what is cross-validated
            within them; None where every clip is its own.
        pairs: (P, 2) rows of the features, for what is trained on votes between two clips; ``targets`` are then (P,)
            shares of the votes for the first, and a row is a pair. With ``folds`` only.
        folds: The rows of each fold, where folds are trained side by side; the validation clips are then among the
            rows, and ``val_features`` is empty.
    """

    features: torch.Tensor
    targets: torch.Tensor
    val_features: torch.Tensor
    val_targets: torch.Tensor
    contents: torch.Tensor | None = None
    pairs: torch.Tensor | None = None
    folds: tuple[Rows, ...] = ()

    @classmethod
    def of_folds(
        cls, features: torch.Tensor, targets: torch.Tensor, folds: Sequence[Rows], **more: torch.Tensor | None
    ) -> Data:
        """Makes data of folds."""
        return cls(features, targets, features[:0], targets[:0], **more, folds=tuple(folds))

    @property
    def joined(self) -> Data:
        """The same as folds: one, unless there are more."""
        if self.folds:
            return self
        n, m = len(self.targets), len(self.val_targets)
        rows = torch.arange(n), torch.arange(n, n + m)
        contents = None if self.contents is None else torch.cat([self.contents, self.contents.new_full((m,), -1)])
        features, targets = torch.cat([self.features, self.val_features]), torch.cat([self.targets, self.val_targets])
        return Data.of_folds(features, targets, [rows], contents=contents)

    def of_fold(self, k: int) -> Data:
        """Returns the clips of one fold, as if there were no other."""
        fits, stops = self.folds[k]
        contents = None if self.contents is None else self.contents[fits]
        return Data(self.features[fits], self.targets[fits], self.features[stops], self.targets[stops], contents)

    def scales_of(self, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns what a head takes its scales from: features and MOS of the clips that a fold trains on.

        Heads of pairs answer with a reward that has no unit: its mean is 0 and its deviation 1.
        """
        fits = self.folds[k][0]
        if self.pairs is None:
            return self.features[fits], self.targets[fits]
        features = self.features[self.pairs[fits].unique()]
        return features, features.new_zeros(len(features))

    def tensors(self) -> list[torch.Tensor]:
        """Returns all that it holds, for a fingerprint."""
        own = (self.features, self.targets, self.val_features, self.val_targets, self.contents, self.pairs)
        return [part for part in (*own, *(rows for fold in self.folds for rows in fold)) if part is not None]


@dataclass
class Fit:
    """A fitted head.

    Attributes:
        head: With the weights of the best epoch.
        history: One row an epoch: ``epoch``, ``train_loss``, ``val_loss``, and ``val_srcc``, Spearman's correlation
            over the validation clips (NaN where it is undefined: one side is constant, or fewer than two clips).
        best_epoch: Counted from 1.
        val_loss: Of the best epoch.
        seconds: Spent on epochs by the whole stack that it was trained in, over all resumptions.
        folds: The fits of each fold, where ``head`` is of several: ``best_epoch`` is then their median, ``history`` and
            ``val_loss`` their mean.
    """

    head: Head
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    val_loss: float = float("inf")
    seconds: float = 0.0
    folds: list[Fit] = field(default_factory=list)

    @classmethod
    def of_folds(cls, folds: Sequence[Sequence[Fit]]) -> Fit:
        """Makes one fit of K folds.

        Args:
            folds: For each fold its fits, one a seed.
        """
        every = [fitted for fits in folds for fitted in fits]
        longest = max(len(fitted.history) for fitted in every)
        history = [_mean_row([fit.history[i] for fit in every if i < len(fit.history)]) for i in range(longest)]
        return cls(
            # What is solved is the same for all seeds, and stands once.
            FoldHeads([list(dict.fromkeys(fitted.head for fitted in fits)) for fits in folds]),  # type: ignore[misc]
            history,
            int(np.median([fitted.best_epoch for fitted in every])),
            float(np.mean([fitted.val_loss for fitted in every])),
            every[0].seconds,
            every,
        )

    @property
    def best_row(self) -> dict[str, float] | None:
        """The history's row of the best epoch; None where no epoch was any good."""
        return next((row for row in self.history if row["epoch"] == self.best_epoch), None)


def _mean_row(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of one epoch's rows; what is undefined in some is left out of it."""
    known = {key: [row[key] for row in rows if not np.isnan(row[key])] for key in rows[0]}
    return {key: float(np.mean(values)) if values else float("nan") for key, values in known.items()}
