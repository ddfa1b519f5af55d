"""Calibration: the map against loops and polyfit, intervals by simulation, and what is kept as a predictor."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pandas as pd
import pytest

from qamro.corpora.folder import predictor_fingerprint
from qamro.domains import INSIDE, OUTSIDE
from qamro.predictors import catalogue, load
from qamro.predictors.base import Predictor, Score
from qamro.predictors.calibrated import Calibrated
from qamro.predictors.provenance import Provenance, calibrations, trained_on
from qamro.predictors.saved import NotHeadsError, find, pack, save_folder, save_heads, unpack
from qamro.predictors.saved_card import DamagedHeadsError
from qamro.studies import Study
from qamro.studies.importers.predictions import read_predictions
from qamro.training.calibrate import ISOTONIC_FROM, calibrate, fit_map, from_scores, out_of_fold
from qamro.training.cards import half_width
from qamro.ui.choices import badges, kinds
from tests.audio_files import tone, write_wav


def pooled(x, y):
    """Isotonic least squares by the definition: means of adjacent clips are pooled until none falls."""
    rows = [[v, [y[i] for i in range(len(x)) if x[i] == v]] for v in sorted(set(x))]
    blocks = [([v] * len(own), own) for v, own in rows]
    k = 0
    while k < len(blocks) - 1:
        if np.mean(blocks[k][1]) >= np.mean(blocks[k + 1][1]):
            blocks[k : k + 2] = [tuple(one + two for one, two in zip(*blocks[k : k + 2], strict=True))]
            k = max(k - 1, 0)
        else:
            k += 1
    return [np.mean(xs) for xs, _ in blocks], [np.mean(ys) for _, ys in blocks]


@pytest.mark.parametrize("seed", range(5))
def test_many_clips_get_the_centred_isotonic_curve(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=ISOTONIC_FROM + 20).round(seed % 3)
    y = np.tanh(x) + rng.normal(scale=0.5, size=x.size)
    found, (centres, levels) = fit_map(x, y), pooled(x.tolist(), y.tolist())
    assert found(np.array(centres)) == pytest.approx(levels)
    assert set(np.round(found.x, 9)) == set(np.round([x.min(), *centres, x.max()], 9))
    assert (np.diff(found(np.linspace(-4, 4, 500))) >= -1e-12).all()
    if len(found.x) != 2:
        assert found(np.array([-99.0, 99.0])) == pytest.approx([levels[0], levels[-1]])


def test_few_clips_get_a_straight_line_and_what_falls_a_constant():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30), rng.normal(size=30)
    y += 2 * x
    ends = np.array([-3.0, 0.3, 7.0])
    assert fit_map(x, y)(ends) == pytest.approx(np.polyval(np.polyfit(x, y, 1), ends))
    for scores, ratings in ((x, -y), (np.full(30, 2.0), y), (x, np.full(30, 3.0)), (np.tile(x, 5), np.tile(-y, 5))):
        assert fit_map(scores, ratings)(ends) == pytest.approx([ratings.mean()] * 3)
    with pytest.raises(ValueError, match="two equal vectors"):
        fit_map(x, y[1:])


def test_out_of_fold_means_without_ones_own_group():
    rng = np.random.default_rng(1)
    x, groups = rng.normal(size=40), np.repeat([f"g{k}" for k in range(8)], 5)
    found = out_of_fold(x, x + rng.normal(size=40), groups)
    y = x + np.random.default_rng(2).normal(size=40)
    before = out_of_fold(x, y, groups)
    y[groups == "g3"] += 100
    assert out_of_fold(x, y, groups)[groups == "g3"] == pytest.approx(before[groups == "g3"])
    assert np.isfinite(found).all()
    assert np.isnan(out_of_fold(x, y, np.full(40, "one"))).all()


class Told(Predictor):
    """Says of the k-th sample of a clip that it is the score, and where the clip lies."""

    name, sample_rate, axes = "told", None, ("MI",)

    def __init__(self, kind="human"):
        self.provenance = {"MI": Provenance(kind, "Ear r1", "none", "a study, 9 clips of 3 systems")}

    def score(self, waveforms, prompts):
        return [
            {"MI": Score(float(w.samples[0]) * 10, domain=OUTSIDE if w.samples[1] > 0.5 else INSIDE)} for w in waveforms
        ]


def simulated(rng, groups, each=4, name="mine", slope=0.6):
    """Ratings 1 + slope * score, with an error that the clips of a group share, and the scores."""
    content = np.repeat(np.arange(groups), each)
    scores = rng.normal(5, 2, size=content.size)
    y = 1 + slope * scores + rng.normal(scale=0.4, size=groups)[content] + rng.normal(scale=0.3, size=content.size)
    names = [f"c{k}" for k in range(content.size)]
    clips = pd.DataFrame({"clip": names, "path": "", "system": "s", "prompt": "", "source": content.astype(str)})
    ratings = pd.DataFrame({"clip": names, "rater": "r", "axis": "quality", "score": y})
    table = pd.DataFrame({"clip": names, "MI": scores, "domain": INSIDE})
    return Study(clips, ratings, name=name), table, y


@pytest.mark.parametrize("groups", [12, 25])
def test_intervals_hold_for_clips_of_a_new_group(groups):
    rng, held = np.random.default_rng(0), []
    for _ in range(60):
        study, table, y = simulated(rng, groups)
        x, source = table["MI"].to_numpy(), study.clips["source"].to_numpy(str)
        half = half_width(y, out_of_fold(x, y, source), source.tolist(), 0.9)
        _, new, truth = simulated(rng, 60, 1)
        held.append(np.mean(np.abs(fit_map(x, y)(new["MI"].to_numpy()) - truth) <= half))
    assert 0.87 <= np.mean(held) <= 0.97
    card = from_scores(Told(), study, table, {"quality": "MI"}, key="told").card
    assert card.half_width["quality"] == pytest.approx(half, abs=1e-4)
    assert card.interval == f"90 % cross-conformal interval from {4 * groups} clips by groups, of {groups} sources"
    assert card.training["mean error"]["quality"] < half


def test_too_few_groups_have_no_interval_and_the_card_says_so():
    study, table, _ = simulated(np.random.default_rng(0), 8)
    card = from_scores(Told(), study, table, {"quality": "MI"}, key="told").card
    assert math.isinf(card.half_width["quality"])
    assert card.interval.startswith("no interval: 90 % needs 9 sources")
    table["domain"] = OUTSIDE
    assert "there are 0" in from_scores(Told(), study, table, {"quality": "MI"}, key="told").card.interval


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """A study of twenty clips whose first sample is a tenth of what ``told`` says."""
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "heads"))
    rows, rng = [], np.random.default_rng(0)
    for k in range(20):
        sound = tone(0.3) * 0.1
        sound[0], sound[1] = 0.02 * k, 0.9 if k == 19 else 0.0
        write_wav(tmp_path / f"c{k}.wav", sound)
        rows.append({"clip": f"c{k}", "path": f"c{k}.wav", "system": f"s{k % 4}", "prompt": ""})
    scores = [
        {"clip": f"c{k}", "rater": r, "axis": "quality", "score": 10 + 3 * k + rng.normal()}
        for k in range(20)
        for r in "ab"
    ]
    return Study(pd.DataFrame(rows), pd.DataFrame(scores), name="my study", root=tmp_path)


def test_a_calibrated_predictor_says_what_it_is(heard, tmp_path):
    few = heard.of_clips(list(heard.clips["clip"])[:9])
    bundle = calibrate(Told("zero-shot"), heard, axis_map={"MI": "quality"})
    made = Calibrated("mine", Told("zero-shot"), bundle.maps, bundle.card)
    table = made.predict([heard.audio_path(clip) for clip in heard.clips["clip"]])
    means = heard.clip_means().set_index("clip")["mean"]
    assert np.corrcoef(table["quality"], means)[0, 1] > 0.999
    assert np.abs(table["quality"] - means.to_numpy()).mean() < 1.5
    inside = table["domain"] == INSIDE
    assert table.loc[inside, "quality_low"].notna().all()
    assert table.loc[~inside, "quality_low"].isna().all(), "no interval outside"
    table.to_csv(tmp_path / "scores.csv", index=False)
    for scores in (table, read_predictions(tmp_path / "scores.csv")):
        assert trained_on(scores, heard) == ["quality"]
        assert trained_on(scores, heard.replace(name="another")) == ["quality"], "by its hash"
        assert trained_on(scores, few.replace(name="my study")) == ["quality"], "by its name"
        assert trained_on(scores, few.replace(name="my")) == []
        assert trained_on(scores, few.replace(name="")) == []
        assert calibrations(scores) == ["my study"]
    unsaid = table.drop(columns=[name for name in table if str(name).startswith("calibr")])
    assert (trained_on(unsaid, heard), calibrations(unsaid)) == ([], []), "the sentence is not taken apart"
    assert calibrations(Told().predict([heard.audio_path("c0")])) == []
    source = str(table["source_quality"][0])
    assert source.startswith("human: Ear r1")
    assert "; calibrated on 40 ratings of my study" in source
    assert ">calibrated on 40 ratings of my study</span>" in badges(kinds(made))
    assert Calibrated("m", Told("simulated"), bundle.maps, bundle.card).provenance["quality"].kind == "simulated"
    other = calibrate(
        Told("zero-shot"), heard.replace(ratings=heard.ratings.assign(score=1)), axis_map={"MI": "quality"}
    )
    prints = [predictor_fingerprint(Calibrated("m", Told(), one.maps, bundle.card)) for one in (bundle, bundle, other)]
    assert prints[0] == prints[1] != prints[2], "a corpus of scores keeps maps apart"
    with pytest.raises(ValueError, match="calibrated already"):
        calibrate(made, heard)
    for wrong, said in (
        ({}, "--axis-map MI=quality"),
        ({"TA": "quality"}, "no axis 'TA'"),
        ({"MI": "PQ"}, "nobody rated"),
    ):
        with pytest.raises(ValueError, match=said):
            calibrate(Told(), heard, axis_map=wrong)
    with pytest.raises(ValueError, match="scored 9 clips that are rated on quality; a calibration needs 10"):
        calibrate(Told(), few, axis_map={"MI": "quality"})


def test_it_is_kept_found_and_goes_with_its_base(heard, tmp_path):
    from qamro.paths import bundled_weights

    base = save_folder(bundled_weights() / "offline", "base")
    predictor = load(base.key)
    kept = save_heads(calibrate(predictor, heard, axis_map={"MI": "quality"}, key=base.key), "tuned")
    assert kept.about.startswith("saved:base calibrated on 40 ratings of my study: my study, 20 clips")
    entry = next(each for each in catalogue() if each.name == "saved:tuned")
    assert (entry.state, entry.axes, entry.bytes) == ("ready", ("quality",), 0)
    clips = [heard.audio_path(clip) for clip in heard.clips["clip"][:3]]
    first = load("saved:tuned").predict(clips)
    plain = predictor.predict(clips)
    assert first["quality"].tolist() == pytest.approx(
        load("saved:tuned")._maps["quality"](plain["MI"].to_numpy()).clip(*kept.card["rated"]["quality"])
    )
    assert first["domain"].tolist() == plain["domain"].tolist()
    with pytest.raises(NotHeadsError, match="nothing without its predictor"):
        unpack(pack(kept.folder, tmp_path / "tuned.zip"))
    other = tmp_path / "other"
    shutil.copytree(base.folder, other)
    (other / "heads.safetensors").write_bytes(
        (bundled_weights() / "offline" / "heads.safetensors").read_bytes()[:-4] + b"0000"
    )
    save_folder(other, "base", overwrite=True)
    with pytest.raises(DamagedHeadsError, match="saved:base was replaced since it was calibrated"):
        load("saved:tuned")
    shutil.rmtree(find("saved:base").folder)
    assert next(each for each in catalogue() if each.name == "saved:tuned").state == "damaged"
    with pytest.raises(DamagedHeadsError, match="maps the scores of saved:base, which is not there any more"):
        load("saved:tuned")
