import numpy as np
import pytest
import torch

from qamro.audio import Waveform
from qamro.encoders import Clap
from qamro.predictors.zero_shot import OPPOSED, ZeroShot, alignment, impression


def unit(seed, n, dim=8):
    rows = np.random.default_rng(seed).standard_normal((n, dim))
    return torch.tensor(rows / np.linalg.norm(rows, axis=1, keepdims=True)).float()


def test_alignment_is_the_cosine_from_1_to_5():
    audio = unit(0, 5)
    torch.testing.assert_close(alignment(audio, audio), torch.full((5,), 5.0))
    torch.testing.assert_close(alignment(audio, -audio), torch.full((5,), 1.0))
    text = unit(1, 5)
    expected = [3 + 2 * float(np.dot(a, t)) for a, t in zip(audio.numpy(), text.numpy(), strict=True)]
    np.testing.assert_allclose(alignment(audio, text).numpy(), expected, atol=1e-6)


def test_impression_is_the_mean_of_a_softmax_over_each_pair():
    audio, good, bad, scale = unit(0, 4), unit(1, 3), unit(2, 3), 7.5
    expected = []
    for clip in audio.numpy():
        shares = []
        for one, other in zip(good.numpy(), bad.numpy(), strict=True):
            raised = np.exp(scale * np.array([clip @ one, clip @ other], dtype=np.float64))
            shares.append(raised[0] / raised.sum())
        expected.append(1 + 4 * np.mean(shares))
    np.testing.assert_allclose(impression(audio, good, bad, scale).numpy(), expected, atol=1e-5)
    torch.testing.assert_close(impression(audio, good, good, scale), torch.full((4,), 3.0))


@pytest.fixture(scope="module")
def encoder(small_clap, small_tokenizer):
    return Clap.from_checkpoint(small_clap, tokenizer=small_tokenizer)


def waves(n):
    rng = np.random.default_rng(0)
    return [Waveform(rng.normal(0, 0.1, 48_000).astype(np.float32), 48_000) for _ in range(n)]


def test_scores_follow_the_formulas(encoder):
    predictor, clips = ZeroShot(encoder), waves(3)
    prompts = ["calm piano", "", "fast drums"]
    audio = encoder.embed_audio([(wave.samples, wave.sample_rate) for wave in clips])
    good, bad = (encoder.embed_text([pair[side] for pair in OPPOSED]) for side in (0, 1))
    found = predictor.score(clips, prompts)
    expected = impression(audio, good, bad, encoder.logit_scale).tolist()
    assert [row["MI"].value for row in found] == pytest.approx(expected, abs=1e-5)
    assert "TA" not in found[1], "no prompt, no alignment"
    texts = encoder.embed_text([prompts[0], prompts[2]])
    expected = alignment(audio[[0, 2]], texts).tolist()
    assert [found[0]["TA"].value, found[2]["TA"].value] == pytest.approx(expected, abs=1e-5)
    assert all(np.isnan([row["MI"].low, row["MI"].high]).all() for row in found)


def test_a_score_does_not_depend_on_the_batch(encoder):
    predictor, clips = ZeroShot(encoder), waves(3)
    together = predictor.score(clips, ["calm piano"] * 3)
    alone = predictor.score(clips[1:2], ["calm piano"])
    assert together[1]["MI"].value == pytest.approx(alone[0]["MI"].value, abs=1e-5)
    assert together[1]["TA"].value == pytest.approx(alone[0]["TA"].value, abs=1e-5)
    assert predictor.score([], []) == []


def test_it_is_called_zero_shot_uncalibrated_and_unverified(encoder):
    for origin in ZeroShot(encoder).provenance.values():
        assert origin.kind == "zero-shot"
        assert "uncalibrated" in str(origin)
        assert "unverified checkpoint" in str(origin)


def test_it_needs_a_tokenizer(small_clap):
    with pytest.raises(ValueError, match="no tokenizer"):
        ZeroShot(Clap.from_checkpoint(small_clap))
