"""A study ready to train on: its clips embedded, and split so that no group stands on two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from qamro.axes import get_axis
from qamro.heads.kinds import Head
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.embeddings import Embeddings
from qamro.training.groups import group_of_clip
from qamro.training.run import Data

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass
class Prepared:
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
