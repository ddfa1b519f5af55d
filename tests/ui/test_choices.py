from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qamro.checkpoints import FetchCancelledError, WeightsError
from qamro.checkpoints.state import place_of
from qamro.predictors import Provenance
from qamro.predictors.loading import PREDICTORS, PredictorEntry
from qamro.ui import choices
from qamro.ui.choices import needs, option
from qamro.ui.session import Session
from tests.checkpoints.hub_server import HubServer, publish

from .named import P
from .toy import Toy


@pytest.fixture
def nothing_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("qamro.predictors.loading._unreachable_since", None)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
def hub(nothing_fetched, monkeypatch):
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    weights = (publish(server, "one", {"a": bytes(2_000_000)}),)
    monkeypatch.setitem(PREDICTORS, "full", replace(PREDICTORS["full"], weights=weights))
    yield server
    server.close()


def test_predictors_load_apart_and_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(choices, "_loaded", {})
    toy = PredictorEntry("toy", "Toy", ("MI",), "For a test.", lambda: made.append(1) or Toy())
    monkeypatch.setitem(PREDICTORS, "toy", toy)
    assert choices.get("toy") is choices.get("toy")
    assert made == [1]
    with pytest.raises(ValueError, match="no predictor 'nobody'"):
        choices.get("nobody")
    with pytest.raises(ValueError, match="no predictor 'nobody'"):
        choices.state("nobody")


def test_axes_of_different_kinds_are_told_apart() -> None:
    toy = Toy(("MI", "TA", "PQ"))
    toy.provenance = toy.provenance | {"PQ": Provenance("human", "e", "h"), "MI": Provenance("zero-shot", "e", "h")}
    found = [(kind.kind, kind.axes) for kind in choices.kinds(toy)]
    assert found == [("zero-shot", ("MI",)), ("simulated", ("TA",)), ("human", ("PQ",))]


def test_a_download_tells_how_far_it_is_and_makes_the_best_predictor_the_first_choice(hub: HubServer) -> None:
    assert choices.best_ready() == "offline"
    assert option(choices.state("full")) == "Full · download 2 MB"
    assert "CC0-1.0" in needs(choices.state("full"))
    seen = list(choices.fetching("full", lambda: False, every=0.001))
    assert seen[-1] == (2_000_000, 2_000_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert choices.best_ready() == "full"
    assert option(choices.state("full")) == "Full · ready"


def test_a_download_stops_when_asked_and_when_nobody_watches(hub: HubServer) -> None:
    with pytest.raises(FetchCancelledError):
        list(choices.fetching("full", lambda: True, every=0.001))
    watched = choices.fetching("full", lambda: False, every=0.0)
    next(watched)
    watched.close()
    list(choices.fetching("full", lambda: False, every=0.01))
    assert choices.state("full").state == "ready"


def test_a_download_that_fails_says_what_to_do(nothing_fetched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="weights fetch audiobox"):
        list(choices.fetching("audiobox", lambda: False, every=0.01))
    assert option(choices.state("audiobox")) == "Audiobox-Aesthetics · not reachable, 415 MB"


def test_looking_again_at_what_is_ready_leaves_the_choice_to_the_visitor():
    from qamro.ui.predict.handlers import refresh

    given = refresh(P)["predictor"].constructor_args
    assert [name for _, name in given["choices"]][:2] == ["offline", "clap"]
    assert "value" not in given


def test_kept_models_of_every_kind_are_opened_once_and_a_damaged_one_says_so(tmp_path, monkeypatch):
    from qamro.paths import bundled_weights
    from qamro.predictors.saved import save_folder
    from qamro.ui.predict.handlers import describe

    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path))
    monkeypatch.setattr(choices, "_loaded", {})
    monkeypatch.setattr(choices, "_encoders", {})
    for name, shipped in (("a", "offline"), ("b", "deramos"), ("c", "deramos")):
        save_folder(bundled_weights() / shipped, name)
    first, second = choices.get("saved:b"), choices.get("saved:c")
    assert first.encoder is second.encoder is not choices.get("saved:a").encoder
    assert "A dual-branch model" in list(describe(P, Session(), "saved:b"))[-1]["badges"]
    (tmp_path / "c" / "card.json").write_text("{")
    choices.forget("saved:c")
    said, download = (list(describe(P, Session(), "saved:c"))[-1][part] for part in ("badges", "download"))
    assert "q-failed" in said
    assert "&#x27;c&#x27; cannot be opened" in said
    assert not download.constructor_args["visible"]
    assert option(choices.state("saved:c")) == "c · cannot be opened"


def test_the_first_page_says_at_once_that_the_real_predictor_is_being_checked(tmp_path, monkeypatch):
    """Weights as they lie when a Space has been built: in the hub's cache, in full size."""
    import threading

    from qamro.ui.predict.handlers import describe

    monkeypatch.delenv("QAMRO_WEIGHTS", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(choices, "_loaded", {})
    for weights in PREDICTORS["full"].weights:
        for file in weights.files:
            place = place_of(weights, file)
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as whole:
                whole.truncate(file.size)
    assert choices.best_ready() == "full"
    checked = threading.Event()

    def load():
        checked.wait(5)
        return Toy()

    monkeypatch.setitem(PREDICTORS, "full", replace(PREDICTORS["full"], loader=load))
    told = describe(P, Session(), "full")
    first = next(told)
    assert "being read and checked (2.8 GB, about 40 s)" in first["badges"]
    checked.set()
    assert "simulated" in next(told)["badges"]
    assert "being read" not in next(describe(P, Session(), "full"))["badges"], "once it is loaded, that is all"


def test_the_space_is_built_with_the_weights_that_are_pinned():
    import yaml

    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(text.split("---")[1])
    preloaded = {}
    for line in front["preload_from_hub"]:
        repo, files, revision = line.split()
        preloaded[repo] = (files.split(","), revision)
    assert preloaded == {w.repo: ([file.path for file in w.files], w.revision) for w in PREDICTORS["full"].weights}
    assert set(preloaded) <= set(front["models"])
    assert (front["app_file"], front["sdk"]) == ("app.py", "gradio")
    pins = (Path(__file__).parents[2] / "requirements.txt").read_text(encoding="utf-8")
    assert f"gradio=={front['sdk_version']}" in pins
    assert len(front["short_description"]) <= 60
