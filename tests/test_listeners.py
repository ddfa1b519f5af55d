"""Simulated listeners are nowhere called people: every tab's texts and results, every verb, the report."""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from qamro.cli import app
from qamro.listeners import listeners
from qamro.predictors.provenance import KINDS, kinds_in_words, kinds_of
from tests.cli.rated_tones import save_noisy_tones

ROOT = Path(__file__).resolve().parent.parent
OF_PEOPLE = re.compile(r"\b(human|people|panel)(s|'s)?\b", re.IGNORECASE)
ALLOWED = (  # fixed explanations, which call nobody who was simulated a person
    "no evidence about people",
    "not evidence about people",
    "trained on ratings by people",
    "two studies rated by people, one simulated",
    "what a panel of listeners would say",
)


def called_human(text: str) -> list[str]:
    """What is said of people in a text, with the words around it."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", html.unescape(text))
    for phrase in ALLOWED:
        text = text.replace(phrase, "")
    return [text[max(0, found.start() - 60) : found.end() + 60] for found in OF_PEOPLE.finditer(text)]


def test_who_listened():
    assert listeners("human") == "people"
    assert listeners("simulated") == "simulated listeners"
    assert listeners("unverified") == listeners("") == "unknown listeners"


# ------------------------------------------------------------------------------------------------- fixed texts

FIXED = {  # a text that is the same whoever listened, and why it may speak of people
    "qamro/ui/texts.py": "the app's own title and its page About",
    "qamro/ui/margin/distributions.py": "People rated these clips: said of human studies only",
    "qamro/ui/annotate/texts.py": "who rates there is a person",
    "qamro/ui/annotate/comparing.py": "who rates there is a person",
    "qamro/ui/annotate/figure.py": "who rates there is a person",
    "qamro/listeners.py": "the one place that words it",
    "qamro/studies/study.py": "the error about a kind that is neither",
    "qamro/cli/__init__.py": "what the program is for",
    "qamro/predictors/provenance.py": "the explanations of the kinds",
    "qamro/axes.py": "preference has one head, which people's choices trained",
    "qamro/predictors/loading.py": "what is said of Distill-MOS, which ratings of people trained",
    "qamro/predictors/speech.py": "what is said of Distill-MOS, which ratings of people trained",
    "qamro/predictors/others.py": "what is said of NISQA and UTMOSv2, which ratings of people trained",
    "qamro/predictors/preference.py": "what is said of TuneJury's head, which people's choices trained",
    "qamro/predictors/songs.py": "what is said of SongEval's head, which people's ratings trained",
    "qamro/training/head_recipes.py": "what recipes say of studies that people rated",
    "qamro/report/terms.py": "what a predictor is for, whoever trained it",
    "qamro/report/verdict.py": "said of scores of kind human only; tests/report/test_verdict.py holds it to that",
    "qamro/studies/importers/guess.py": "an error about a file of predictions",
    "qamro/studies/importers/columns.py": "about private columns",
}


def sentences_of(path: Path) -> list[str]:
    """The string constants of a file that are sentences: no docstrings, no names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    after = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs | after
        and " " in node.value.strip()
    ]


def test_no_fixed_text_takes_listeners_for_people():
    found = {}
    for path in sorted((ROOT / "qamro").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in FIXED or not OF_PEOPLE.search(path.read_text(encoding="utf-8")):
            continue
        told = [bit for text in sentences_of(path) for bit in called_human(text)]
        told = [bit for bit in told if "people or simulated listeners" not in bit]
        if told:
            found[name] = told
    assert found == {}


# --------------------------------------------------------------------------------------------------- the verbs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_noisy_tones(tmp_path_factory.mktemp("simulated"), axes=("MI",), prompt="tone {}")


@pytest.fixture(scope="module")
def scores(folder, tmp_path_factory):
    table = pd.read_csv(folder / "clips.csv", dtype=str)[["clip"]]
    table["MI"] = [k % 5 + 1.0 for k in range(len(table))]
    table["source_MI"], table["kind_MI"] = "LogMel r1 + ScoreHead; simulated corpus", "simulated"
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    table.to_csv(path, index=False)
    return path


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_evaluate_says_what_both_sides_are(folder, scores, tmp_path):
    said = run("evaluate", "--predictions", scores, "--ratings", folder, "--json", tmp_path / "e.json", "--draws", 20)
    assert "against ratings by simulated listeners" in said
    assert "Predicted MI: simulated, trained on simulated listeners" in " ".join(said.split())
    written = (tmp_path / "e.json").read_text(encoding="utf-8")
    assert json.loads(written)["predicted"] == {"MI": ["simulated"]}
    assert json.loads(written)["ratings"] == "simulated"
    assert called_human(said) == called_human(written) == []


def test_evaluate_says_that_it_does_not_know(folder, scores, tmp_path):
    table = pd.read_csv(scores).drop(columns="kind_MI")
    table.to_csv(tmp_path / "bare.csv", index=False)
    said = run("evaluate", "--predictions", tmp_path / "bare.csv", "--ratings", folder, "--draws", 20)
    assert "Predicted MI: unknown, the table does not say what made these scores" in " ".join(said.split())


def test_kinds_follow_the_scores_that_are_there():
    table = pd.DataFrame(
        {"MI": [1.0, 2.0, None], "kind_MI": ["human", "zero-shot", ""], "TA": [1.0, 2.0, 3.0]}
        | {"source_TA": "human: a sentence that anybody may have written"}
    )
    assert kinds_of(table, "MI") == ["human", "zero-shot"]
    assert kinds_of(table, "TA") == ["unknown"]
    assert kinds_of(table.assign(kind_TA=["human", None, "magic"]), "TA") == ["human", "unknown"]
    assert kinds_of(table.assign(MI=float("nan")), "MI") == []
    told = kinds_in_words({"MI": ["human"], "TA": ["human", "unknown"]})
    assert told[0] == f"Predicted MI, TA: human, {KINDS['human']}."
    assert told[1].startswith("Predicted TA: unknown, ")


def test_compare_and_its_report(folder, scores, tmp_path):
    page, tables = tmp_path / "report.html", tmp_path / "tables.zip"
    options = ("--ratings", folder, "--predictions", f"a={scores}", "--draws", 20)
    said = run("compare", *options, "--predictions", f"b={scores}", "--html", page, "--zip", tables)
    assert called_human(said) == called_human(page.read_text(encoding="utf-8")) == []


def test_studies_show(folder):
    said = run("studies", "show", folder)
    assert "rated by simulated listeners" in " ".join(said.split())
    assert called_human(said) == []


def test_sweep_and_compare_objectives(folder, tmp_path):
    few = ("--study", folder, "--seeds", 2, "--epochs", 1, "--folds", 3)
    said = run("sweep", *few, "--betas", "1,7", "--optimizer", "adamw", "--out", tmp_path / "sweep")
    said += run("compare-objectives", *few, "--rates", "1e-3", "--objectives", "huber,qamro", "--out", tmp_path / "c")
    for page in (*tmp_path.rglob("*.html"), *tmp_path.rglob("*.json"), *tmp_path.rglob("*.md")):
        said += page.read_text(encoding="utf-8")
    assert "simulated" in said
    assert called_human(said) == []


def test_train_and_its_card(folder, tmp_path):
    out = tmp_path / "heads"
    said = run("train", "--study", folder, "--out", out, "--epochs", 2, "--seeds", 1, "--hold-out", "content")
    for page in (out / "README.md", out / "card.json"):
        said += page.read_text(encoding="utf-8")
    assert "simulated" in said
    assert called_human(said) == []


# ---------------------------------------------------------------------------------------------------- the tabs


def test_the_sections_of_compare(folder, scores):
    from qamro.report import Options, compare
    from qamro.studies.importers.predictions import read_predictions
    from qamro.studies.registry import open_study

    table = read_predictions(scores)
    comparison = compare(open_study(str(folder)), {"a": table, "b": table}, Options(draws=20))
    said = ""
    for section in comparison.sections():
        said += " ".join([section.title, *section.sentences])
        for figure in section.figures:
            said += " ".join((figure.title, figure.alt, figure.note, figure.figure.to_json()))
        for each in section.tables:
            said += " ".join((each.title, each.note, each.frame.to_csv()))
    assert "simulated listeners" in said
    assert called_human(said) == []


def test_the_result_that_the_sensitivity_tab_opens_with():
    from qamro.training.sweeps.figure import ranking_figure
    from qamro.training.sweeps.setup import Setup
    from qamro.training.sweeps.store import bundled
    from qamro.training.sweeps.system_places import swaps, swaps_in_words, system_places
    from qamro.ui.sensitivity import render
    from qamro.ui.sensitivity.state import Shown

    kept = bundled(Setup())
    assert kept is not None
    shown, who = Shown(kept, Setup()), listeners(kept.record["study"]["kind"])
    said = render.headline_html("Result", shown)
    for axis in kept.sweep.predictions["axis"].unique()[:1]:
        for model in shown.models(axis)[1:4]:
            reference = shown.reference(axis, model)
            table = system_places(kept.sweep.predictions, axis, model, reference)
            said += render.places_html(table, model, reference) + ranking_figure(table, axis, who).to_json()
            found = swaps(kept.sweep.predictions, axis, model, reference)
            said += " ".join(swaps_in_words(found, model, reference, who=who, most=99))
    assert "as simulated listeners have it" in said or "against simulated listeners" in said
    assert called_human(said) == []


def test_what_predict_and_train_say_of_simulated_heads():
    from qamro.predictors.saved_card import read_saved
    from qamro.ui.choices import badges, kinds

    said = read_saved(ROOT / "weights" / "offline").about
    from qamro.predictors import load

    said += badges(kinds(load("offline"), ["MI", "TA", "PQ", "PC", "CE", "CU"]))  # SQ is of speech, by people
    assert "simulated listeners" in said
    assert called_human(said) == []
