import numpy as np
import pytest
import torch

from qamro.domains import EDGE, INSIDE, OUTSIDE, UNKNOWN, in_words, worst
from qamro.heads.domain import FEWEST, Domain, frame_statistics


def clips(count, seed, *, dim=40, shift=0.0, mix=None):
    """Embeddings with few real degrees of freedom, like those of an encoder."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(5, dim)) if mix is None else mix
    rows = rng.normal(size=(count, 5)) @ mix + 0.1 * rng.normal(size=(count, dim)) + shift
    return torch.from_numpy(rows.astype(np.float32))


@pytest.mark.parametrize(("count", "dim"), [(400, 40), (60, 200), (20, 300)])
def test_new_clips_of_the_same_kind_are_not_outside_and_others_are(count, dim):
    found = Domain.fit(clips(count, 0, dim=dim), clips(200, 1, dim=dim), groups=200)
    same, other = found.of(clips(300, 2, dim=dim)), found.of(clips(300, 3, dim=dim, shift=5.0))
    assert same.count(OUTSIDE) <= 45
    assert same.count(INSIDE) > 170
    assert other.count(OUTSIDE) == 300
    turned = found.of(clips(300, 4, dim=dim, mix=np.random.default_rng(7).normal(size=(5, dim))))
    assert turned.count(OUTSIDE) > 285, "as loud in every number, and correlated in another way"


def test_distance_is_mahalanobis_where_there_are_clips_enough():
    training = clips(20_000, 0, dim=6)
    found = Domain.fit(training, training[:50], groups=50)
    x = training[:100].double().numpy()
    inverse = np.linalg.inv(np.cov(training.double().numpy().T, bias=True))
    centred = x - training.double().numpy().mean(0)
    expected = np.sqrt(np.einsum("ni,ij,nj->n", centred, inverse, centred) / 6)
    assert np.corrcoef(found.distance(training[:100]).numpy(), expected)[0, 1] > 0.9
    assert found.distance(training).square().mean() == pytest.approx(1, abs=0.25)


def test_fewer_held_out_groups_move_the_outer_threshold_out():
    few, many = (Domain.fit(clips(100, 0), clips(50, 1), groups=groups).thresholds for groups in (1, 100))
    assert few[0] == many[0]
    assert few[1] > many[1] > many[0]


def test_numbers_that_do_not_vary_and_sounds_that_cannot_be():
    training = clips(50, 0)
    training[:, 3] = 2.0
    found = Domain.fit(training, training[:20], groups=20)
    strange = training[:3].clone()
    strange[0, 3], strange[1] = 1e30, -1e30
    assert torch.isfinite(found.distance(strange)).all()
    assert found.of(strange)[1] == OUTSIDE
    equal = Domain.fit(torch.ones(10, 4), torch.ones(10, 4), groups=10)
    assert equal.of(torch.ones(1, 4)) == [INSIDE]
    assert equal.of(torch.full((1, 4), 5.0)) == [OUTSIDE]


def test_too_few_clips_are_no_domain():
    assert Domain.fit(clips(FEWEST - 1, 0), clips(20, 1), groups=5) is None
    assert Domain.fit(clips(20, 0), clips(FEWEST - 1, 1), groups=5) is None


def test_survives_saving():
    found = Domain.fit(clips(60, 0), clips(30, 1), groups=30)
    again = Domain.from_tensors(found.tensors() | {"probe": torch.ones(3)})
    assert again.of(clips(50, 2, shift=1.0)) == found.of(clips(50, 2, shift=1.0))
    assert Domain.from_tensors({"probe": torch.ones(3)}) is None


def test_frames_do_not_tell_how_long_they_last():
    frames = torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    once, thrice = frame_statistics([frames, frames.repeat(3, 1)])
    torch.testing.assert_close(once, thrice)
    assert frame_statistics([]).shape == (0, 0)


def test_words():
    assert worst([]) == UNKNOWN
    assert worst([UNKNOWN, INSIDE]) == INSIDE
    assert worst([EDGE, OUTSIDE, INSIDE]) == OUTSIDE
    assert in_words([UNKNOWN, "", float("nan")]) == ""
    assert in_words([INSIDE]) == "of 1 clip 1 is like those that the heads were trained on"
    told = in_words([INSIDE, EDGE, OUTSIDE, OUTSIDE, UNKNOWN])
    assert "of 5 clips 1 is like" in told
    assert "2 are unlike them (outside): their scores are guesses" in told
    assert "1 is at their edge" in told
