"""The mean score that a predictor gives to what a model generates, batch by batch: PredictedMOS."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from qamro.axes import NEEDS_PROMPT
from qamro.metrics.metric import Metric

if TYPE_CHECKING:
    from qamro.audio import Waveform
    from qamro.predictors import Predictor


class PredictedMOS(Metric):
    """Mean predicted score of generated clips, axis by axis.

    A training curve, not a listening test: a generator that is chosen by it learns what the predictor likes. ``kinds``
    says what the numbers are (human, zero-shot, simulated), and ``note`` how many clips lie outside what the predictor
    was trained on.

    Attributes:
        axes: The axes, in the order of the states.
        kinds: For each axis the kind of its scores (see ``qamro.predictors.provenance.KINDS``).
        predictor: What scores.

    Example:
        >>> mos = PredictedMOS("offline", ["MI", "PQ"])
        >>> mos.update(0.1 * torch.randn(2, 48_000), sample_rate=24_000)
        >>> sorted(mos.compute())
        ['MI', 'PQ']
    """

    higher_is_better = True
    total: torch.Tensor
    squares: torch.Tensor
    count: torch.Tensor
    outside: torch.Tensor

    def __init__(
        self,
        predictor: str | Predictor = "offline",
        axes: str | Sequence[str] | None = None,
        *,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Loads the predictor.

        Args:
            predictor: One, or a name that ``qamro.load`` takes.
            axes: Its axes that count: a list, or one by itself, whose ``compute`` is a tensor instead of a dict; None
                takes all.
            options: Passed on to ``qamro.load``, for example ``{"device": "cuda"}``.
            **kwargs: What ``torchmetrics.Metric`` takes, such as ``sync_on_compute``.

        Raises:
            ValueError: The predictor has no such axis, or there is no such predictor.
            WeightsError: Its weights are not on this machine; the message says how to fetch them.
        """
        super().__init__(**kwargs)
        if isinstance(predictor, str):
            from qamro.predictors import load

            predictor = load(predictor, **(options or {}))
        self.predictor = predictor
        self.axes = (axes,) if isinstance(axes, str) else tuple(axes or predictor.axes)
        self.single = isinstance(axes, str)
        if strange := [axis for axis in self.axes if axis not in predictor.axes]:
            raise ValueError(f"{predictor.name} has no axis {strange[0]!r}; it has {', '.join(predictor.axes)}")
        self.kinds = {axis: predictor.provenance[axis].kind for axis in self.axes}
        n = len(self.axes)
        self.add_state("total", torch.zeros(n, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("squares", torch.zeros(n, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(n, dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("outside", torch.zeros(1, dtype=torch.long), dist_reduce_fx="sum")
        self._summary: dict[str, dict[str, Any]] = {}

    def update(self, waveforms: Any, sample_rate: int, prompts: Sequence[str | None] | None = None) -> None:
        """Scores a batch of clips.

        Args:
            waveforms: Floats in [-1, 1]: a tensor of shape (N, T), (N, channels, T) or, for one clip, (T,), or a list
                of tensors of shape (T,) or (channels, T), whose lengths may differ. Channels are averaged.
            sample_rate: Samples per second, Hz; the predictor's own rate is made of it.
            prompts: N prompts; TA is left out where there is none.

        Raises:
            ValueError: A clip is empty, not float or not finite, the rate is not positive, or there are not N prompts.
        """
        from qamro.domains import OUTSIDE
        from qamro.predictors.clips import aligned

        waves = waves_of(waveforms, int(sample_rate), self.predictor.sample_rate)
        texts = aligned(prompts, len(waves), "prompts")
        size = self.predictor.batch_size
        for start in range(0, len(waves), size):
            stop = start + size
            for scores in self.predictor.score(waves[start:stop], texts[start:stop]):
                found = [scores[axis].value if axis in scores else math.nan for axis in self.axes]
                row = torch.tensor(found, dtype=torch.float64, device=self.total.device)
                known = torch.isfinite(row)
                row = torch.where(known, row, 0.0)
                self.total += row
                self.squares += row**2
                self.count += known.long()
                self.outside += int(any(score.domain == OUTSIDE for score in scores.values()))

    def compute(self) -> torch.Tensor | dict[str, torch.Tensor]:
        """Returns each axis's mean over all clips so far, on all ranks; NaN where no clip was scored on it."""
        from qamro.counts import count as counted

        count = self.count.double()
        means = self.total / count
        self._summary = {
            axis: self._interval(float(means[k]), float(self.squares[k]), int(count[k])) | {"kind": self.kinds[axis]}
            for k, axis in enumerate(self.axes)
        }
        outside = int(self.outside)
        self.note = f"{counted(outside, 'clip')} unlike those of the predictor's training" if outside else ""
        if none := [axis for axis, n in zip(self.axes, self.count.tolist(), strict=True) if not n]:
            from qamro.evaluation.metrics import UndefinedMetricWarning

            why = "no clip was scored" + (
                f" ({names} needs prompts)" if (names := ", ".join(a for a in none if a in NEEDS_PROMPT)) else ""
            )
            warnings.warn(f"undefined, NaN: {', '.join(none)}: {why}", UndefinedMetricWarning, stacklevel=2)
        values = means.float()
        return values[0] if self.single else dict(zip(self.axes, values, strict=True))

    def summary(self) -> dict[str, dict[str, Any]]:
        """Returns for each axis ``mean``, ``low``, ``high``, ``clips`` and ``kind``.

        The interval is the 95 % t-interval of the mean over clips: it tells how clips vary, not how far the predictor
        is off. NaN ends with one clip.
        """
        self.compute()
        return self._summary

    @staticmethod
    def _interval(mean: float, squares: float, n: int) -> dict[str, Any]:
        half = math.nan
        if n > 1:
            from scipy import stats

            spread = math.sqrt(max(0.0, squares - n * mean**2) / (n - 1))
            half = float(stats.t.ppf(0.975, n - 1)) * spread / math.sqrt(n)
        return {"mean": mean, "low": mean - half, "high": mean + half, "clips": n}


def waves_of(waveforms: Any, sample_rate: int, wanted: int | None) -> list[Waveform]:
    """Returns N clips as mono sound at the wanted rate in Hz (None keeps theirs); see ``PredictedMOS.update``.

    Raises:
        ValueError: A clip is empty, not float or not finite, or the rate is not positive.
    """
    from qamro.audio import Waveform, resample

    one = getattr(waveforms, "ndim", 2) == 1
    waves = []
    for number, clip in enumerate([waveforms] if one else waveforms, 1):
        samples = clip.detach().cpu().numpy() if isinstance(clip, torch.Tensor) else np.asarray(clip)
        if samples.ndim == 2:
            samples = samples.mean(axis=0)
        try:
            if not np.isfinite(samples).all():
                raise ValueError("it holds NaN or infinite samples")
            wave = Waveform(samples, sample_rate)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"clip {number} cannot be scored: {problem}") from problem
        waves.append(wave if wanted is None else resample(wave, wanted))
    return waves
