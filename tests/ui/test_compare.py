"""What the Compare tab works out without a browser: what fits, what is shown, what is served."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from audio_files import tone, write_wav

from qamro.evaluation.planning import Design, Plan
from qamro.evaluation.variances import estimate
from qamro.studies import Study
from qamro.studies.importers import read_ratings
from qamro.ui.annotate import setup
from qamro.ui.compare import clip_panel, handlers, render
from qamro.ui.compare.clip_panel import address, over_time
from qamro.ui.compare.plan import plan_value
from qamro.ui.compare.render import listing
from qamro.ui.compare.state import CompareState, clip_table, duel, ratings_of
from qamro.ui.compare.texts import PLAN, TITLES, View
from qamro.ui.compare.texts import Plan as PlanWords
from qamro.ui.session import Clip, Run, Session
from qamro.ui.static import own_folder
from qamro.ui.study_picker import handlers as pick
from qamro.ui.study_picker.state import PickerState

from .named import P

SYSTEMS, CONTENTS, RATERS = ("a", "b", "c"), ("x", "y", "z", "u"), ("r1", "r2", "r3", "r4")


def study(folder: Path | None = None, axes: tuple[str, ...] = ("MI",), *, named: bool = True, seed: int = 0) -> Study:
    """Three systems by four contents by four raters, some ratings missing; with sound where a folder is given."""
    random = np.random.default_rng(seed)
    clips, ratings = [], []
    for i, system in enumerate(SYSTEMS):
        for content in CONTENTS:
            name = f"{system}_{content}"
            path = ""
            if folder is not None:
                path = write_wav(folder / f"{name}.wav", tone(0.7, hz=200 + 60 * len(clips))).name
            clips.append((name, path, system, f"the prompt of {content}", content))
            for axis in axes:
                level = random.uniform(-0.5, 0.5)
                for rater in RATERS:
                    if random.random() < 0.9 or rater == "r1":
                        score = float(np.clip(round(1.5 + i + level + random.normal(0, 0.7)), 1, 5))
                        ratings.append((name, rater if named else "", axis, score))
    return Study(
        pd.DataFrame(clips, columns=["clip", "path", "system", "prompt", "source"]),
        pd.DataFrame(ratings, columns=["clip", "rater", "axis", "score"]),
        name="made",
        root=folder,
    )


def scores(of: Study, noise: float = 0.2, seed: int = 1, names: str = "{}") -> pd.DataFrame:
    random = np.random.default_rng(seed)
    means = of.clip_means().groupby("clip")["mean"].first()
    clips = [names.format(clip) for clip in means.index]
    return pd.DataFrame({"clip": clips, "MI": means.to_numpy() + random.normal(0, noise, len(means))})


def bench(of: Study | None = None, **tables: pd.DataFrame) -> CompareState:
    made = CompareState()
    made.choose(of)
    for name, table in tables.items():
        made.add(name, table, f"{name}.csv")
    return made


def event(**data: object) -> SimpleNamespace:
    return SimpleNamespace(**data)


def test_clip_table_is_what_a_loop_over_ratings_finds() -> None:
    of = study(axes=("MI", "TA"))
    own = scores(of).sample(frac=0.6, random_state=0)  # some clips have no prediction
    table = clip_table(of, bench(of, one=own).usable, "MI", {"one": "MI"}, left_out=("r2",))
    predicted = dict(zip(own["clip"], own["MI"], strict=True))
    for clip in of.clips["clip"]:
        given = [
            row.score for row in of.ratings.itertuples() if (row.clip, row.axis) == (clip, "MI") and row.rater != "r2"
        ]
        assert table.at[clip, "mean"] == pytest.approx(sum(given) / len(given))
        assert table.at[clip, "content"] == clip.split("_")[1]
        assert table.at[clip, "one"] == pytest.approx(predicted.get(clip, float("nan")), nan_ok=True)


def test_clip_table_weighs_published_means_by_their_ratings() -> None:
    clips = pd.DataFrame({"clip": ["k"], "path": "", "system": "a", "prompt": ""})
    ratings = pd.DataFrame({"clip": "k", "rater": "", "axis": "MI", "score": [2.0, 5.0], "mean_of": [3, 1]})
    assert clip_table(Study(clips, ratings), {}, "MI", {}).at["k", "mean"] == pytest.approx((3 * 2 + 5) / 4)


def test_an_axis_of_two_names_takes_each_side_its_own() -> None:
    of = study(axes=("quality",))
    table = clip_table(of, bench(of, one=scores(of)).usable, "quality", {"one": "MI"})
    assert table["one"].notna().all()
    assert set(ratings_of(of, "quality", clip="a_x")["clip"]) == {"a_x"}


def test_duel_prefers_the_content_that_sets_the_systems_furthest_apart() -> None:
    table = pd.DataFrame(
        {
            "system": ["a", "a", "b", "b", "b"],
            "content": ["x", "y", "x", "y", "z"],
            "mean": [4.0, 5.0, 3.5, 2.0, 1.0],
        },
        index=["a_x", "a_y", "b_x", "b_y", "b_z"],
    )
    assert duel(table, "a", "b") == ("a_y", "b_y")
    assert duel(table.assign(content=""), "a", "b") == ("a_y", "b_z")
    assert duel(table, "a", "nobody") is None


def test_predictions_wait_for_a_study_and_are_matched_with_the_next_one() -> None:
    of = study()
    own = scores(of)
    made = bench(None, one=own)
    assert listing(made)["rows"][0].get("match") is None
    made.choose(of)
    assert listing(made)["rows"][0]["match"]["n"] == len(SYSTEMS) * len(CONTENTS)
    stranger = scores(of, names="other-{}")
    made.add("one", stranger, "again")
    rows = {row["name"]: row for row in listing(made)["rows"]}
    assert set(rows) == {"one", "one (2)"}
    assert "no prediction belongs to a rated clip" in rows["one (2)"]["problem"]
    assert list(made.usable) == ["one"]
    partly = pd.concat([own.head(5), stranger.head(2)])
    made.add("partly", partly, "")
    found = listing(made)["rows"][-1]["match"]
    assert (found["n"], found["unmatched"], found["examples"]) == (5, 2, "other-a_u, other-a_x")
    made.remove("one (2)")
    assert [row["name"] for row in listing(made)["rows"]] == ["one", "partly"]


def test_axes_of_different_names_are_paired_by_hand_only() -> None:
    of = study(axes=("quality",))
    made = bench(of, one=scores(of))
    assert listing(made)["pairs"] == []
    assert made.comparison is not None
    assert made.comparison.axes == ["quality"], "until then the ratings speak alone"
    assert render.missing(made, "systems", "quality")["empty"]["title"] == View.NO_AXIS
    made.pair("MI", "nothing of the kind")
    assert made.axis_map == {}
    made.pair("MI", "quality")
    assert made.columns_of("quality") == {"one": "MI"}
    assert [pair["own"] for pair in listing(made)["pairs"]] == [True]
    assert render.missing(made, "systems", "quality") is None
    made.pair("MI", "")
    assert made.columns_of("quality") == {}


def test_predictors_pair_one_by_one_and_meet_on_the_rated_axis() -> None:
    of = study(axes=("quality",))
    own = scores(of).rename(columns={"MI": "quality"})
    made = bench(of, named=own, mi=scores(of, 0.9, 2), ta=scores(of, 0.5, 3).rename(columns={"MI": "TA"}))
    lacks = {row["name"]: row["lacks"] for row in listing(made)["rows"]}
    assert lacks == {"named": "", "mi": "quality", "ta": "quality"}
    told = " ".join(made.comparison.systems("quality").sentences)
    assert "mi is left out here: it has no column 'quality'" in told
    assert "mi:MI=quality" in told
    made.pair("MI", "quality", "mi")
    assert made.columns_of("quality") == {"named": "quality", "mi": "MI"}
    made.pair("TA", "quality", "ta")
    assert made.comparison.predictors == ["named", "mi", "ta"]
    assert "mi: MI stands for quality." in made.comparison.versus("quality").sentences
    assert made.table("quality")[["named", "mi", "ta"]].notna().all(axis=None)
    chips = [(pair["name"], pair["predicted"], pair["own"]) for pair in listing(made)["pairs"]]
    assert chips == [("", "quality", False), ("mi", "MI", True), ("ta", "TA", True)]
    made.pair("TA", "", "ta")
    made.remove("mi")
    assert made.own_maps == {}
    assert made.comparison.predictors == ["named"]


def test_whoever_is_left_out_is_named_in_every_view() -> None:
    of = study()
    made = bench(of, one=scores(of), two=scores(of, 0.9, 2))
    shown = {
        view: list(handlers.show(P, made, view, "MI"))[-1]["section"]
        for view in ("raters", "systems", "versus", "inspect")
    }
    assert all(value["out"] is None for value in shown.values())
    handlers.leave_out(P, made, event(raters=["r3", "a stranger"]))
    assert made.left_out == ("r3",)
    for view in shown:
        value = list(handlers.show(P, made, view, "MI"))[-1]["section"]
        assert value["out"] == {"names": ["r3"], "all": 4}
        titles = [part["title"] for part in (*value["figures"], *value["tables"])]
        assert titles
        assert all("r3" in title for title in titles)
    handlers.leave_out(P, made, event(raters=["r1", "r2", "r3"]))
    assert made.left_out == ("r3",), "two raters at least stay"
    handlers.leave_out(P, made, event(raters=[]))
    assert list(handlers.show(P, made, "systems", "MI"))[-1]["section"] == shown["systems"]


def test_a_view_is_worked_out_once_and_again_only_after_a_change() -> None:
    of = study()
    made = bench(of, one=scores(of))
    first = list(handlers.show(P, made, "inspect", "MI"))
    assert len(first) == 2, "the page is told that something goes on"
    again = list(handlers.show(P, made, "inspect", "MI"))
    assert len(again) == 1
    assert again[0]["section"] is first[-1]["section"]
    made.add("two", scores(of, 0.5), "")
    assert len(list(handlers.show(P, made, "inspect", "MI"))) == 2


@pytest.mark.parametrize(
    ("given", "view", "title"),
    [
        ({}, "raters", View.EMPTY),
        ({}, "report", View.EMPTY),
        ({"of": study()}, "versus", View.NO_PREDICTIONS),
        ({"of": study(), "one": scores(study())}, "versus", View.ONE_PREDICTOR),
        ({"of": study(), "one": scores(study(), names="other-{}")}, "versus", View.NO_PREDICTIONS),
    ],
)
def test_empty_states_say_what_to_do(given: dict, view: str, title: str) -> None:
    made = bench(given.pop("of", None), **given)
    value = list(handlers.show(P, made, view, "MI"))[-1]["section"]
    assert value["empty"]["title"] == title
    assert value["empty"]["hint"]


@pytest.mark.parametrize("view", [view for view in TITLES if view != PLAN[0]])
@pytest.mark.parametrize("predicted", [False, True])
def test_votes_without_ratings_have_a_view_and_say_so_in_the_others(view: str, predicted: bool, tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    file.write_text("system_a,system_b,winner\nx,y,a\ny,z,b\nx,z,tie\n")
    made = bench(read_ratings(file), **({"one": scores(study())} if predicted else {}))
    value = list(handlers.show(P, made, view, "preference"))[-1]["section"]
    assert listing(made) is not None
    if view == "votes":
        assert value["sentences"][0] == "votes, preference: 3 votes by people on 3 systems."
        assert [table["id"] for table in value["tables"]] == ["votes-preference-table", "votes-preference-pairs"]
    elif view == "report":
        assert value["report"]
    else:
        assert value["empty"]["title"] == (View.NO_TEST if view == "listening_test" else View.VOTES)


def test_a_study_of_votes_opens_their_view_and_ratings_leave_it(tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    file.write_text("system_a,system_b,rater,winner\nx,y,p,a\ny,z,q,b\nx,z,r,tie\n")
    state, votes = CompareState(), read_ratings(file)
    assert handlers.choose(P, votes, state, "raters")["view"].value == "votes"
    assert handlers.axes(P, state, "votes", None)["axis"].value == "preference"
    assert state.raters == ["p", "q", "r"]
    assert state.leave_out(["p"])
    assert "2 votes" in list(handlers.show(P, state, "votes", "preference"))[-1]["section"]["sentences"][0]
    assert handlers.choose(P, study(), state, "votes")["view"].value == "raters"
    assert "view" not in handlers.choose(P, study(), state, "systems")
    empty = list(handlers.show(P, state, "votes", "MI"))[-1]["section"]
    assert empty["empty"]["title"] == View.NO_VOTES


def test_a_plan_is_made_from_the_study_or_from_typed_numbers() -> None:
    of = study()
    told = list(handlers.show(P, bench(of), "plan", "MI"))[-1]["plan"]
    pilot = estimate(of, "MI")
    assert told["numbers"]["rest"] == round(pilot.variances.rest**0.5, 2)
    assert told["numbers"]["systems"] == 3
    assert told["from"].startswith("Standard deviations on MI from ")
    made = Plan.of(pilot)
    for m, row in zip(told["ratings"], told["apart"], strict=True):
        assert row == sorted(row), "more clips tell more"
        k = len(told["clips"]) // 2
        assert row[k] == pytest.approx(made.outlook(Design(told["clips"][k], m)).apart, abs=1e-4)
    typed = {"between": "0,5", "clips": "0.6", "raters": "0.4", "rest": "1", "systems": "6"}
    alone = plan_value(None, None, {})
    assert alone["apart"] == plan_value(None, None, typed)["apart"]
    assert alone["from"] == PlanWords.TYPED
    some = plan_value(of, "MI", {"rest": "3"})
    assert some["numbers"]["rest"] == 3
    assert "typed go first" in some["from"]
    assert some["apart"][0][5] < told["apart"][0][5]
    for wrong in ({"systems": "1"}, {"rest": "x"}, {"systems": "nan"}, {"clips": "0", "raters": "0", "rest": "0"}):
        assert plan_value(of, "MI", wrong)["problem"]
    means = study(named=False)
    means.ratings = means.ratings.groupby(["clip", "axis"], as_index=False).first()
    assert plan_value(means, "MI", {})["from"].startswith("The study above does not tell")


def test_predictions_help_when_the_switch_is_on_and_name_what_to_rate_next(tmp_path: Path) -> None:
    whole = study(tmp_path)
    few = whole.replace(ratings=whole.ratings[~whole.ratings["clip"].str.endswith(("_z", "_u"))])
    made = bench(few, mine=scores(whole))
    plain = list(handlers.show(P, made, "systems", "MI"))[-1]["section"]
    shown = handlers.axes(P, made, "systems", "MI")
    assert (shown["powered"].visible, shown["next"].visible) == (True, False)
    assert handlers.power(P, made, powered=True)["next"].visible
    helped = list(handlers.show(P, made, "systems", "MI"))[-1]["section"]
    assert helped["figures"][0]["id"] == "powered-MI-means"
    assert [each["id"] for each in helped["figures"][1:]] == [each["id"] for each in plain["figures"]]
    assert sum(len(json.loads(each["chart"]["figure"])["data"]) for each in helped["figures"][:1]) == 2, (
        "both in one figure"
    )
    ids = [table["id"] for table in helped["tables"]]
    assert ids[:2] == ["powered-MI-table", "powered-MI-next-mine"]
    assert any(each.id.startswith("powered") for each in made.comparison.sections()), "and in the report"
    session = Session()
    told = handlers.hand_over(P, made, session, "MI")
    assert "6 clips of made" in told["handed"]
    assert {clip.name for clip in session.handed} == {f"{s}_{c}" for s in SYSTEMS for c in "zu"}
    form = {"source": "handed", "name": "next", "axes": ["MI"]}
    sounds = setup.sounds_of(form, session, tmp_path)
    assert {sound.name for sound in sounds} == {clip.name for clip in session.handed}
    assert all(sound.path.is_file() and sound.system for sound in sounds)
    offered = setup.offer(SimpleNamespace(form="form"), session, {"axes": []})["form"]["handed"]
    assert (offered["clips"], offered["axis"]) == (6, "MI")
    handlers.power(P, made, powered=False)
    again = list(handlers.show(P, made, "systems", "MI"))[-1]["section"]
    assert [each["id"] for each in again["figures"]] == [each["id"] for each in plain["figures"]]
    assert "rated already" in handlers.hand_over(P, bench(whole, mine=scores(whole)), Session(), "MI")["handed"]


@pytest.mark.parametrize("named", [True, False])
def test_ratings_alone_are_shown_without_predictions_that_fit(named: bool) -> None:
    of = study(named=named)
    made = bench(of) if named else bench(of, misfit=scores(of, names="other-{}"))
    for view in ("raters", "systems", "inspect"):
        value = list(handlers.show(P, made, view, "MI"))[-1]["section"]
        assert "empty" not in value, value
        assert value["figures"] or value["tables"]
    assert (render.raters(made) is not None) == named


def test_the_first_lines_are_those_of_the_report_and_rankings_follow_while_the_visitor_reads_them() -> None:
    of = study()
    made = bench(of, mine=scores(of))
    first, last = handlers.begin(P, made, "MI")
    assert first["lines"] == {"lines": [], "waiting": True}
    told = [(line["about"], line["text"]) for line in last["lines"]["lines"]]
    assert told == [(line.about, line.text) for line in made.comparison.findings("MI")]
    assert {line["view"] for line in last["lines"]["lines"]} <= set(TITLES)
    assert next(handlers.begin(P, made, "MI"))["lines"]["lines"] == last["lines"]["lines"], (
        "the old ones stay meanwhile"
    )
    assert list(handlers.begin(P, CompareState(), None)) == [{"lines": None}]
    for thread in [thread for thread in threading.enumerate() if thread.name == "rankings ahead"]:
        thread.join()
    assert made.comparison is not None
    assert ("systems", "MI") in made.comparison._made


def test_the_set_up_folds_once_it_is_whole() -> None:
    of = study()
    assert render.setup(bench()) is None
    assert not render.setup(bench(of))["ready"], "predictions may come yet"
    whole = render.setup(bench(of, one=scores(of)))
    assert whole["ready"]
    assert whole["study"] == {"name": "made", "kinds": ["human"], "text": "12 clips, 3 systems"}
    assert [part["text"] for part in whole["predictors"]] == ["12 of 12 clips"]
    assert not render.setup(bench(of, one=scores(of), two=scores(of, names="x-{}")))["ready"], "one does not fit"
    assert not render.setup(bench(study(axes=("quality",)), one=scores(of)))["ready"], "nothing is paired"


def test_a_view_says_what_it_took_before() -> None:
    of = study()
    made = bench(of, one=scores(of))
    first = next(handlers.show(P, made, "inspect", "MI"))["working"]
    assert first == {"text": View.WORKING.format(view="Inspect"), "usual": None}
    list(handlers.show(P, made, "inspect", "MI"))
    made.took["inspect"] = 4.4
    made.changed()
    assert next(handlers.show(P, made, "inspect", "MI"))["working"]["usual"] == 4


def test_tables_put_names_first_join_intervals_and_say_their_scale() -> None:
    of = study()
    made = bench(of, one=scores(of))
    value = list(handlers.show(P, made, "systems", "MI"))[-1]["section"]
    tables = {table["id"]: table for table in value["tables"]}
    ranks = tables["systems-MI-ranks-table"]
    keys = [column["key"] for column in ranks["columns"]]
    assert keys[:4] == ["judge", "system", "mean", "rank"]
    mean = ranks["columns"][2]
    assert mean["scale"] == "1 to 5"
    assert [keys[end] for end in mean["ends"]] == ["low", "high"]
    assert [keys[end] for end in ranks["columns"][3]["ends"]] == ["rank_low", "rank_high"]
    frame = next(t.frame for t in made.comparison.systems("MI").tables if t.id == "systems-MI-ranks-table")
    for row, given in zip(ranks["rows"], frame.to_dict("records"), strict=True):
        assert dict(zip(keys, row, strict=True)) == {key: render.plain(cell) for key, cell in given.items()}
    metrics = [column["key"] for column in tables["systems-MI-metrics-table"]["columns"]]
    assert metrics[:4] == ["predictor", "level", "metric", "value"]
    assert metrics[-1] == "note"
    own = study(axes=("quality",))
    divided = list(handlers.show(P, bench(own), "inspect", "quality"))[-1]["section"]["tables"][0]
    low, high = own.ratings["score"].min(), own.ratings["score"].max()
    assert next(c["scale"] for c in divided["columns"] if c["key"] == "mean") == f"rated {low:g} to {high:g}"


def test_a_score_says_the_end_of_its_scale_and_when_it_lies_there() -> None:
    made = bench(study(), one=scores(study()))
    assert clip_panel.of_scale(made, "MI", "", 4.2) == " of 5"
    assert clip_panel.of_scale(made, "MI", "one", 5.0) == " of 5, the end of the scale"
    assert clip_panel.of_scale(made, "MI", "one", 1.0) == " of 5, the end of the scale"
    assert clip_panel.of_scale(made, "MI", "", None) == ""
    assert clip_panel.of_scale(bench(study(axes=("quality",))), "quality", "", 4.2) == ""


def test_a_page_goes_on_where_the_one_before_of_its_browser_stood() -> None:
    key, of = uuid4().hex, study()
    asks = {
        name: SimpleNamespace(query_params={"tab": "compare", "study": name}) for name in ("", "simulated", "other")
    }
    page, picker = bench(), PickerState(keeps=True)
    at = SimpleNamespace(view="view", study="study", tab="compare")
    assert "study" not in pick.show(at, picker, asks[""], event(key=key))
    list(pick.to_study(at, picker, "", lambda tell: of))
    assert handlers.choose(P, of, page, "raters", picker=picker)["predictions"]["rows"] == []
    page.add("one", scores(of), "one.csv")
    page.pair("MI", "MI")
    page.leave_out(["r3"])
    list(handlers.show(P, page, "inspect", "MI", picker))

    other, second = bench(), PickerState(keeps=True)
    assert pick.show(at, second, asks[""], event(key=key))["study"] is of
    answer = handlers.choose(P, of, other, "raters", picker=second)
    assert answer["view"].value == "inspect"
    assert answer["axis"].value == "MI"
    assert list(other.usable) == ["one"]
    assert other.left_out == ("r3",)
    assert len(list(handlers.show(P, other, "inspect", "MI", second))) == 1, "it is drawn already"
    other.remove("one")
    assert list(page.usable) == ["one"], "another page's changes are its own"

    assert "study" not in pick.show(at, PickerState(keeps=True), asks["other"], event(key=key)), "a link goes first"
    assert "study" not in pick.show(at, PickerState(keeps=True), asks[""], event(key=uuid4().hex))
    for wrong in ("", "../x", None):
        assert "study" not in pick.show(at, PickerState(keeps=True), asks[""], event(key=wrong))
    assert "study" not in pick.show(at, PickerState(), asks[""], event(key=key)), "a tab that keeps nothing"
    pick.forget(at, second)
    assert "study" not in pick.show(at, PickerState(keeps=True), asks[""], event(key=key))


def test_raters_are_worked_out_for_the_chosen_axis_alone() -> None:
    made = bench(study(axes=("MI", "MI again")))
    value = list(handlers.show(P, made, "raters", "MI"))[-1]["section"]
    assert not any("MI-again" in part["id"] for part in (*value["figures"], *value["tables"]))
    assert any(part["id"].startswith("raters-MI-") for part in value["figures"])
    assert not any(text.startswith("MI again: ") for text in value["sentences"])
    (table,) = [table for table in value["tables"] if table["id"] == "raters-agreement"]
    assert {row[[column["key"] for column in table["columns"]].index("axis")] for row in table["rows"]} == {"MI"}


def test_what_is_clicked_is_shown_with_its_ratings_and_windows(tmp_path: Path) -> None:
    of = study(tmp_path)
    made = CompareState()
    made.choose(of)
    list(handlers.score(P, made, "offline"))
    assert list(made.usable) == ["offline"]
    assert made.predictions["offline"].match is not None
    axis = "MI"
    value = clip_panel.select(P, made, axis, event(kind="point", name="b_y"))["clip"]
    assert (value["kind"], value["name"], value["system"], value["prompt"]) == ("clip", "b_y", "b", "the prompt of y")
    human, offline = value["scores"]
    assert human["score"] == pytest.approx(ratings_of(of, axis, clip="b_y")["score"].mean())
    assert offline["score"] == pytest.approx(made.table(axis).at["b_y", "offline"])
    assert value["histogram"]["alt"].startswith("Histogram of")
    assert value["waiting"]
    windows = clip_panel.windows(P, made, axis)["clip"]["windows"]
    (line,) = json.loads(windows["figure"])["data"]
    assert line["name"] == "offline"
    assert windows["audio"] == "#compare-clip audio"
    system = clip_panel.select(P, made, axis, event(kind="point", name="c"))["clip"]
    means = [row["mean"] for row in system["rows"]]
    assert (system["kind"], len(means)) == ("system", len(CONTENTS))
    assert means == sorted(means, reverse=True)
    assert "clip" not in clip_panel.select(P, made, axis, event(kind="point", name="alpha")), (
        "a point of something else"
    )
    sides = clip_panel.select(P, made, axis, event(kind="pair", name="c", other="a"))["ab"]
    assert sides["a"]["name"].split("_")[1] == sides["b"]["name"].split("_")[1], "the same content"
    assert clip_panel.clear_sides(P, made) == {"ab": {}}
    made.close()


def test_only_clips_of_the_visitors_study_are_served(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    write_wav(secret, tone(0.3))
    folder = tmp_path / "study"
    folder.mkdir()
    made = bench(study(folder))
    served = address(made, "a_x")
    path = Path(served.split("file=", 1)[1])
    assert path.is_relative_to(own_folder())
    assert path.read_bytes() == (folder / "a_x.wav").read_bytes()
    assert address(made, "a_x") == served, "copied once"
    made.shown = ("clip", "a_x")
    value = clip_panel.retry(P, made, "MI")["clip"]
    assert value["wav"]
    assert value["url"] != served, "a copy that every browser plays"
    for name in ("nobody", "../secret", str(secret)):
        assert address(made, name) == ""
    assert address(bench(study()), "a_x") == "", "a study without sound"
    made.close()
    assert not path.exists(), "nothing stays when the visitor goes"


def test_scoring_stops_when_asked_and_keeps_what_is_done(tmp_path: Path) -> None:
    made = bench(study(tmp_path))
    steps = handlers.score(P, made, "offline")
    next(steps)  # the predictor is being loaded
    next(steps)  # the first clip is scored
    assert list(handlers.score(P, made, "offline")) == [], "one run at a time"
    handlers.cancel(P, made)
    said = [answer.get("status") for answer in steps]
    assert any("Stopped" in str(text) for text in said)
    assert 0 < len(made.predictions["offline"].scores) < len(SYSTEMS) * len(CONTENTS)
    assert not made.busy
    made.choose(study())
    assert "no sound" in next(handlers.score(P, made, "offline"))["status"]
    made.choose(None)
    assert "Choose a study" in next(handlers.score(P, made, "offline"))["status"]


def test_csvs_that_did_not_come_through_the_page_are_not_read(tmp_path: Path) -> None:
    made = bench(study())
    outside = tmp_path / "outside.csv"
    scores(made.study).to_csv(outside, index=False)
    handlers.upload(P, made, event(files=[{"path": str(outside), "name": "outside.csv"}]))
    assert made.predictions == {}
    inside = own_folder() / "mine.csv"
    inside.write_bytes(outside.read_bytes())
    bad = own_folder() / "bad.csv"
    bad.write_text("clip,MI\na_x,4\nb_x,four\n")
    files = [{"path": str(bad), "name": "their <b>file</b>.csv"}, {"path": str(inside), "name": "mine.csv"}]
    said = handlers.upload(P, made, event(files=files))["status"]
    assert list(made.predictions) == ["mine"]
    assert "row 2, column" in said
    assert "&lt;b&gt;" in said
    assert str(own_folder()) not in said


def test_scores_of_the_predict_tab_come_over_with_their_origin(tmp_path: Path) -> None:
    session, made = Session(), bench(study())
    assert "no scores" in handlers.take(P, made, session)["status"]
    clip = Clip("c1", "a_x.wav", tmp_path / "a_x.wav")
    row = {"clip": "a_x.wav", "path": "a_x.wav", "system": "", "prompt": "", "MI": 3.5, "kind_MI": "human"}
    session.run = Run("offline", [*row, "error"], ("MI",), {}, {"c1": clip}, {"c1": row | {"error": ""}})
    handlers.take(P, made, session)
    (entry,) = listing(made)["rows"]
    assert (entry["name"], entry["kinds"], entry["match"]["n"]) == ("offline", ["human"], 1)


def test_windows_are_steps_that_end_with_the_clip() -> None:
    table = pd.DataFrame({"start": [0.0, 3.0], "end": [3.0, 5.0], "MI": [2.0, 4.0]})
    figure = over_time({"<one>": table}, "MI")
    assert list(figure.data[0].x) == [0, 3, 5]
    assert list(figure.data[0].y) == [2, 4, 4]
    assert figure.data[0].name == "&lt;one&gt;"
    assert tuple(figure.layout.xaxis.range) == (0, 5)


def test_clips_unlike_those_of_training_are_marked_wherever_a_clip_is_looked_at() -> None:
    of = study()
    own = scores(of)
    own["domain"] = ["outside" if clip == "a_x" else "inside" for clip in own["clip"]]
    made = bench(of, one=own, two=scores(of, 0.4, 2))
    row, silent = listing(made)["rows"]
    assert "1 is unlike them (outside): its score is a guess" in row["domain"]
    assert row["strays"]
    assert (silent["domain"], silent["strays"]) == ("", False)
    made.shown = ("clip", "a_x")
    judged = clip_panel.panel(made, "MI")["scores"]
    assert {each["judge"]: each["domain"] for each in judged} == {"people": "", "one": "outside", "two": ""}
    made.shown = ("system", "a")
    rows = clip_panel.panel(made, "MI")["rows"]
    assert {row["name"]: row["domains"] for row in rows if "outside" in row["domains"]} == {"a_x": ["outside", ""]}
    made.sides = {"a": "a_x", "b": "b_x"}
    sides = clip_panel.sides(made, "MI")
    assert [each["domain"] for each in sides["a"]["predicted"]] == ["outside", ""]
    assert [each["domain"] for each in sides["b"]["predicted"]] == ["inside", ""]
    said = render.drawn(made, "inspect", made.comparison.inspect("MI"), "MI")
    assert any(line.startswith("one: of 12 clips 11 are like") for line in said["sentences"])
    column = next(table for table in said["tables"] if table["id"] == "inspect-MI-disagreements")
    assert "domain" in [each["key"] for each in column["columns"]]
