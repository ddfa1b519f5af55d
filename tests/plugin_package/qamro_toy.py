"""Adds a predictor, an encoder, an objective and a study to qamro; see the entry points in pyproject.toml.

Rows are light: what is heavy is imported where it is used.
"""

from __future__ import annotations

# A predictor: MI by loudness.


def loudness():
    from qamro.predictors.loading import PredictorEntry

    return PredictorEntry("loudness", "Loudness", ("MI",), "The louder the better.", load_loudness)


def load_loudness(*, device="cpu"):
    import numpy as np

    from qamro.predictors import Predictor, Provenance, Score

    class Loudness(Predictor):
        name, axes, sample_rate = "loudness", ("MI",), 16_000
        provenance = {"MI": Provenance("zero-shot", "none", "1 + 4 rms")}  # noqa: RUF012

        def score(self, waveforms, prompts):
            return [{"MI": Score(1 + 4 * float(np.sqrt(np.mean(wave.samples**2))))} for wave in waveforms]

    return Loudness()


def offline():
    from qamro.predictors.loading import PredictorEntry

    return PredictorEntry("offline", "Not ours", ("MI",), "It bears the name of one of qamro's own.", load_loudness)


# An encoder: level and brightness of a clip.


def levels():
    from qamro.encoders.registry import EncoderEntry

    return EncoderEntry("levels", "Levels", "Two numbers a clip. It reads no prompts.", "Levels", Levels)


class Levels:
    name, revision, sample_rate, audio_dim = "Levels", 1, 16_000, 2

    def __init__(self, device="cpu"):
        self.device = device

    def embed_audio(self, clips):
        import numpy as np
        import torch

        rows = [[np.sqrt(np.mean(wave**2)), np.mean(np.abs(np.diff(wave)))] for wave, _ in clips]
        return torch.tensor(np.array(rows, dtype=np.float32).reshape(-1, 2))


# An objective: the mean absolute error, under a name of its own.


def toy_l1():
    from qamro.training.objective.table import Row, Term

    term = Term("toy-l1", "regression", "toy L1", l1)
    return Row("toy-l1", "Toy L1", "The mean absolute error.", "toy L1", (term,))


def l1(predictions, targets, *, groups=None):
    return (predictions - targets).abs().mean(-1)


# A study.


def toy_study():
    from qamro.studies.registry import Dataset

    return Dataset(
        name="toy_study",
        title="A toy",
        page="https://example.org",
        revision="",
        licence="CC0",
        citation="nobody",
        holds="nothing",
        axes=("MI",),
        megabytes=0,
        files=(),
        obtain="Ask the author of qamro-toy.",
    )
