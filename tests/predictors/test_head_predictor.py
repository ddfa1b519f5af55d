"""What a head's answer becomes: held to scale or ratings, with an interval only where one means something."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile
import torch

from qamro.encoders import LogMel
from qamro.heads import Card, HeadBundle, ScoreHead
from qamro.heads.domain import Domain
from qamro.predictors.head_predictor import HeadPredictor, scored

RATE = 32_000


def card(width: float = 0.5, axis: str = "MI", rated: list[float] | None = None) -> Card:
    return Card(
        name="made up",
        kind="human",
        encoder={"name": "LogMel", "revision": LogMel.revision},
        study={"name": "hums", "clips": 40, "systems": 8},
        objective={axis: "Huber"},
        training={},
        half_width={axis: width},
        interval="90 % conformal interval from 40 held-out clips",
        held_out="other clips of the same 8 systems",
        rated={axis: rated} if rated else {},
    )


@pytest.mark.parametrize(
    ("axis", "value", "width", "expected"),
    [
        ("MI", 3.0, 0.5, (3.0, 2.5, 3.5)),
        ("MI", 5.4, 0.5, (5.0, 4.5, 5.0)),
        ("MI", 3.0, math.inf, (3.0, math.nan, math.nan)),
        ("beauty", 63.0, 8.0, (63.0, 55.0, 71.0)),
        ("beauty", 97.0, 8.0, (97.0, 89.0, 100.0)),
        ("beauty", -20.0, 8.0, (0.0, 0.0, 8.0)),
        ("beauty", 63.0, math.inf, (63.0, math.nan, math.nan)),
        ("beauty", 63.0, math.nan, (63.0, math.nan, math.nan)),
    ],
)
def test_scores_and_intervals_stay_on_the_scale_or_among_the_ratings(axis, value, width, expected):
    score = scored(card(width, axis, [0.0, 100.0]), axis, value)
    assert (score.value, score.low, score.high) == pytest.approx(expected, nan_ok=True)


def test_a_card_of_an_earlier_version_holds_nothing_to_ratings():
    assert scored(card(8.0, "beauty"), "beauty", 130.0).value == 130


def test_outside_the_domain_there_is_no_interval():
    assert scored(card(), "MI", 3.0, "edge").low == 2.5
    outside = scored(card(), "MI", 3.0, "outside")
    assert (outside.value, outside.domain) == (3.0, "outside")
    assert math.isnan(outside.low)
    assert math.isnan(outside.high)


def hum(folder, seed, *, kind="hum"):
    rng = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    samples = sum(np.sin(2 * np.pi * rng.uniform(100, 400) * k * time) / k for k in (1, 2, 3))
    samples = rng.normal(size=RATE) * (rng.random(RATE) < 0.01) if kind == "crackle" else samples
    path = folder / f"{kind}{seed}.wav"
    soundfile.write(path, 0.1 * samples, RATE, subtype="FLOAT")
    return path


@pytest.mark.parametrize("known", [True, False])
def test_the_score_table_tells_clips_of_another_kind(tmp_path, known):
    encoder = LogMel()
    sounds = [soundfile.read(hum(tmp_path, seed), dtype="float32")[0] for seed in range(60)]
    rows = encoder.embed_audio([(samples, RATE) for samples in sounds])
    domain = Domain.fit(rows[:40], rows[40:], groups=20)
    torch.manual_seed(0)
    bundle = HeadBundle({"MI": ScoreHead(encoder.audio_dim)}, card(), domain.tensors() if known else {})
    predictor = HeadPredictor("mine", encoder, bundle.save(tmp_path / "heads"))
    (tmp_path / "bad.wav").write_text("no sound")
    clips = [*(hum(tmp_path, seed) for seed in range(100, 120)), hum(tmp_path, 1, kind="crackle"), tmp_path / "bad.wav"]
    table = predictor.predict(clips)
    assert list(table.columns) == predictor.columns
    assert table["domain"][21] == ""
    assert table["source_MI"].str.contains("tested on other clips of the same 8 systems")[:21].all()
    if not known:  # heads of an earlier version
        assert set(table["domain"][:21]) == {"unknown"}
        assert table["MI_low"][:21].notna().all()
        return
    assert table["domain"][20] == "outside"
    assert np.isnan(table["MI_low"][20])
    assert table["MI"][20] > 0
    assert (table["domain"][:20] == "outside").mean() <= 0.3, "about a tenth, of 20 clips"
    assert table["MI_low"][table["domain"].isin(["inside", "edge"])].notna().all()
