"""A study is embedded once: what a killed run embedded is found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from qamro.encoders import LogMel
from qamro.encoders.embedding_store import CachedEncoder, EmbeddingStore
from qamro.studies import Study
from qamro.training.embedded_study import embed_study


class Counting(LogMel):
    """The real encoder; it also says how many clips it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded = 0

    def embed_audio(self, clips):
        self.embedded += len(clips)
        return super().embed_audio(clips)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(0)
    for k in range(40):
        soundfile.write(root / f"c{k}.wav", 0.1 * rng.normal(size=4000), 16_000)
    (root / "c7.wav").write_text("no sound")
    clips = pd.DataFrame({"clip": [f"c{k}" for k in range(40)], "path": [f"c{k}.wav" for k in range(40)]})
    ratings = pd.DataFrame({"clip": clips["clip"], "axis": "MI", "score": 3.0})
    return Study(clips.assign(system="s", prompt=""), ratings, name="noise", kind="simulated", root=root)


def test_after_an_interruption_only_the_rest_is_embedded(study, tmp_path):
    store = EmbeddingStore(tmp_path / "store.sqlite")
    first, again, third = Counting(), Counting(), Counting()
    with pytest.raises(InterruptedError, match="16 of 40"):
        embed_study(study, CachedEncoder(first, store), on_clip=lambda done, total: True)
    assert first.embedded == 15
    seen = []
    found = embed_study(study, CachedEncoder(again, store), on_clip=lambda done, total: seen.append((done, total)))
    assert again.embedded == 39 - 15
    assert seen == [(16, 40), (32, 40), (40, 40)]
    assert list(found.failed) == ["c7"]
    assert "c7" not in found.clips
    torch.testing.assert_close(embed_study(study, CachedEncoder(third, store)).audio, found.audio)
    assert third.embedded == 0
    torch.testing.assert_close(embed_study(study, LogMel()).audio, found.audio)
