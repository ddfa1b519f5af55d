import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation import NoCommonAxis, NothingMatched
from qamro.report import Options, compare
from qamro.report.system_figures import OPEN, OTHER, SAME, pair_codes
from qamro.studies import Study

from .data import RATERS, predictor, small_study

QUICK = Options(draws=60)


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture(scope="module")
def two(study):
    return compare(study, {"good": predictor(study, 0.2), "bad": predictor(study, 2.0)}, QUICK)


def test_every_identifier_is_unique_and_figures_can_be_drawn(two):
    sections = list(two.sections())
    assert [section.id for section in sections] == ["overview", "raters", "systems-MI", "versus-MI", "inspect-MI"]
    parts = [part for section in sections for part in section]
    ids = [part.id for part in parts] + [section.id for section in sections]
    assert len(ids) == len(set(ids))
    for section in sections:
        for figure in section.figures:
            assert json.loads(figure.figure.to_json())["data"], figure.id
            assert figure.alt
            assert figure.note
            assert figure.figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        for table in section.tables:
            assert len(table.frame), table.id


def test_metrics_are_those_of_scipy_at_both_levels(study, two):
    table = next(table for table in two.systems("MI").tables if table.id == "systems-MI-metrics-table").frame
    scores = two.predictions["bad"].set_index("clip")["MI"]
    human = study.ratings.groupby("clip")["score"].mean()
    system = study.clips.set_index("clip")["system"]
    both = pd.DataFrame({"x": scores, "y": human}).dropna()
    for level, part in (("utterance", both), ("system", both.groupby(system).mean())):
        rows = table[(table["predictor"] == "bad") & (table["level"] == level)].set_index("metric")["value"]
        assert rows["SRCC"] == pytest.approx(stats.spearmanr(part["x"], part["y"]).statistic)
        assert rows["KTAU"] == pytest.approx(stats.kendalltau(part["x"], part["y"]).statistic)
        assert rows["LCC"] == pytest.approx(stats.pearsonr(part["x"], part["y"]).statistic)
        assert rows["MSE"] == pytest.approx(((part["x"] - part["y"]) ** 2).mean())


def test_intervals_hold_the_value(two):
    table = two.numbers("MI").metrics
    rows = table[table["metric"].isin(["LCC", "SRCC", "KTAU", "ACC"]) & (table["level"] == "utterance")]
    assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()


def test_ranks_and_ties_are_those_of_the_means(study, two):
    table = next(table for table in two.systems("MI").tables if table.id == "systems-MI-ranks-table").frame
    human = table[table["judge"] == "people"].set_index("system")
    means = study.ratings.merge(study.clips, on="clip").groupby("system")["score"].mean()
    np.testing.assert_allclose(human["mean"], means[human.index])
    assert human["rank"].to_dict() == means.rank(ascending=False).to_dict()
    assert (human["rank_low"] <= human["rank"]).all()
    assert (human["rank"] <= human["rank_high"]).all()


def test_claims_are_about_the_better_one_and_say_how_sure(two):
    section = two.versus("MI")
    assert any("good agrees better with people than bad over 30 clips" in line for line in section.sentences)
    (table,) = section.tables
    srcc = table.frame[(table.frame["metric"] == "SRCC") & (table.frame["level"] == "utterance")].iloc[0]
    assert srcc["low"] < srcc["difference"] < srcc["high"]
    assert 0 < srcc["p"] < 0.05
    assert srcc["p_williams"] < 0.05


def test_predictors_are_compared_on_the_clips_that_both_scored(study):
    some = predictor(study, 0.2).iloc[:20]
    found = compare(study, {"all": predictor(study, 0.3), "some": some}, QUICK)
    rows = found.numbers("MI").metrics
    assert set(rows["clips"]) == {20}
    assert (
        "clips left out: 10 that another predictor did not score"
        in rows.loc[rows["predictor"] == "all", "note"].iloc[0]
    )
    assert "10 rated clips without a prediction left out" in found.systems("MI").sentences[0]


def test_a_predictor_that_fails_does_not_lose_the_others(study):
    stranger = pd.DataFrame({"clip": ["x", "y"], "MI": [1.0, 2.0]})
    found = compare(study, {"good": predictor(study, 0.2), "stranger": stranger}, QUICK)
    assert found.predictors == ["good"]
    assert "no prediction belongs to a rated clip" in found.problems["stranger"]
    assert any("stranger could not be used" in line for line in found.overview().sentences)
    assert [section.id for section in found.sections()] == ["overview", "raters", "systems-MI", "inspect-MI"]
    left_out, alone = found.versus("MI").sentences
    assert left_out.startswith("stranger is left out here: no prediction belongs to a rated clip")
    assert "It takes two predictors" in alone
    with pytest.raises(NothingMatched):
        compare(study, {"stranger": stranger}, QUICK)


def test_without_predictors_the_ratings_alone_are_shown(study):
    found = compare(study, {}, QUICK)
    assert found.axes == ["MI"]
    ids = [part.id for section in found.sections() for part in section]
    assert "systems-MI-ranking" in ids
    assert "raters-MI-individuals" in ids
    assert not any("metrics" in key for key in ids)
    with pytest.raises(NoCommonAxis, match="nobody rated 'PQ'"):
        compare(study, {}, Options(axes=["PQ"]))


def test_axes_of_different_names_have_no_distance_and_no_identity_line(study):
    quality = Study(study.clips, study.ratings.assign(axis="quality"), name="own")
    table = predictor(quality, 0.2, axis="quality", column="MI")
    with pytest.raises(NoCommonAxis, match="MI=quality"):
        compare(quality, {"p": table}, QUICK)
    found = compare(quality, {"p": table}, Options(axis_map={"MI": "quality"}, draws=60))
    assert found.axes == ["quality"]
    section = found.systems("quality")
    assert "p: MI stands for quality." in section.sentences
    scatter = next(figure for figure in section.figures if figure.id.endswith("scatter"))
    assert "identity" not in {trace.name for trace in scatter.figure.data}
    assert "no identity line" in scatter.note
    metrics = found.numbers("quality").metrics
    assert metrics.loc[metrics["metric"] == "MSE", "value"].isna().all()


def test_raters_who_are_left_out_are_named_in_every_title_and_figure(study):
    found = compare(study, {"good": predictor(study, 0.2)}, Options(draws=60, left_out=("r0", "r3")))
    note = "without raters r0, r3"
    assert set(found.study.ratings["rater"]) == set(RATERS) - {"r0", "r3"}
    for section in found.sections():
        assert section.title.endswith(note)
        for part in section:
            assert part.title.endswith(note), part.id
        for figure in section.figures:
            assert figure.figure.layout.title.text == note, figure.id
    view = found.clip("sys0/c0.wav")
    assert all(figure.title.endswith(note) for figure in view.figures)
    assert view.scores["ratings"].iloc[0] == 6
    with pytest.raises(ValueError, match="no rater 'nobody'"):
        compare(study, {}, Options(left_out=("nobody",)))
    with pytest.raises(ValueError, match="no rating of 'small' is left"):
        compare(study, {}, Options(left_out=tuple(RATERS)))


def test_one_clip_with_all_that_is_known_of_it(study, two):
    view = two.clip("sys3/c2.wav")
    given = study.ratings.loc[study.ratings["clip"] == "sys3/c2.wav", "score"]
    assert (view.system, view.prompt, view.about) == ("sys3", "p2", {"source": "c2"})
    scores = view.scores.set_index("judge")
    assert scores.loc["people", "score"] == pytest.approx(given.mean())
    assert scores.loc["people", "low"] == pytest.approx(given.mean() - 2 * given.sem())
    table = two.predictions["good"].set_index("clip")
    assert scores.loc["good", "score"] == table.loc["sys3/c2.wav", "MI"]
    assert scores.loc["good", "source"] == "human: made for a test, noise 0.2"
    (figure,) = view.figures
    assert figure.figure.data[0].y.sum() == len(given)
    assert "good" in figure.figure.data[2].name
    with pytest.raises(KeyError, match="no clip 'none'"):
        two.clip("none")


def test_points_of_the_clip_figure_say_which_clip_they_are(two):
    figure = two.inspect("MI").figures[0].figure
    points = next(trace for trace in figure.data if trace.name == "bad")
    row = two.numbers("MI").tables["bad"]
    for at in (0, 7):
        clip, system = points.customdata[at]
        assert (row.loc[clip, "human"], row.loc[clip, "predicted"]) == (points.x[at], points.y[at])
        assert system == clip.split("/")[0]


def test_lists_of_what_to_look_at(two):
    tables = {table.id: table.frame for table in two.inspect("MI").tables}
    far = tables["inspect-MI-disagreements"]
    assert set(far["predictor"]) == {"good", "bad"}
    assert far.groupby("predictor")["disagreement"].apply(lambda d: d.abs().is_monotonic_decreasing).all()
    inverted = tables["inspect-MI-inversions"]
    assert (inverted["rated_gap"] > 0).all()
    assert (inverted["predicted_gap"] < 0).all()
    assert tables["inspect-MI-divided"]["sd"].is_monotonic_decreasing


def test_degenerate_input_is_said_not_faked():
    clips = pd.DataFrame({"clip": ["a", "b", "c"]})
    ratings = pd.DataFrame({"clip": ["a", "b", "c"], "axis": "MI", "score": [3.0, 3.0, 3.0]})
    found = compare(Study(clips, ratings), {"flat": pd.DataFrame({"clip": ["a", "b", "c"], "MI": 2.0})}, QUICK)
    text = " ".join(line for section in found.sections() for line in section.sentences)
    assert "Fewer than two systems" in text
    assert "constant predictions and rated scores" in text
    assert "anonymous" in text
    with pytest.raises(KeyError, match="the axes are MI"):
        found.systems("PQ")


def test_means_of_ratings_have_no_raters():
    study = small_study()
    means = study.ratings.groupby(["clip", "axis"], as_index=False)["score"].mean().assign(mean_of=8)
    found = compare(Study(study.clips, means), {"p": predictor(study, 0.3)}, QUICK)
    assert "publishes means of several ratings" in found.raters().sentences[0]
    assert not found.numbers("MI").draws_raters
    assert np.isnan(found.numbers("MI").ceilings["system"].value)
    assert found.clip("sys0/c0.wav").figures == []


@pytest.mark.parametrize(("wrong", "message"), [({"draws": -1}, "zero or more"), ({"level": 95}, "share between")])
def test_options_that_mean_nothing(wrong, message):
    with pytest.raises(ValueError, match=message):
        Options(**wrong)


def test_predictors_without_a_clip_in_common_or_without_a_score(study):
    whole = predictor(study, 0.2)
    found = compare(study, {"a": whole[:15], "b": whole[15:], "c": whole.assign(MI=np.nan), "d": whole[10:20]}, QUICK)
    assert found.numbers("MI").predictors == ["a", "d"]
    assert found.problems == {
        "b": "MI: it shares no clip with a; have the same clips scored by both",
        "c": "MI: it scored no clip that is rated on this axis; score those clips",
    }
    assert "MI: 5 clips" in found.systems("MI").sentences[0]
    nobody = compare(study, {"c": whole.assign(MI=np.nan)}, QUICK)
    assert nobody.problems
    assert [figure.id for figure in nobody.systems("MI").figures] == [
        "systems-MI-ranking", "systems-MI-pairs", "systems-MI-critical",
    ]  # fmt: skip


def test_simulated_listeners_are_never_called_people(study):
    made_up = Study(study.clips, study.ratings, name="made up", kind="simulated")
    found = compare(made_up, {"good": predictor(study, 0.2), "bad": predictor(study, 2.0)}, QUICK)
    parts = [part for section in found.sections() for part in section]
    text = [line for section in found.sections() for line in section.sentences]
    text += [words for part in parts for words in (part.title, part.note, getattr(part, "alt", ""))]
    for words in text:
        assert "people" not in words, words
    assert any("simulated listeners" in words for words in text)


def test_cells_of_the_pairs_figure_against_a_loop(two):
    numbers = two.numbers("MI")
    people, bad = numbers.people, numbers.predicted["bad"]
    codes = pair_codes(people, bad)
    means = {name: (people.means[k], bad.means[k]) for k, name in enumerate(people.systems)}
    place = {name: k for k, name in enumerate(people.systems)}
    for i, one in enumerate(people.order):
        for j, other in enumerate(people.order):
            if i == j:
                assert np.isnan(codes[i, j])
                continue
            better, guessed = (means[one][side] > means[other][side] for side in (0, 1))
            expected = SAME if better == guessed else OTHER
            assert codes[i, j] == (expected if people.differ[place[one], place[other]] else OPEN)
    assert set(pair_codes(people, None)[~np.isnan(codes)]) <= {SAME, OPEN}
