import pytest
import torch

from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.heads.distribution_head import DistributionHead
from qamro.heads.fold_heads import NO_FOLD, FoldHeads, KnownClips


def heads(kind=ScoreHead, folds=3, seeds=2) -> FoldHeads:
    torch.manual_seed(0)
    options = {"scale": (1, 5)} if kind is DistributionHead else {}
    made = [[kind(6, (8, 4), 0.1, **options).eval() for _ in range(seeds)] for _ in range(folds)]
    return FoldHeads(made).eval()


@pytest.mark.parametrize("kind", [ScoreHead, DistributionHead])
def test_a_new_clip_is_predicted_by_all_and_a_known_one_by_its_own_fold(kind):
    made, x = heads(kind), torch.randn(7, 6)
    folds = [NO_FOLD, 0, 1, 2, 2, NO_FOLD, 0]
    with torch.no_grad():
        found = made.unseen(x, folds).tolist()
        for i, fold in enumerate(folds):
            own = made.folds if fold == NO_FOLD else [made.folds[fold]]
            values = [float(head(x[i])) for part in own for head in part]
            assert found[i] == pytest.approx(sum(values) / len(values), abs=1e-5)
        assert made.unseen(x, [NO_FOLD] * 7).tolist() == made(x).tolist()


@pytest.mark.parametrize("kind", [ScoreHead, DistributionHead])
def test_a_folder_keeps_them(kind, tmp_path):
    made, x = heads(kind, folds=12), torch.randn(4, 6)
    known = KnownClips.of_clips(x, [3, 0, 11, 1])
    card = Card("toy", "human", {}, {}, {"MI": "Huber"}, {})
    HeadBundle({"MI": made}, card, known.tensors()).save(tmp_path)
    again = HeadBundle.load(tmp_path)
    with torch.no_grad():
        assert torch.equal(again.heads["MI"](x), made(x))
        assert torch.equal(again.heads["MI"].unseen(x, [11, 3, 0, NO_FOLD]), made.unseen(x, [11, 3, 0, NO_FOLD]))
    assert again.heads["MI"].kind == kind.__name__
    assert KnownClips.from_tensors(again.extra).folds_of(x) == [3, 0, 11, 1]
    assert KnownClips.from_tensors({}) is None


def test_clips_are_known_again_by_their_sound_and_others_are_not():
    torch.manual_seed(1)
    scale = torch.logspace(-3, 3, 64)
    scale[5] = 0
    audio = torch.randn(500, 64) * scale + 10 * scale
    folds = [i % 5 for i in range(500)]
    known = KnownClips.of_clips(audio, folds)
    shuffled = torch.randperm(500)
    noisy = audio[shuffled] * (1 + 1e-4 * torch.randn(500, 64))
    assert known.folds_of(noisy) == [folds[i] for i in shuffled.tolist()]
    others = torch.randn(500, 64) * scale + 10 * scale
    assert set(known.folds_of(others)) == {NO_FOLD}
