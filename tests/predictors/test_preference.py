"""TuneJury's head on CLAP, by a seeded checkpoint of its shapes: the numbers, the chances, and what is refused."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from qamro.checkpoints import TUNEJURY, WeightFile, Weights, WeightsError, fetch, is_ready, look
from qamro.checkpoints.state import git_blob_of
from qamro.predictors import preference
from qamro.predictors.preference import PreferenceScores, chance, chance_between, preference_parts, read_head
from qamro.report.verdict import verdicts
from tests.studies.file_server import serving


def published(seed=0) -> nn.Sequential:
    """The network as the repository's model.py describes it, after some training."""
    torch.manual_seed(seed)
    layers = []
    for into, out in itertools.pairwise((512, 1024, 512, 256, 128)):
        layers += [nn.Linear(into, out), nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.5)]
    network = nn.Sequential(*layers, nn.Linear(128, 1))
    for _ in range(3):  # running statistics other than zero and one
        network.train()(nn.functional.normalize(torch.randn(64, 512), dim=1) + 0.02)
    return network.eval()


class Rows:
    """An encoder whose clips are their embeddings."""

    name, revision, sample_rate, published = "Clap", "1", 48_000, True

    def embed_audio(self, clips):
        return torch.stack([torch.from_numpy(samples[:512]) for samples, _ in clips])


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("form", ["score.{}", "net.{}", "module.net.{}", "nested"])
def test_rewards_are_those_of_the_published_network(tmp_path, form):
    network = published()
    state = {form.format(key) if form != "nested" else f"net.{key}": v for key, v in network.state_dict().items()}
    torch.save({"state_dict": state} if form == "nested" else state, tmp_path / "a1.pt")
    given = nn.functional.normalize(torch.randn(5, 512), dim=1)
    for _ in range(2):  # the second time from safetensors
        head = read_head(tmp_path / "a1.pt")
        torch.testing.assert_close(head(given), network(given))
    assert len(list((tmp_path / "cache" / "converted").glob("tunejury-*.safetensors"))) == 1


def test_scores_are_chances_against_the_median_and_against_each_other(tmp_path, monkeypatch):
    scorer = PreferenceScores(Rows(), published())
    monkeypatch.setattr(PreferenceScores, "median", 0.25)
    rng = np.random.default_rng(0)
    clips = [(rng.standard_normal(512).astype(np.float32), 48_000) for _ in range(4)]
    rewards = scorer.rewards(clips)
    waves = [type("Wave", (), {"samples": s, "sample_rate": r})() for s, r in clips]
    values = [row["preference"].value for row in scorer.score(waves, [""] * 4)]
    for value, reward in zip(values, rewards, strict=True):
        assert value == pytest.approx(1 / (1 + math.exp(0.25 - reward)))
    for i, j in itertools.permutations(range(4), 2):
        expected = 1 / (1 + math.exp(rewards[j] - rewards[i]))
        assert chance_between(values[i], values[j]) == pytest.approx(expected, abs=1e-6)
        assert chance_between(values[i], values[j]) + chance_between(values[j], values[i]) == pytest.approx(1)
    assert chance(-1e6, 0) == 0
    assert chance_between(0.0, 1.0) < 1e-6
    assert chance_between(0.5, 0.5) == 0.5
    assert scorer.provenance["preference"].kind == "human"
    assert "21,800 pairs" in str(scorer.provenance["preference"])
    assert PreferenceScores(Rows(), published(), published=False).provenance["preference"].kind == "unverified"


def test_the_median_is_that_of_the_reference_set(tmp_path):
    import soundfile

    rng = np.random.default_rng(1)
    paths = [tmp_path / f"{i}.wav" for i in range(3)]
    for path in paths:
        soundfile.write(path, 0.1 * rng.standard_normal(48_000), 48_000, subtype="FLOAT")
    scorer = PreferenceScores(Rows(), published(), clips=paths)
    clips = [(soundfile.read(path, dtype="float32")[0], 48_000) for path in paths]
    assert scorer.median == pytest.approx(float(np.median(scorer.rewards(clips))))
    assert scorer.reference == "3 clips of yours"


def test_two_clips_are_told_by_their_chance_in_both_orders():
    row = {"error": "", "domain": "unknown", "kind_preference": "human"}
    a, b = row | {"clip": "A", "preference": 0.8}, row | {"clip": "B", "preference": 0.6}
    for rows in ([a, b], [b, a]):
        assert verdicts(rows, ["preference"]) == [
            "People would prefer A to B with a chance of 73 %, by predicted preference."
        ]
    (said,) = verdicts([a, a | {"clip": "C"}], ["preference"])
    assert "50 %" in said


def test_other_files_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("foreign code",))

    torch.save({"net.0.weight": torch.zeros(3, 3)}, tmp_path / "other.pt")
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"a": Evil()}))
    (tmp_path / "text.pt").write_text("no weights")
    for name, why in (
        ("other.pt", "not the tensors"),
        ("evil.pt", "more than tensors|damaged"),
        ("text.pt", "damaged|more"),
    ):
        with pytest.raises(WeightsError, match=why):
            read_head(tmp_path / name)


def test_git_names_content_so():
    assert TUNEJURY.files[0].git_blob == "75bc1f8cb3c8bca42f4a09be449b6cfac348ada5"
    assert TUNEJURY.revision in TUNEJURY.files[0].url


def test_a_file_is_fetched_from_its_address_and_held_to_its_blob(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a1.pt").write_bytes(b"hello\n")
    with serving(tmp_path / "served") as server:
        file = WeightFile("a1.pt", 6, "", "ce013625030ba8dba906f756967f9e9ca394464a", server.address + "a1.pt")
        weights = Weights("tiny", "Tiny", "someone/tiny", "0" * 40, "MIT", (file,))
        assert git_blob_of(tmp_path / "served" / "a1.pt") == file.git_blob  # as `git hash-object` says
        (place,) = fetch(weights)
        assert (place.read_bytes(), is_ready(weights)) == (b"hello\n", True)
        place.write_bytes(b"other\n")
        assert look(weights, hashes=True)[0].problem == "damaged"
        (tmp_path / "served" / "a1.pt").write_bytes(b"changed\n")
        with pytest.raises(WeightsError, match="other content than was published"):
            fetch(weights, fresh=True)


def test_the_axis_is_there_only_with_its_head_and_its_encoder(tmp_path, monkeypatch):
    assert preference_parts(Rows()) == []
    torch.save(published().state_dict(), tmp_path / "a1.pt")
    monkeypatch.setattr(preference, "is_ready", lambda _: True)
    monkeypatch.setattr(preference, "require", lambda _: [tmp_path / "a1.pt"])
    assert [part.axes for part in preference_parts(Rows())] == [("preference",)]
    other = Rows()
    other.published = False
    assert preference_parts(other) == []
