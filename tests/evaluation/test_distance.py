"""Distances of sets: against scipy's matrix root and explicit loops in float64, known truths, and what they warn of."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import soundfile
from scipy import linalg
from typer.testing import CliRunner

from qamro.cli import app
from qamro.evaluation.distance import clap_score, distances, frechet, frechet_infinite, kernel, mean_clap_score


def sets(seed, n=40, m=60, dim=6, shift=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(dim, dim))
    return rng.normal(size=(n, dim)) @ mix * scale + shift, rng.normal(size=(m, dim)) @ mix


@pytest.mark.parametrize("seed", range(6))
def test_frechet_is_the_matrix_formula(seed):
    """More clips than dimensions, and fewer; embeddings of all sizes."""
    dim = (6, 6, 3, 30, 50, 64)[seed]
    x, y = sets(seed, n=25, m=33, dim=dim, shift=0.3 * seed, scale=10.0 ** (seed - 3))
    one, two = np.cov(x.T), np.cov(y.T)
    root = linalg.sqrtm(linalg.sqrtm(one).real @ two @ linalg.sqrtm(one).real).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(one + two - 2 * root)
    size = np.trace(one) + np.trace(two)
    assert frechet(x, y) == pytest.approx(expected, abs=1e-6 * size)
    assert frechet(x, y) == pytest.approx(frechet(y, x), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_kernel_is_the_loops(seed):
    x, y = sets(seed, n=9, m=12, shift=0.5 * seed)
    width = np.median([np.linalg.norm(a - b) for i, a in enumerate(y) for b in y[:i]])

    def k(a, b):
        return math.exp(-(np.linalg.norm(a - b) ** 2) / (2 * width**2))

    def mean(one, two, same):
        pairs = [(i, j) for i in range(len(one)) for j in range(len(two)) if not (same and i == j)]
        return sum(k(one[i], two[j]) for i, j in pairs) / len(pairs)

    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert kernel(x, y) == pytest.approx(expected, abs=1e-12)


def test_equal_sets_are_at_zero_and_moved_ones_as_far_as_they_were_moved():
    x, _ = sets(0)
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet(x, x + 3) == pytest.approx(9 * x.shape[1])
    assert kernel(x, x) < 0  # a clip's copy is no second clip


def test_extrapolation_comes_nearer_to_the_truth_than_the_sets():
    """Two normal sets whose distance is known, many times: the plain distance is too high, the other one is not."""
    plain, infinite = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(80, 16)), rng.normal(size=(80, 16)) + 0.25
        plain.append(frechet(x, y))
        infinite.append(frechet_infinite(x, y))
    truth = 16 * 0.25**2
    error = np.std(infinite) / math.sqrt(len(infinite))
    assert np.mean(plain) > truth + 1
    assert abs(np.mean(infinite) - truth) < max(0.2 * (np.mean(plain) - truth), 3 * error)


def test_the_kernels_estimate_is_right_on_average_and_below_zero_half_the_time():
    found = [kernel(*sets(seed, n=12, m=15), width=3.0) for seed in range(200)]
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(len(found))
    assert 0.35 < np.mean(np.array(found) < 0) < 0.75


def test_intervals_hold_and_are_the_same_again():
    """The kernel distance of two normal sets is known; its interval covers that about as often as it says."""
    width, shift, dim, covered = 2.0, 0.6, 4, []
    # E exp(-|x - y|² / 2w²) for x - y ~ N(mean, 2 I), dimension by dimension
    factor = (1 + 2 / width**2) ** (-dim / 2)
    truth = 2 * factor - 2 * factor * math.exp(-dim * shift**2 / (2 * (width**2 + 2)))
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(60, dim)), rng.normal(size=(60, dim)) + shift
        kernels_width = np.median(np.linalg.norm(y[:, None] - y, axis=-1)[np.triu_indices(60, 1)])
        own = truth_at(kernels_width, shift, dim)
        found = distances(x, y, draws=60, seed=seed)[-1]
        covered.append(found.low <= own <= found.high)
    assert truth == pytest.approx(truth_at(width, shift, dim))
    assert np.mean(covered) > 0.8
    assert distances(x, y, draws=20, seed=3) == distances(x, y, draws=20, seed=3)


def truth_at(width, shift, dim):
    factor = (1 + 2 / width**2) ** (-dim / 2)
    return 2 * factor * (1 - math.exp(-dim * shift**2 / (2 * (width**2 + 2))))


def test_what_has_to_be_said_is_said():
    x, y = sets(1, n=10, m=60)
    plain, infinite, mmd = distances(x, y, draws=0)
    assert "only 10 clips of the set: with fewer than 50" in plain.note
    assert "too high for small sets" in plain.note
    assert math.isnan(plain.low)
    alike = distances(*sets(11, n=60, m=60), draws=0)
    for each in alike:
        assert ("below zero" in each.note) == (each.value < 0)
        assert "only" not in each.note
    assert [each.name for each in distances(x[:5], y, draws=0)] == ["frechet", "kernel"]


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.ones((1, 3)), np.ones((4, 3)), "the set: a distance needs two clips"),
        (np.ones((4, 3)), np.full((4, 3), np.nan), "the reference: 4 of 4 embeddings are not finite"),
        (np.ones((4, 3)), np.ones((4, 2)), "one encoder for both sets"),
        (np.ones((4, 3)), np.ones((4, 3)), "most reference clips are the same"),
    ],
)
def test_what_has_no_distance_is_refused(x, y, says):
    with pytest.raises(ValueError, match=says):
        distances(x, y)


def test_the_clap_score_is_the_cosine():
    rng = np.random.default_rng(0)
    audio, text = rng.normal(size=(2, 30, 5))
    expected = [a @ t / np.linalg.norm(a) / np.linalg.norm(t) for a, t in zip(audio, text, strict=True)]
    assert clap_score(audio, text) == pytest.approx(expected)
    found = mean_clap_score(clap_score(audio, text))
    assert found.value == pytest.approx(np.mean(expected))
    assert found.low < found.value < found.high
    assert found.note == "only 30 clips"
    with pytest.raises(ValueError, match="an embedding is zero"):
        clap_score(np.zeros((1, 2)), np.ones((1, 2)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(0)
    for name, noise in (("one", 0.02), ("other", 0.3)):
        (home / name).mkdir()
        for k in range(10):
            tone = 0.3 * np.sin(2 * np.pi * (200 + 30 * k) * np.arange(8000) / 16_000)
            soundfile.write(home / name / f"{k}.wav", tone + noise * rng.standard_normal(8000), 16_000)
    (home / "one" / "broken.wav").write_text("no sound")
    return home


def test_the_verb_names_encoder_settings_and_what_it_left_out(folders, tmp_path):
    out = tmp_path / "distance.json"
    command = ["distance", folders / "one", folders / "other", "--encoder", "logmel", "--json", out, "--draws", "20"]
    result = CliRunner().invoke(app, [str(each) for each in command])
    assert result.exit_code == 0, result.output
    assert "left out: broken.wav" in result.stderr
    assert "fewer than 50" in result.stderr
    told = json.loads(out.read_text())
    assert (told["encoder"], told["n"], told["n_reference"], len(told["hash"])) == ("LogMel", 10, 10, 64)
    found = {each["name"]: each for each in told["distances"]}
    assert set(found) == {"frechet", "frechet-infinite", "kernel"}
    assert 0 < found["kernel"]["low"] < found["kernel"]["value"] < found["kernel"]["high"]
    again = CliRunner().invoke(app, [str(each) for each in command])
    assert json.loads(out.read_text()) == told
    assert again.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("one", "other", "--encoder", "mfcc"), "--encoder takes clap, logmel, audiobox, speech"),
        (("one", "--encoder", "logmel"), "name a REFERENCE"),
        (("one", "--encoder", "logmel", "--clap-score"), "needs --encoder clap"),
        (("one", "--clap-score"), "have no prompt"),
        (("one", "nowhere", "--encoder", "logmel"), "there is no file or folder"),
    ],
)
def test_wrong_use_is_told(folders, arguments, says):
    given = [
        str(folders / each) if not each.startswith("-") and each in {"one", "other", "nowhere"} else each
        for each in arguments
    ]
    result = CliRunner().invoke(app, ["distance", *given])
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())


def test_clips_and_prompts_on_a_small_clap(folders, tmp_path, monkeypatch):
    """The CLAP score of the verb, with an encoder of random weights in place of the published one."""
    import torch

    import qamro.encoders

    class Small:
        name, revision, sample_rate, audio_dim, settings = "Clap", "1", 16_000, 4, "small"

        def embed_audio(self, waves):
            return torch.tensor([[s.std(), s.mean(), s.max(), 1.0] for s, _ in waves], dtype=torch.float32)

        def embed_text(self, texts):
            return torch.tensor([[len(text), 1.0, 2.0, 3.0] for text in texts], dtype=torch.float32)

    monkeypatch.setattr(qamro.encoders, "load_encoder", lambda name, **_: Small())
    lines = ["path,prompt", *(f"{folders / 'one' / f'{k}.wav'},{'x' * k or 'y'}" for k in range(4))]
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    out = tmp_path / "score.json"
    result = CliRunner().invoke(app, ["distance", str(tmp_path / "clips.csv"), "--clap-score", "--json", str(out)])
    assert result.exit_code == 0, result.output
    waves = [soundfile.read(folders / "one" / f"{k}.wav", dtype="float32")[0] for k in range(4)]
    audio = Small().embed_audio([(wave, 0) for wave in waves]).double().numpy()
    text = Small().embed_text(["y", "x", "xx", "xxx"]).double().numpy()
    cosine = np.mean([a @ t / np.linalg.norm(a) / np.linalg.norm(t) for a, t in zip(audio, text, strict=True)])
    assert json.loads(out.read_text())["distances"][0]["value"] == pytest.approx(cosine)
