"""Heads that were trained with CE-Gauss, BALR or SAMA score clips like any others, with the same parameters."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from qamro.encoders import LogMel
from qamro.heads import Card, HeadBundle
from qamro.predictors.head_predictor import HeadPredictor
from qamro.studies import Study
from qamro.training.embedded_study import EmbeddedStudy, Embeddings
from qamro.training.objective import OBJECTIVES
from qamro.training.splits import folds
from qamro.training.trainer import FitConfig, fit_many, head_maker

QUICK = FitConfig("adamw", lr=1e-2, max_epochs=3, hidden=(8, 4))


def prepared(encoder: LogMel) -> EmbeddedStudy:
    torch.manual_seed(0)
    clips = pd.DataFrame({"clip": [f"c{k}" for k in range(18)], "system": "s", "prompt": [f"p{k}" for k in range(18)]})
    ratings = pd.DataFrame({"clip": clips["clip"], "axis": "TA", "score": torch.rand(18).numpy() * 4 + 1})
    study = Study(clips, ratings, name="made up", kind="simulated")
    audio, text = torch.randn(18, encoder.audio_dim), encoder.embed_text(list(clips["prompt"]))
    embeddings = Embeddings(list(clips["clip"]), audio, text, torch.ones(18, dtype=torch.bool), {})
    return EmbeddedStudy(study, embeddings, folds(study, 3, hold_out="content")[0])


@pytest.fixture
def clips(tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    files = [tmp_path / f"{k}.wav" for k in range(3)]
    for k, file in enumerate(files):
        soundfile.write(file, tone * (k + 1) / 4, 16_000)
    return files


def test_saved_loaded_and_as_large_whatever_the_training_loss(tmp_path, clips):
    encoder = LogMel()
    study = prepared(encoder)
    sizes = {}
    for name in ("ce-gauss", "ce-gauss+balr", "ce-gauss+balr+sama"):
        objective = OBJECTIVES[name]("TA")
        make = head_maker(study, "TA", [objective], QUICK)
        (fit,) = fit_many(study.data("TA"), [objective], [0], QUICK, make_head=make)
        sizes[name] = sum(parameter.numel() for parameter in fit.head.parameters())
    assert len(set(sizes.values())) == 1
    encoded = {"name": encoder.name, "revision": encoder.revision}
    about = {"name": "made up", "clips": 18, "systems": 1}
    card = Card("test", "simulated", encoded, about, {"TA": str(objective)}, {}, half_width={"TA": 0.5})
    HeadBundle({"TA": fit.head}, card).save(tmp_path / "heads")
    predictor = HeadPredictor("test", encoder, tmp_path / "heads")
    assert predictor.provenance["TA"].head == "DistributionHead"
    assert dataclasses.asdict(predictor.card)["objective"]["TA"].endswith("0.3 x SAMA")
    table = predictor.predict(clips, ["calm piano", "", "fast drums"])
    assert table["TA"].isna().tolist() == [False, True, False]
    assert table["TA"].dropna().between(1, 5).all()
