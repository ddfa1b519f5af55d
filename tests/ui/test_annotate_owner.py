"""What the owner's page asks of a race without a browser: the token counts, and raters learn nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qamro.studies.listening import Design, ListeningError, Scale
from qamro.ui.annotate import rating, setup
from tests.studies.listening.made import store_with


def test_only_the_owner_sees_and_stops_a_race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_OWNER_TOKEN", "mine")
    design = Design("race", scales=(Scale("quality", 1, 10),), seconds=0, goal="best")
    store, study = store_with(tmp_path, design)
    monkeypatch.setattr(rating, "open_store", lambda: store)
    for ask in (rating.race, rating.stop_race):
        for token in ("", "wrong"):
            assert set(ask({"study": study, "token": token})) == {"error"}
    rater = rating.join({"study": study})
    text = json.dumps(rater) + json.dumps(rating.look({"rater": rater["rater"]}))
    for secret in ("system 0", "racing", "best", "even"):
        assert secret not in text, secret
    assert rating.look({"study": study})["study"]["open"]
    told = rating.race({"study": study, "token": "mine"})["race"]
    assert [row["ratings"] for row in told["rows"]] == [0, 0, 0]
    assert rating.stop_race({"study": study, "token": "mine"})["race"]["ended"] == "owner"
    assert rating.look({"study": study})["study"]["ended"]
    assert "has ended" in rating.join({"study": study})["error"]
    assert rating.overview({"token": "mine"})["studies"][0]["goal"] == "best"


@pytest.mark.parametrize(
    ("form", "goal"),
    [
        ({}, ""),
        ({"goal": ""}, ""),
        ({"goal": "best", "top": "7"}, "best"),
        ({"goal": "top", "top": "2"}, "top:2"),
        ({"goal": "width", "width": "0.25"}, "width:0.25"),
        ({"goal": "order", "mode": "preference"}, ""),
    ],
)
def test_the_form_says_the_goal(form: dict[str, str], goal: str) -> None:
    assert setup.design_of({"name": "x", "axes": ["MI"]} | form).goal == goal


def test_a_goal_that_cannot_be_is_refused() -> None:
    for form in ({"goal": "top", "top": "0"}, {"goal": "width", "width": ""}, {"goal": "worst"}):
        with pytest.raises(ListeningError, match="a goal is best"):
            setup.design_of({"name": "x", "axes": ["MI"]} | form)
    with pytest.raises(ListeningError, match="not a whole number"):
        setup.design_of({"name": "x", "axes": ["MI"], "goal": "top", "top": "1.5"})
