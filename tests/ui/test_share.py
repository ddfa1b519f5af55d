"""What is shared: a page that opens anywhere, a link that says nothing, and neither after the session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from audio_files import make_bad, make_good, tone
from starlette.applications import Starlette
from starlette.testclient import TestClient

from qamro.predictors import Score
from qamro.ui import share
from qamro.ui.compare import handlers as comparing
from qamro.ui.compare.texts import PLAN, REPORT
from qamro.ui.predict import handlers
from qamro.ui.session import Session
from qamro.ui.static import own_folder
from qamro.ui.texts import Share

from .named import P
from .test_compare import bench, scores, study
from .toy import Toy

HOSTILE = '<img src=x onerror="alert(1)">.wav'


class Silent(Toy):
    """Has an axis besides that is for clips of another kind, as speech quality is where nobody speaks."""

    def __init__(self) -> None:
        super().__init__(("MI", "TA", "PQ", "SQ"))

    def score(self, waveforms, prompts):
        return [
            found | {"SQ": Score(float("nan"), why="no speech heard")} for found in super().score(waveforms, prompts)
        ]


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=[share.route()]))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Three clips that were scored, one of them with a hostile name, and one that could not be."""
    made = Session()
    for i in range(3):
        path = make_good("wav", tmp_path, samples=tone(0.5, peak=0.1 + 0.1 * i), name=f"{i}.wav")
        made.add(path, HOSTILE if i == 0 else path.name, "calm piano", "north")
    made.add(make_bad("text", tmp_path)[0], "bad.wav")
    list(made.score(Silent()))
    yield made
    made.close()


def asked(answers: Iterator[dict]) -> dict:
    """The last answer's value of the button."""
    return list(answers)[-1]["share"]


def test_scores_are_behind_the_link_with_all_that_the_page_says(client: TestClient, session: Session, tmp_path: Path):
    told = asked(handlers.share(P, session))
    answer = client.get(told["url"])
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    page = answer.text
    assert session.run is not None
    for key in session.run.good:
        row = session.run.rows[key]
        assert f"{row['MI']:.2f}" in page
        assert f"[{row['MI_low']:.2f}, {row['MI_high']:.2f}]" in page
    for text in ("No clip is called the best", "a demonstration, not evidence", "Loudness r1", "calm piano", "north"):
        assert text in page, text
    assert "bad.wav" in page
    assert not re.search(r">SQ\b", page), "an axis for clips of another kind, and its interval"
    assert page.count("<audio") == 3
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert str(tmp_path) not in page, "the machine's paths stay here"
    assert not re.search(r"(src|href)=\"(?!data:)", page), "nothing is fetched"
    assert "<script" not in page, "no figures, no scripts"


def test_a_link_says_nothing_cannot_be_guessed_and_ends_with_the_session(client: TestClient, session: Session):
    links = [asked(handlers.share(P, session))["url"] for _ in range(share.MOST + 2)]
    assert len(set(links)) == len(links)
    assert all(re.fullmatch(r"qamro/shared/[A-Za-z0-9_-]{43}", link) for link in links)
    assert [client.get(link).status_code for link in links] == [404] * 2 + [200] * share.MOST
    folder = session.folder(own_folder())
    for token in ("", "*", "%2a", "..", "?" * 43, "a" * 43, "*" * 43, f"../{folder.name}/shared/{links[-1][-43:]}"):
        assert client.get(f"/qamro/shared/{token}").status_code == 404, token
    session.close()
    gone = client.get(links[-1])
    assert (gone.status_code, gone.text) == (404, Share.ENDED)


def test_nothing_scored_is_nothing_shared():
    empty = Session()
    assert asked(handlers.share(P, empty))["said"] == Share.NOTHING
    empty.close()


def test_each_view_of_a_comparison_is_a_page_of_its_own(client: TestClient):
    rated = study()
    state = bench(rated, good=scores(rated), poor=scores(rated, 2.0, 2))
    pages = {
        view: client.get(asked(comparing.share(P, state, view, "MI"))["url"]).text for view in ("raters", "systems")
    }
    assert state.comparison is not None
    for view, page in pages.items():
        section = comparing._section(state, view, "MI")
        assert page.count("<section id=") == 3, "the view, what it rests on, and the terms"
        assert f'<section id="{section.id}">' in page
        assert all(f'id="{figure.id}"' in page for figure in section.figures)
        assert page.count("plotly.js v") == (1 if section.figures else 0)
    whole = client.get(asked(comparing.share(P, state, REPORT[0], "MI"))["url"]).text
    assert all(f'<section id="{section.id}">' in whole for section in state.comparison.sections())
    assert asked(comparing.share(P, state, PLAN[0], "MI"))["said"] == Share.NO_PLAN
    state.close()


@pytest.mark.parametrize(
    ("view", "of"), [("raters", None), ("versus", "ratings"), (REPORT[0], None), ("votes", "ratings")]
)
def test_a_view_without_anything_is_not_shared(view: str, of: str | None):
    state = bench(study() if of else None)
    if view == "versus":
        state.add("stray", pd.DataFrame({"clip": ["nobody"], "MI": [2.0]}), "stray.csv")
    assert asked(comparing.share(P, state, view, "MI"))["said"] == Share.NOTHING
    state.close()


def test_what_fails_is_told_and_leaves_the_button(session: Session, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(handlers, "write_run", full)
    told = asked(handlers.share(P, session))
    assert told["ready"]
    assert "no space left" in told["said"]
