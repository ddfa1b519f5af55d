"""Clips unlike those of training: every sentence, table and file of a comparison says which they are."""

import json
import re
import zipfile

import pandas as pd
import pytest

from qamro.domains import EDGE, INSIDE, OUTSIDE, UNKNOWN, in_words
from qamro.evaluation import evaluate
from qamro.report import Options, compare, write_html, write_zip

from .data import predictor, small_study

QUICK = Options(draws=20)
STRAY = ("sys0/c0.wav", "sys3/c2.wav")


def told(table, words):
    """A score table with a column ``domain``: ``INSIDE`` unless a clip is named in ``words``."""
    return table.assign(domain=[words.get(clip, INSIDE) for clip in table["clip"]])


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture(scope="module")
def comparison(study):
    strays = told(predictor(study, 0.2), dict.fromkeys(STRAY, OUTSIDE) | {"sys1/c1.wav": EDGE})
    extra = pd.DataFrame({"clip": ["not rated"], "MI": [1.0], "domain": [OUTSIDE]})
    # Rows in another order than the study's, and one that belongs to no rated clip.
    mixed = pd.concat([strays.sample(frac=1, random_state=3), extra], ignore_index=True)
    return compare(study, {"strays": mixed, "silent": predictor(study, 1.0)}, QUICK)


def sentence(comparison):
    return f"strays: {in_words([OUTSIDE] * 2 + [EDGE] + [INSIDE] * 27)}."


def test_overview_sections_and_provenance_say_so_in_one_sentence(comparison):
    words = sentence(comparison)
    assert "of 30 clips 27 are like" in words  # what was not rated takes no part
    assert "2 are unlike them (outside): their scores are guesses" in words
    for section in (comparison.overview(), comparison.systems("MI"), comparison.versus("MI"), comparison.inspect("MI")):
        assert section.sentences.count(words) == 1, section.id
        assert not any(line.startswith("silent: of ") for line in section.sentences)


def test_every_clip_table_has_a_column_that_is_right(comparison):
    (table,) = [each for each in comparison.inspect("MI").tables if each.id == "inspect-MI-disagreements"]
    of = table.frame[table.frame["predictor"] == "strays"].set_index("clip")["domain"]
    assert set(of.index[of == OUTSIDE]) == set(STRAY)
    assert list(of.index[of == EDGE]) == ["sys1/c1.wav"]
    assert set(table.frame.loc[table.frame["predictor"] == "silent", "domain"]) == {""}
    for clip in (*STRAY, "sys4/c4.wav"):
        scores = comparison.clip(clip).scores.set_index("judge")["domain"]
        assert scores.to_dict() == {"people": "", "strays": OUTSIDE if clip in STRAY else INSIDE, "silent": ""}
    (scatter,) = [each for each in comparison.inspect("MI").figures if each.id == "inspect-MI-clips"]
    hovers = [text for trace in scatter.figure.data if trace.name == "strays" for text in trace.text]
    assert sum("<br>outside" in text for text in hovers) == len(STRAY)


def test_page_and_zip_hold_it(comparison, tmp_path):
    page = write_html(comparison, tmp_path / "r.html").read_text("utf-8")
    own = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    words = sentence(comparison).removeprefix("strays: ").removesuffix(".")
    assert words in own[own.index('id="provenance"') :]
    assert ">domain</th>" in own[own.index('id="inspect-MI"') :]
    with zipfile.ZipFile(write_zip(comparison, tmp_path / "r.zip")) as packed:
        rests = json.loads(packed.read("provenance.json"))["predictors"]
        assert rests["strays"]["domain"] == words
        assert "domain" not in rests["silent"]


@pytest.mark.parametrize("words", [None, UNKNOWN, "", "speech", float("nan")])
def test_where_nothing_is_known_nothing_is_said(study, words):
    """A foreign table may call anything ``domain``."""
    table = predictor(study, 0.2)
    found = compare(study, {"own": table if words is None else table.assign(domain=words)}, QUICK)
    for section in (found.overview(), found.inspect("MI")):
        assert not any("trained on" in line for line in section.sentences)
        assert not any("domain" in each.frame for each in section.tables)
    assert found.domains("own") == {}


@pytest.mark.parametrize("word", [INSIDE, EDGE])
def test_clips_that_are_known_without_a_stray_are_told_on_the_overview_only(study, word):
    found = compare(study, {"own": told(predictor(study, 0.2), dict.fromkeys(study.clips["clip"], word))}, QUICK)
    assert f"own: {in_words([word] * 30)}." in found.overview().sentences
    assert not any("trained on" in line for line in found.inspect("MI").sentences)


def test_the_clips_of_an_evaluation_have_the_column(study):
    table = told(predictor(study, 0.2), dict.fromkeys(STRAY, OUTSIDE))
    clips = evaluate(study, table, draws=0).clips.set_index("clip")
    assert set(clips.index[clips["domain"] == OUTSIDE]) == set(STRAY)
    assert "domain" not in evaluate(study, predictor(study, 0.2), draws=0).clips
