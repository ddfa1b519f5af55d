import json

import pytest
import torch

from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.heads.branch_settings import BranchSettings
from qamro.heads.dual_branch import make_branch
from qamro.heads.frame_bundle import FrameBundle, encoder_key, is_frame_bundle
from qamro.heads.sequences import pad


def bundle():
    torch.manual_seed(3)
    heads = {
        "own.axis": make_branch(BranchSettings(5, width=16, output="coral", pooling="drasp", scale=(0, 100))),
        "TA": make_branch(BranchSettings(5, 7, width=16, layers=1)),
    }
    encoder = {"name": "Toy, frames", "revision": "1", "frames": "toy", "key": "logmel"}
    card = Card("toy", "simulated", encoder, {"name": "x"}, dict.fromkeys(heads, "CE-Gauss"), {"command": "…"})
    return FrameBundle({axis: head.eval() for axis, head in heads.items()}, card, {"probe": torch.ones(3)}, {"a": 1})


def test_what_is_saved_scores_the_same(tmp_path):
    made = bundle()
    read = FrameBundle.load(made.save(tmp_path))
    batch = (*pad([torch.randn(9, 5), torch.randn(4, 5)]), *pad([torch.randn(3, 7), torch.randn(2, 7)]))
    with torch.inference_mode():
        before, after = made.model(*batch), read.model(*batch)
    for axis in ("own.axis", "TA"):
        torch.testing.assert_close(before[axis].score, after[axis].score, rtol=0, atol=0)
        assert read.heads[axis].settings == made.heads[axis].settings
    assert read.card == made.card
    assert read.record == {"a": 1}
    assert read.extra["probe"].tolist() == [1, 1, 1]
    assert (encoder_key(tmp_path), is_frame_bundle(tmp_path)) == ("logmel", True)


def test_other_folders_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-deramos --out"):
        FrameBundle.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="train-deramos --out"):
        encoder_key(tmp_path)
    assert not is_frame_bundle(tmp_path)
    card = Card("toy", "human", {"name": "LogMel", "revision": "1"}, {}, {"MI": "Huber"}, {})
    HeadBundle({"MI": ScoreHead(4)}, card).save(tmp_path)
    assert not is_frame_bundle(tmp_path)
    with pytest.raises(ValueError, match="not a dual-branch model"):
        encoder_key(tmp_path)
    with pytest.raises(ValueError, match="holds no dual-branch model"):
        FrameBundle.load(tmp_path)


def test_damage_is_named(tmp_path):
    bundle().save(tmp_path)
    (tmp_path / "heads.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="or a damaged one"):
        FrameBundle.load(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | {"more": 1}))
    with pytest.raises(ValueError, match="not a card"):
        FrameBundle.load(tmp_path)
