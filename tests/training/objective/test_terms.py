"""The new terms by explicit loops: many models, groups, scales, standardised scores, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from qamro.training.objective import OBJECTIVES, Objective, paper_objective, stacked_loss
from tests.losses import family_oracle as oracle

SCALE = (1.0, 5.0)
GROUPS = [None, torch.tensor([0, 0, 1, 1, 1, 0, 2])]


def batch(models: int, seed: int = 0):
    torch.manual_seed(seed)
    y = (torch.rand(7) * 20).round() / 5 + 1
    logits = torch.randn(models, 7, 20, dtype=torch.float64).requires_grad_()
    similarity = (torch.rand(models, 7, dtype=torch.float64) * 2 - 1).requires_grad_()
    predictions = (3 + torch.randn(models, 7, dtype=torch.float64)).requires_grad_()
    return predictions, y.double(), logits, similarity


def huber(p, y):
    errors = [abs(float(b)) for b in (p - y).detach()]
    parts = [0.5 * (a - b) ** 2 if e <= 1 else (a - b).abs() - 0.5 for a, b, e in zip(p, y, errors, strict=True)]
    return sum(parts) / len(parts)


def loop(objective, p, y, logits, similarity, groups, scale=SCALE, standard=(0.0, 1.0)):
    """The objective of one model, term by term."""
    mean, deviation = standard if objective.standardise else (0.0, 1.0)
    seen, wanted = (p - mean) / deviation, (y - mean) / deviation
    total = torch.zeros(()).double()
    if objective.regression == "huber":
        total = total + objective.regression_weight * huber(seen, wanted)
    if objective.regression == "ce-gauss":
        sigma = objective.sigma * (scale[1] - scale[0])
        clips = oracle.gaussian_cross_entropy(logits, y, scale, sigma)
        total = total + objective.regression_weight * oracle.mean_over_groups(clips, groups)
    lists = {"balr": oracle.balr, "listmle": oracle.listmle, "soft-spearman": oracle.soft_spearman}
    if objective.ranking in lists:
        of_list = lists[objective.ranking]
        ranked = oracle.mean_over_lists(lambda a, b: of_list(a, b, objective.temperature), seen, wanted, groups)
        total = total + objective.ranking_weight * ranked
    if objective.alignment_weight:
        clips = [
            ((c + 1) / 2 - min(max((float(t) - scale[0]) / (scale[1] - scale[0]), 0.0), 1.0)) ** 2
            for c, t in zip(similarity, y, strict=True)
        ]
        total = total + objective.alignment_weight * oracle.mean_over_groups(clips, groups)
    return total


MANY = [
    Objective("huber", "none"),
    Objective("huber", "balr", ranking_weight=0.2),
    Objective("none", "balr", temperature=0.5),
    Objective("huber", "listmle", temperature=2, standardise=True),
    Objective("huber", "soft-spearman", temperature=3),
    Objective("none", "soft-spearman", temperature=0.7, ranking_weight=2),
    Objective("ce-gauss", "none"),
    Objective("ce-gauss", "balr", ranking_weight=0.2, alignment_weight=0.3),
    Objective("ce-gauss", "listmle", regression_weight=0.5, sigma=0.2, standardise=True),
    Objective("huber", "none", alignment_weight=0.3),
    Objective("ce-gauss", "soft-spearman", alignment_weight=2.0, standardise=True),
]


@pytest.mark.parametrize("groups", GROUPS)
def test_many_models_each_as_the_loop_says(groups):
    predictions, y, logits, similarity = batch(len(MANY))
    standard = (2.7, 0.8)
    given = {"logits": logits, "similarity": similarity, "scale": SCALE, "standard": standard}
    ours = stacked_loss(MANY, predictions, y, groups, **given)
    slow = torch.stack(
        [
            loop(objective, *of_model, groups, standard=standard)
            for objective, *of_model in zip(MANY, predictions, [y] * len(MANY), logits, similarity, strict=True)
        ]
    )
    torch.testing.assert_close(ours, slow, atol=1e-9, rtol=1e-9)
    leaves = (predictions, logits, similarity)
    for found, wanted in zip(
        torch.autograd.grad(ours.sum(), leaves), torch.autograd.grad(slow.sum(), leaves), strict=True
    ):
        torch.testing.assert_close(found, wanted, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("scale", [(0.0, 100.0), (0.0, 5.0)])
def test_the_scale_of_the_head_overrules_and_its_absence_falls_back(scale):
    predictions, y, logits, similarity = batch(1, seed=1)
    y = (y - 1) / 4 * (scale[1] - scale[0]) + scale[0]
    objective = Objective("ce-gauss", "none", alignment_weight=0.5, scale=(1, 5))
    named = replace(objective, scale=scale)
    expected = loop(objective, predictions[0], y, logits[0], similarity[0], None, scale=scale)
    given = {"logits": logits[0], "similarity": similarity[0]}
    torch.testing.assert_close(objective(predictions[0], y, scale=scale, **given), expected)
    torch.testing.assert_close(named(predictions[0], y, **given), expected)


def test_what_is_standardised_follows_the_objective():
    p, y, *_ = batch(2)
    mean, deviation = 40.0, 12.0
    raw, own = y * deviation + mean, p * deviation + mean
    alike = [Objective("huber", "qamro", standardise=True), Objective("huber", "balr", standardise=True)]
    found = stacked_loss(alike, own, raw, standard=(mean, deviation))
    torch.testing.assert_close(found, stacked_loss(alike, p, y))
    plain = [replace(objective, standardise=False) for objective in alike]
    torch.testing.assert_close(stacked_loss(plain, own, raw, standard=(mean, deviation)), stacked_loss(plain, own, raw))


def test_what_is_missing_is_named():
    predictions, y, logits, similarity = batch(1)
    p, distribution, aligned = predictions[0], Objective("ce-gauss", "none"), Objective(alignment_weight=0.3)
    assert distribution.needs_logits
    assert not distribution.needs_similarity
    assert aligned.needs_similarity
    assert not aligned.needs_logits
    with pytest.raises(ValueError, match="CE-Gauss needs a head that answers with logits"):
        distribution(p, y, scale=SCALE)
    with pytest.raises(ValueError, match=r"needs the ends of the rating scale"):
        distribution(p, y, logits=logits[0])
    with pytest.raises(ValueError, match="SAMA needs prompts"):
        aligned(p, y, scale=SCALE)
    with pytest.raises(ValueError, match=r"needs the ends of the rating scale"):
        aligned(p, y, similarity=similarity[0])


def test_the_named_objectives_are_the_papers_totals():
    totals = {name: {axis: str(make(axis)) for axis in ("MI", "TA")} for name, make in OBJECTIVES.items()}
    assert totals["ce-gauss+balr+sama"]["TA"] == "CE-Gauss + 0.2 x BALR (temperature 1) + 0.3 x SAMA"
    assert totals["ce-gauss+balr+sama"]["MI"] == "CE-Gauss + 0.2 x BALR (temperature 1)"
    assert totals["qamro+sama"]["TA"] == "Huber + QAMRO (alpha 0.2, beta 7) + 0.3 x SAMA"
    assert totals["balr"]["MI"] == "Huber + 0.2 x BALR (temperature 1)"
    assert totals["soft-spearman"]["MI"] == "Huber + soft Spearman (temperature 1)"
    assert totals["mr"]["MI"] == "Huber + margin ranking (margin 0.1)"
    assert OBJECTIVES["qamro"]("PQ") == paper_objective("PQ")
    assert str(OBJECTIVES["ce-gauss"]("quality")) == "CE-Gauss"
    assert str(Objective("ce-gauss", "none", sigma=0.1)) == "CE-Gauss (sigma 0.1 of the scale)"


def test_the_page_of_the_losses_lists_the_named_objectives():
    page = (Path(__file__).parents[3] / "docs" / "losses.md").read_text("utf-8")
    for name, make in OBJECTIVES.items():
        of_ta, of_mi = str(make("TA")), str(make("MI"))
        assert f"| `{name}` | {of_ta} | {'' if of_ta == of_mi else of_mi} |" in page
