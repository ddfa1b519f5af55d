"""A study ready to train on: its clips embedded once, and split so that no group stands on two sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

from qamro.axes import get_axis
from qamro.heads.bundle import Head
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.splits import group_of_clip

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
    """

    study: Study
    embeddings: Embeddings
    parts: dict[str, list[str]]
    hold_out: str = "content"

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
        rated = self.study.axes
        found = [axis for axis in rated if axis not in NEEDS_PROMPT or self.embeddings.text is not None]
        if rated and not found:
            raise ValueError(
                f"study {self.study.name!r} rates {', '.join(rated)}, which needs the clips' prompts and an encoder "
                "that reads them; add the prompts, or take such an encoder"
            )
        if not found:
            raise ValueError(f"study {self.study.name!r} holds no ratings; there is nothing to train on")
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
        """Returns what ``fit`` takes: training and validation clips of an axis."""
        features = self.embeddings.features(axis in NEEDS_PROMPT)
        rows, targets = self.targets(self.parts["train"], axis)
        val_rows, val_targets = self.targets(self.parts["validation"], axis)
        contents = self._contents[rows]
        return Data(features[rows], targets, features[val_rows], val_targets, contents)

    def test(self, axis: str) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        """Returns the test clips of an axis with their features and MOS."""
        rows, targets = self.targets(self.parts["test"], axis)
        features = self.embeddings.features(axis in NEEDS_PROMPT)
        return [self.embeddings.clips[row] for row in rows.tolist()], features[rows], targets

    def kinds(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns what tells of what kind clips are (see ``qamro.heads.domain``): (N, dim), their audio embeddings."""
        return self.embeddings.audio[self.embeddings.rows(clips)]

    def predict(self, clips: Sequence[str], heads: Mapping[str, Head]) -> pd.DataFrame:
        """Predicts embedded clips.

        Returns:
            Columns ``clip`` and one for each axis, held to the axis's scale.
        """
        import pandas as pd

        rows = self.embeddings.rows(clips)
        table = pd.DataFrame({"clip": [self.embeddings.clips[i] for i in rows.tolist()]})
        with torch.inference_mode():
            for axis, head in heads.items():
                scores = head(self.embeddings.features(axis in NEEDS_PROMPT)[rows])
                scale = get_axis(axis)
                table[axis] = (scores.clamp(scale.low, scale.high) if scale.has_range else scores).numpy()
        return table


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
    """

    features: torch.Tensor
    targets: torch.Tensor
    val_features: torch.Tensor
    val_targets: torch.Tensor
    contents: torch.Tensor | None = None


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
    """

    head: Head
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    val_loss: float = float("inf")
    seconds: float = 0.0

    @property
    def best_row(self) -> dict[str, float] | None:
        """The history's row of the best epoch; None where no epoch was any good."""
        return next((row for row in self.history if row["epoch"] == self.best_epoch), None)
