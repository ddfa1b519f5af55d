import hashlib

import numpy as np
import pytest
import soundfile

from qamro.checkpoints import WeightsError
from qamro.encoders import Audiobox
from qamro.predictors import load


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "ab"]
    for path, seconds in zip(paths, (1.0, 12.0), strict=True):
        soundfile.write(path, 0.1 * rng.standard_normal(round(16_000 * seconds)), 16_000, subtype="FLOAT")
    return paths


def test_scores_are_the_encoders_own(small_audiobox, small_wavlm, clips, no_weights):
    predictor = load("audiobox", checkpoint=small_audiobox, device="cpu")
    assert (predictor.axes, predictor.sample_rate) == (("PQ", "PC", "CE", "CU"), 16_000)
    table = predictor.predict(clips)
    sounds = [soundfile.read(path, dtype="float32") for path in clips]
    expected = Audiobox.from_checkpoint(small_audiobox).score(sounds)
    for axis in predictor.axes:
        assert table[axis].tolist() == pytest.approx([row[axis] for row in expected], abs=2e-5)
        assert table[f"{axis}_low"].isna().all()


def test_a_random_checkpoint_is_never_called_trained_on_people(small_audiobox, small_wavlm, no_weights):
    predictor = load("audiobox", checkpoint=small_audiobox)
    for origin in predictor.provenance.values():
        assert origin.kind == "unverified"
        assert "unverified checkpoint" in str(origin)
        assert "Meta" not in str(origin)


def test_the_published_files_are_called_what_they_are(small_audiobox, small_wavlm, no_weights, monkeypatch):
    files = [small_audiobox / "config.json", small_audiobox / "model.safetensors"]
    known = {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for published, kind in ((known, "human"), ({sorted(known)[0]}, "unverified")):
        monkeypatch.setattr("qamro.encoders.audiobox.is_published", published.__contains__)
        predictor = load("audiobox", checkpoint=small_audiobox)
        assert {origin.kind for origin in predictor.provenance.values()} == {kind}
        assert ("trained by Meta" in str(predictor.provenance["PQ"])) == (kind == "human")


def test_missing_weights_are_named_with_the_command(no_weights):
    with pytest.raises(WeightsError, match=r"model\.safetensors \(415 MB\).*python -m qamro weights fetch audiobox"):
        load("audiobox")
