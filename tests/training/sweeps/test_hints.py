"""Few systems in sweeps and comparisons of objectives: a hint in every sentence, title, table and file."""

import json

import numpy as np
import pandas as pd
import pytest

from qamro.training.compare_objectives.comparison import ObjectiveComparison
from qamro.training.compare_objectives.sections import standings_figure
from qamro.training.compare_objectives.tables import draw, paired_tests, standings
from qamro.training.objective import paper_objective
from qamro.training.sweeps.figure import beta_curves, panel, write_page
from qamro.training.sweeps.reproduce import table_of
from qamro.training.sweeps.runs import judged
from qamro.training.sweeps.seeds import best_in_words, hints_of, ridge_in_words, summarise
from qamro.training.sweeps.setup import RIDGE, Variant
from qamro.training.sweeps.store import write_csvs, write_record
from qamro.training.sweeps.sweep import Sweep

LABELS = {"alpha 0.2, beta 1": 1.0, "alpha 0.2, beta 7": 7.0, RIDGE: np.nan}


def variant(label: str) -> Variant:
    objective = paper_objective("MI")
    return Variant(label, objective, baseline=label == RIDGE, at=LABELS[label], curve=0.2 if label != RIDGE else np.nan)


def swept(systems: int, clips: int = 6) -> Sweep:
    """Made up: predictions that follow the ratings, better and better; no training."""
    rng = np.random.default_rng(0)
    names = [(f"c{k}/{c}", f"s{k}") for k in range(systems) for c in range(clips)]
    human = np.repeat(np.arange(systems), clips) + rng.normal(0, 0.5, len(names))
    runs, predictions = [], []
    for k, label in enumerate(LABELS):
        for seed in range(3):
            table = pd.DataFrame(names, columns=["clip", "system"]).assign(axis="MI", variant=label, seed=seed, fold=1)
            table = table.assign(human=human, predicted=human + rng.normal(0, 1.5 - 0.5 * k, len(names)))
            runs += judged(variant(label), seed, table, 1.0)
            predictions.append(table)
    return Sweep(pd.DataFrame(runs), pd.concat(predictions, ignore_index=True))


EXPECTED = {2: "2 systems are too few for an order", 3: "3 systems: a hint", 7: "7 systems: a hint", 8: ""}


@pytest.mark.parametrize("systems", EXPECTED)
def test_sentences_titles_tables_and_files_of_a_sweep(systems, tmp_path):
    sweep, words = swept(systems), EXPECTED[systems]
    few = bool(words)
    said = best_in_words(sweep.runs, "MI", "system", "SRCC")
    assert said.startswith(f"MI, system SRCC{f' ({words})' if few else ''}: ")
    assert ("not defined" in said) == (systems < 3)
    assert "a hint" not in best_in_words(sweep.runs, "MI", "utterance", "SRCC")
    beside = ridge_in_words(sweep.runs, "MI", "system", "SRCC")
    assert (beside == "") if systems < 3 else beside.startswith(f"MI, system SRCC{f' ({words})' if few else ''}: ridge")
    summary = summarise(sweep.runs)
    assert summary.loc[summary["level"] == "system", "hint"].eq(few).all()
    assert not summary.loc[summary["level"] == "utterance", "hint"].any()
    titles = [note.text for note in beta_curves(summary, "MI").layout.annotations]
    assert f"system SRCC, {words or '8 systems'}" in titles
    # Of two systems there is no order, but there is an error.
    assert f"system MSE, {systems} systems{': a hint' if few else ''}" in titles
    assert words in panel(summary, "MI", "system", "SRCC", title=True).layout.title.text
    write_csvs(tmp_path, sweep)
    write_record(tmp_path, {"made": "now"}, sweep)
    for name in ("runs", "summary"):
        kept = pd.read_csv(tmp_path / f"{name}.csv")
        assert kept.loc[kept["level"] == "system", "hint"].eq(few).all(), name
    record = json.loads((tmp_path / "record.json").read_text())
    assert record == {"made": "now", "hints": {"system": words} if few else {}}
    write_page(tmp_path / "page.html", sweep.runs, "t", [])
    assert not few or f"MI, system SRCC ({words})" in (tmp_path / "page.html").read_text("utf-8")
    ours = table_of(sweep, draws=20)
    assert ours.loc[ours["level"] == "system", "hint"].eq(few).all()


@pytest.mark.parametrize("systems", EXPECTED)
def test_tables_and_titles_of_compared_objectives(systems):
    sweep, words = swept(systems), EXPECTED[systems]
    contest = ObjectiveComparison("MI", [variant(label) for label in LABELS], sweep, pd.DataFrame())
    drawn = draw(contest, draws=20)
    table, tests = standings(contest, drawn), paired_tests(contest, drawn)
    for found in (table, tests):
        assert found.loc[found["level"] == "system", "hint"].eq(bool(words)).all()
        assert not found.loc[found["level"] == "utterance", "hint"].any()
    titles = [note.text for note in standings_figure(table).layout.annotations]
    assert f"system SRCC, {words or '8 systems'}" in titles
    if systems < 3:
        assert tests.loc[(tests["level"] == "system") & (tests["metric"] == "SRCC"), "difference"].isna().all()


def test_few_clips_are_a_hint_as_well():
    runs = swept(3, clips=2).runs
    assert hints_of(runs) == {"utterance": "6 clips: a hint", "system": "3 systems: a hint"}
    assert best_in_words(runs, "MI", "utterance", "SRCC").startswith("MI, utterance SRCC (6 clips: a hint): ")
