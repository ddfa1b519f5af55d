"""The first three lines: held against tables that other functions make, over random, tied and few data."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import tell_apart
from qamro.evaluation.raters import panel
from qamro.report import Options, compare
from qamro.report.findings import NEXT, PREDICTORS, SYSTEMS, findings, leaders, which_differ
from qamro.report.systems import told_apart
from qamro.studies import Study
from qamro.studies.importers import read_ratings

from .data import predictor, small_study
from .test_terms import sentences, words

QUICK = Options(draws=100)


def of_means(means, clips, spread=0.3, seed=0, raters=4, step=0.0):
    """Systems of given true means and numbers of clips; scores are rounded to ``step`` where one is given."""
    rng = np.random.default_rng(seed)
    names, ratings = [], []
    for name, mean, n in zip("abcdefgh", means, clips, strict=False):
        for k in range(n):
            level = mean + rng.normal(0, spread)
            names.append({"clip": f"{name}{k}", "system": name})
            for r in range(raters):
                score = level + rng.normal(0, spread)
                score = round(score / step) * step if step else score
                ratings.append(
                    {"clip": f"{name}{k}", "rater": f"r{r}", "axis": "MI", "score": float(np.clip(score, 1, 5))}
                )
    return Study(pd.DataFrame(names), pd.DataFrame(ratings), name="made")


def said(study, tables=None, axis="", options=QUICK):
    return {line.about: line for line in findings(compare(study, tables or {}, options), axis)}


@pytest.mark.parametrize("seed", range(9))
def test_the_first_line_says_what_the_table_of_pairs_says(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 7))
    means = rng.choice([2.0, 2.2, 3.0, 3.9], k) if seed % 2 else rng.uniform(1.5, 4.5, k)
    clips = rng.integers(1 if seed % 3 else 3, 14, k)
    study = of_means(means, clips, seed=seed, step=0.5 if seed % 4 == 0 else 0.0)
    pairs = tell_apart(study, "MI")
    scores = study.clip_means().groupby("system")["mean"].mean()
    text = said(study)[SYSTEMS].text
    differ, total, best = int(pairs["differ"].sum()), k * (k - 1) // 2, scores.idxmax()
    with_best = pairs[(pairs["first"] == best) | (pairs["second"] == best)]
    if differ:
        assert f"{differ} of {total} pair" in text
    assert ("can be told apart" in text) == (differ == 0)
    assert (f"{best} is best with" in text) == bool(with_best["differ"].all() and differ)
    assert f"{scores.max():.2f} of 5" in text
    near = set(with_best.loc[~with_best["differ"], ["first", "second"]].to_numpy().ravel()) - {best}
    if differ and near:
        told = re.search(r"; ([^;]*) may be as good", text)
        shared = re.search(r": ([^:;]*) share the highest mean", text)
        named = {name for found in (told, shared) if found for name in found[1].split(" and ")[0].split(", ")}
        assert named - {best} <= near
        assert named - {best} or len(near) == 0


def test_the_order_of_rows_and_of_names_changes_nothing():
    study = of_means((2.0, 3.0, 4.2), (8, 8, 8))
    text = said(study)[SYSTEMS].text
    turned = Study(study.clips[::-1].reset_index(drop=True), study.ratings[::-1].reset_index(drop=True), name="made")
    no_ends = re.compile(r" \[.*?\]")  # draws follow the order of the clips
    assert no_ends.sub("", said(turned)[SYSTEMS].text) == no_ends.sub("", text)
    other = {"a": "c", "b": "b", "c": "a"}
    renamed = Study(study.clips.assign(system=study.clips["system"].map(other)), study.ratings, name="made")
    back = said(renamed)[SYSTEMS].text
    assert "c is best" in text
    assert "a is best" in back


def test_more_components_are_not_better_ones():
    study = of_means((2.0, 3.0, 4.2), (8, 8, 8))
    lines = compare(Study(study.clips, study.ratings.assign(axis="PC"), name="made"), {}, QUICK).findings()
    assert "c is highest with" in lines[0].text
    assert not any(re.search(r"\b(best|good)\b", line.text) for line in (lines[0], lines[2]))


def test_equal_systems_are_seldom_said_to_differ():
    studies = [of_means((3, 3, 3), (8, 8, 8), seed=seed, raters=1) for seed in range(20)]
    told = [which_differ(compare(study, {}, QUICK).numbers("MI")) for study in studies]
    assert sum("can be told apart" not in text for text in told) <= 4  # of 20 with 5 % each: more in 1 of 400


def test_a_best_system_that_a_doubtful_one_may_equal_does_not_stand_apart():
    """The next one is told from the best, the last one, of few clips, is not: a run of neighbours would not see it."""
    size, level, sd = {"a": 20, "b": 20, "c": 4}, {"a": 4.0, "b": 3.5, "c": 3.48}, {"a": 0.3, "b": 0.3, "c": 0.4}
    clips = [(f"{s}{k}", s) for s, n in size.items() for k in range(n)]
    spread = {s: sd[s] * np.linspace(-1, 1, n) / np.linspace(-1, 1, n).std(ddof=1) for s, n in size.items()}
    scores = [level[s] + spread[s][int(name[1:])] for name, s in clips]
    rows = [(name, f"r{r}", "MI", score) for (name, _), score in zip(clips, scores, strict=True) for r in range(2)]
    study = Study(
        pd.DataFrame(clips, columns=["clip", "system"]), pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
    )
    numbers = compare(study, {}, QUICK).numbers("MI")
    pairs = tell_apart(study, "MI").set_index(["first", "second"])["differ"]
    assert pairs["a", "b"]
    assert not pairs["a", "c"]
    assert leaders(numbers.people) == ["a", "c"]
    assert "stands apart from all others" not in told_apart(numbers, numbers.people)
    assert "differs from all others" not in said(study)[SYSTEMS].text


def test_which_predictor_is_better_in_both_orders_and_by_nobody_where_they_are_one():
    study = small_study(systems=9)
    good, bad = predictor(study, 0.1), predictor(study, 3.0)
    for names in (("good", "bad"), ("bad", "good")):
        line = said(study, {name: {"good": good, "bad": bad}[name] for name in names})[PREDICTORS]
        assert "good agrees better with people than bad" in line.text
        assert (line.view, line.figure) == ("versus", "versus-MI-differences")
    same = said(study, {"one": good, "other": good})[PREDICTORS].text
    assert "no difference between one, other can be claimed" in same
    constant = said(study, {"flat": good.assign(MI=3.0)})[PREDICTORS].text
    assert "flat has no rank order" in constant


@pytest.mark.parametrize("seed", range(2))
def test_predictors_alike_are_seldom_called_better(seed):
    study = small_study(systems=9, seed=seed)
    tables = {"one": predictor(study, 0.5, seed=100 + seed), "two": predictor(study, 0.5, seed=200 + seed)}
    row = (
        compare(study, tables, QUICK).versus("MI").tables[0].frame.set_index(["level", "metric"]).loc["system", "SRCC"]
    )
    text = said(study, tables)[PREDICTORS].text
    assert ("agrees better" in text) == bool(row["better"])
    if row["better"]:
        assert f"{row['better']} agrees better" in text


def test_numbers_of_predictors_are_those_of_the_table_with_interval_and_ceiling():
    study = small_study(systems=9)
    comparison = compare(study, {"p": predictor(study, 0.3)}, QUICK)
    text = findings(comparison)[1].text
    rows = comparison.numbers("MI").metrics
    row = rows[(rows["metric"] == "SRCC") & (rows["level"] == "system")].iloc[0]
    assert f"SRCC {row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}] of 1" in text
    top = comparison.numbers("MI").ceilings["system"]
    assert f"is {top.value:.2f} [" in text
    learnt = predictor(study, 0.3).assign(study_MI="small", hash_MI="", kind_MI="human")
    assert "p has learnt from these ratings" in said(study, {"p": learnt})[PREDICTORS].text
    few = said(small_study(systems=5), {"p": predictor(small_study(systems=5), 0.3)})[PREDICTORS].text
    assert "orders 30 clips" in few, "below eight systems clips tell more"


def test_what_to_do_next_names_who_stands_apart_until_they_are_left_out():
    study = small_study(systems=4, odd="r5")
    line = said(study)[NEXT]
    assert "consider leaving out rater r5" in line.text
    assert line.figure == "raters-MI-individuals"
    without = said(study, options=Options(draws=100, left_out=("r5",)))[NEXT]
    assert "r5" not in without.text
    anonymous = Study(study.clips, study.ratings.assign(rater=""), name="small")
    assert "leaving out" not in said(anonymous)[NEXT].text
    bias = study.ratings.assign(score=study.ratings["score"] + 9.0 * (study.ratings["rater"] == "r2"))
    several = said(Study(study.clips, bias, name="small"))[NEXT].text
    assert set(panel(Study(study.clips, bias, name="small"), "MI").straying) >= {"r2"}
    assert "stand" in several


def test_what_to_do_next_asks_for_what_narrows_the_means_most():
    clips_differ = of_means((3, 3.05), (6, 6), spread=0.6, raters=1)
    again = pd.concat([clips_differ.ratings.assign(rater=f"r{r}") for r in range(6)])  # raters who agree to the letter
    text = said(Study(clips_differ.clips, again, name="x"))[NEXT].text
    assert "rate more clips of every system" in text
    rng = np.random.default_rng(0)
    noisy = pd.concat([again.assign(score=3 + rng.normal(0, 1, len(again)).clip(-2, 2))])
    text = said(Study(clips_differ.clips, noisy, name="x"))[NEXT].text
    assert "more often" in text
    clear = said(of_means((2, 4), (12, 12)))[NEXT].text
    assert clear.endswith("nothing: the best system is clear and no rater stands apart.") or "leaving out" in clear
    single = said(of_means((2, 4), (1, 9)))[NEXT].text
    assert "rate more clips of a: one clip tells no system apart" in single


@pytest.mark.parametrize("seed", range(3))
def test_simulated_listeners_are_never_called_people(seed):
    study = small_study(systems=9 if seed else 2, seed=seed)
    study = study.replace(kind="simulated")
    tables = [{}, {"p": predictor(study, 0.3)}, {"p": predictor(study, 0.3), "q": predictor(study, 2.0, seed=9)}][seed]
    for line in findings(compare(study, tables, QUICK)):
        assert "simulated listeners" in line.text
        assert "people" not in line.text


def few_data():
    whole = small_study()
    one_rater = whole.ratings[whole.ratings["rater"] == "r1"]
    means = whole.ratings.groupby(["clip", "axis"], as_index=False)["score"].mean().assign(rater="", mean_of=8)
    yield "one rater", Study(whole.clips, one_rater, name="s"), "rated twice or more"
    yield "two systems", small_study(systems=2), ""
    yield "one system", small_study(systems=1), "two systems at least"
    yield "no systems", Study(whole.clips.assign(system=""), whole.ratings, name="s"), "two systems at least"
    yield "means", Study(whole.clips, means, name="s"), "bring single ratings"
    yield "two clips", small_study(systems=2, sources=1), ""
    yield "all alike", Study(whole.clips, whole.ratings.assign(score=3.0), name="s"), ""
    yield "anonymous", Study(whole.clips, whole.ratings.assign(rater=""), name="s"), ""


@pytest.mark.parametrize(("study", "hint"), [part[1:] for part in few_data()], ids=[part[0] for part in few_data()])
def test_three_lines_come_of_whatever_data_and_lead_to_pictures_that_are_there(study, hint):
    tables = {f"p{k}": predictor(study, 0.3 + k, seed=k) for k in range(2)}
    comparison = compare(study, tables, Options(draws=20))
    lines = comparison.findings()
    assert [line.about for line in lines] == [SYSTEMS, PREDICTORS, NEXT]
    assert hint in lines[2].text
    for line in lines:
        assert "nan" not in line.text
        assert all(len(words(part)) <= 20 for part in sentences(line.text)), line.text
        assert line.text.endswith((".", "?"))
        if line.figure:
            assert line.figure in [figure.id for figure in comparison.section(line.view, line.axis).figures]


def test_several_axes_are_told_one_by_one_and_the_rest_is_counted():
    study = small_study()
    ratings = pd.concat([study.ratings.assign(axis=axis) for axis in ("MI", "TA", "PQ", "PC", "CE")])
    comparison = compare(Study(study.clips, ratings, name="s"), {}, QUICK)
    for line in comparison.findings():
        assert all(f"{axis}: " in line.text for axis in comparison.axes[:3])
        assert "The other 2 axes below." in line.text
    one = comparison.findings("CE")
    assert all(line.text.startswith("CE: ") and line.axis == "CE" for line in one)


def test_where_people_voted_the_lines_are_about_votes(tmp_path):
    rng, rows = np.random.default_rng(0), []
    for a, b in itertools.islice(itertools.cycle(itertools.combinations("abcd", 2)), 240):
        first = rng.random() < 1 / (1 + np.exp(1.5 * (ord(a) - ord(b))))
        rows.append(f"{a},{b},u{rng.integers(20)},{'a' if first else 'b'}")
    file = tmp_path / "votes.csv"
    file.write_text("system_a,system_b,rater,winner\n" + "\n".join(rows) + "\n")
    comparison = compare(read_ratings(file), {}, QUICK)
    lines = comparison.findings()
    ranking = comparison.votes("preference").tables[0].frame
    assert lines[0].text.startswith(f"preference: {ranking['system'].iloc[0]} ")
    assert [line.view for line in lines] == ["votes"] * 3
    pairs = next(table.frame for table in comparison.votes("preference").tables if table.id == "votes-preference-pairs")
    assert ("nothing: every pair" in lines[2].text) == bool(pairs["differ"].all())
