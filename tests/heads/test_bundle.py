import json
import os

import pytest
import torch

from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.heads.bundle import FrameBundle, encoder_key, is_frame_bundle
from qamro.heads.dual_branch import BranchSettings, make_branch
from qamro.heads.pooling import pad


def bundle() -> HeadBundle:
    torch.manual_seed(0)
    card = Card(
        name="test",
        kind="simulated",
        encoder={"name": "LogMel", "revision": "1"},
        study={"name": "s", "clips": 3, "systems": 2},
        objective={"MI": "Huber", "TA": "Huber"},
        training={"seeds": [0]},
        metrics=[
            {
                "axis": "MI",
                "level": "system",
                "metric": "SRCC",
                "value": 0.5,
                "low": None,
                "high": 0.9,
                "clips": 3,
                "systems": 2,
                "note": "2 systems: a hint",
            }
        ],
        half_width={"MI": 0.4},
        interval="90 % split-conformal interval",
    )
    return HeadBundle({"MI": ScoreHead(4), "TA": ScoreHead(6)}, card, {"probe": torch.arange(3.0)})


def test_saves_and_loads(tmp_path):
    made = bundle()
    made.save(tmp_path / "heads")
    read = HeadBundle.load(tmp_path / "heads", "LogMel", "1")
    assert read.card == made.card
    assert read.extra["probe"].tolist() == [0, 1, 2]
    x = torch.randn(2, 6)
    torch.testing.assert_close(read.heads["TA"](x), made.heads["TA"].eval()(x))


def test_the_readable_card_says_simulated_and_the_numbers(tmp_path):
    page = (bundle().save(tmp_path) / "README.md").read_text()
    assert "simulated listeners" in page
    assert "| MI | system | SRCC | 0.500 | – to 0.900 | 3 | 2 | 2 systems: a hint |" in page
    assert "MI: ± 0.40" in page


def test_another_encoder_is_refused(tmp_path):
    bundle().save(tmp_path)
    with pytest.raises(ValueError, match="trained on encoder revision '1', not '2'"):
        HeadBundle.load(tmp_path, "LogMel", "2")
    with pytest.raises(ValueError, match="encoder name"):
        HeadBundle.load(tmp_path, "CLAP")


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="heads.safetensors"):
        HeadBundle.load(tmp_path)
    bundle().save(tmp_path)
    (tmp_path / "card.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(ValueError, match="not a card"):
        HeadBundle.load(tmp_path)


def test_a_damaged_record_or_file_of_weights_is_named(tmp_path):
    bundle().save(tmp_path)
    (tmp_path / "run.json").write_text('{"cut')
    with pytest.raises(ValueError, match=r"run\.json is damaged .*delete it"):
        HeadBundle.load(tmp_path)
    (tmp_path / "run.json").unlink()
    (tmp_path / "heads.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"heads\.safetensors is damaged or holds no heads"):
        HeadBundle.load(tmp_path)


def test_others_may_read_the_weights_as_far_as_the_umask_lets_them(tmp_path):
    before = os.umask(0o022)
    try:
        bundle().save(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "heads.safetensors").stat().st_mode & 0o777 == 0o644
    assert not list(tmp_path.glob("*.part"))


def test_a_width_that_could_not_be_calibrated_is_null_in_the_file(tmp_path):
    made = bundle()
    made.card.half_width = {"MI": float("inf"), "TA": 0.5}
    made.card.metrics[0]["value"] = float("nan")
    made.save(tmp_path)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    card = json.loads((tmp_path / "card.json").read_text(), parse_constant=refuse)
    assert card["half_width"] == {"MI": None, "TA": 0.5}
    assert card["metrics"][0]["value"] is None
    assert HeadBundle.load(tmp_path).card.half_width == made.card.half_width
    page = (tmp_path / "README.md").read_text()
    assert "- MI: no interval\n- TA: ± 0.50\n" in page


def branch_bundle():
    torch.manual_seed(3)
    heads = {
        "own.axis": make_branch(BranchSettings(5, width=16, output="coral", pooling="drasp", scale=(0, 100))),
        "TA": make_branch(BranchSettings(5, 7, width=16, layers=1)),
    }
    encoder = {"name": "Toy, frames", "revision": "1", "frames": "toy", "key": "logmel"}
    card = Card("toy", "simulated", encoder, {"name": "x"}, dict.fromkeys(heads, "CE-Gauss"), {"command": "…"})
    return FrameBundle({axis: head.eval() for axis, head in heads.items()}, card, {"probe": torch.ones(3)}, {"a": 1})


def test_what_is_saved_scores_the_same(tmp_path):
    made = branch_bundle()
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
    branch_bundle().save(tmp_path)
    (tmp_path / "heads.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="or a damaged one"):
        FrameBundle.load(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | {"more": 1}))
    with pytest.raises(ValueError, match="not a card"):
        FrameBundle.load(tmp_path)
