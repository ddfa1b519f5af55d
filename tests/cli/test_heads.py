"""heads: made by a recipe from a published archive, put on a hub, fetched from it, and refused when they changed."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import tone, write_wav

from qamro.predictors.hub_heads import from_variable, pull, record_of, resolved
from qamro.training.head_recipes import RECIPES, get_recipe
from tests.studies.file_server import serving


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder that stands in for the hub: read through a server, written by what replaces its client."""
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("QAMRO_HEADS", raising=False)
    served = tmp_path / "served"
    served.mkdir()

    class HfApi:
        def create_repo(self, repo, *, private, exist_ok):
            (served / repo / "resolve" / "main").mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, *, repo_id, folder_path, commit_message):
            shutil.copytree(folder_path, served / repo_id / "resolve" / "main", dirs_exist_ok=True)

    monkeypatch.setattr("huggingface_hub.HfApi", HfApi)
    with serving(served) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def test_heads_go_to_the_hub_and_come_back(hub, heads, run, tmp_path):
    assert run("heads", "push", "me/tones", "--folder", heads).exit_code == 0
    page = (hub.folder / "me/tones/resolve/main/README.md").read_text()
    assert page.startswith("---\nlibrary_name: qamro\n")
    assert "qamro predict FOLDER --heads hub:me/tones" in page
    assert "LogMel" in page
    clip = write_wav(tmp_path / "a.wav", tone(0.5))
    here, there = (tmp_path / name for name in ("here.csv", "there.csv"))
    assert run("predict", clip, "--heads", heads, "--out", here).exit_code == 0
    assert run("predict", clip, "--heads", "hub:me/tones", "--out", there).exit_code == 0
    rows = [next(csv.DictReader(file.open())) for file in (here, there)]
    assert rows[0]["MI"] == rows[1]["MI"] != ""
    hub.asked.clear()
    folder = pull("me/tones")
    assert hub.asked == [], "what is here is not asked for again"
    assert record_of(folder)["repo"] == "me/tones"
    result = run("heads", "pull", "me/tones")
    assert result.exit_code == 0
    assert "no study" in result.output
    assert hub.asked
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"name": "other"}))
    result = run("predict", clip, "--heads", "hub:me/tones")
    assert result.exit_code == 2
    assert "is not what was fetched" in " ".join(result.output.split())


def test_what_is_not_there_or_is_no_heads(hub, run, tmp_path):
    assert "404" in run("heads", "pull", "me/nothing").output
    for name in ("nothing", "a/b/c", "../x/y", "a/b@c/d"):
        with pytest.raises(ValueError, match="OWNER/NAME"):
            pull(name)
    place = hub.folder / "me/bad/resolve/main"
    place.mkdir(parents=True)
    for name in ("card.json", "heads.safetensors"):
        (place / name).write_text("{}")
    assert run("heads", "pull", "me/bad").exit_code == 2
    assert not list((tmp_path / "cache" / "hub-heads").glob("me--bad/main")), "nothing half comes to stay"


def test_the_variable_names_a_folder_or_heads_on_the_hub(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for value, expected in (
        ("", ""),
        ("me/tones", "hub:me/tones"),
        ("/srv/heads", ""),
        ("./me/tones", ""),
        ("heads", ""),
    ):
        monkeypatch.setenv("QAMRO_HEADS", value)
        assert from_variable() == expected
    (tmp_path / "me" / "tones").mkdir(parents=True)
    monkeypatch.setenv("QAMRO_HEADS", "me/tones")
    assert from_variable() == "", "a folder that is here is meant"
    assert resolved(Path("some/folder")) == Path("some/folder")
    assert resolved(None) is None


def archive(clips: int = 24) -> bytes:
    """MusicEval-full.zip of tones in noise: the more noise, the lower the mean of the five ratings."""
    packed = io.BytesIO()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(packed, "w") as made:
        lines: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
        for k in range(clips):
            name = f"audiomos2025-track1-S{2 + k % 4:03}_P{k // 4:03}.wav"
            sound = io.BytesIO()
            wave = 0.3 * np.sin(np.arange(8000) / 6) + 0.01 * k * rng.normal(size=8000)
            soundfile.write(sound, wave, 16_000, format="WAV")
            made.writestr(f"MusicEval-full/wav/{name}", sound.getvalue())
            split = ("train", "train", "dev", "test")[(k // 4) % 4]
            lines[split].append(f"{name},{5 - round(20 * k / clips) / 5:.1f},{3 + k % 2 / 5}\n")
        for split, rows in lines.items():
            made.writestr(f"MusicEval-full/sets/{split}_mos_list.txt", "".join(rows))
        prompts = "".join(f"P{p:03}\ttune {p}\n" for p in range(clips // 4))
        made.writestr("MusicEval-full/prompt_info.txt", "id\ttext\n" + prompts)
    return packed.getvalue()


def test_a_recipe_from_the_archive_to_scores_after_a_break(hub, run, tmp_path, monkeypatch):
    file = hub.folder / "datasets/BAAI/MusicEval/resolve/main/MusicEval-full.zip"
    file.parent.mkdir(parents=True)
    file.write_bytes(archive())
    monkeypatch.setitem(RECIPES, "musiceval-clap", replace(get_recipe("musiceval-clap"), encoder="logmel", seeds=1))
    embedded = []
    from qamro.encoders import LogMel

    whole = LogMel.embed_audio

    def stopped(self, clips):
        embedded.extend(clips)
        if len(embedded) == 5:
            raise KeyboardInterrupt
        return whole(self, clips)

    monkeypatch.setattr(LogMel, "embed_audio", stopped)
    out = tmp_path / "made"
    run("heads", "make", "musiceval-clap", "--out", out)  # killed while it embeds
    assert len(embedded) >= 5
    first = len(embedded)
    hub.asked.clear()
    result = run("heads", "make", "musiceval-clap", "--out", out)
    assert result.exit_code == 0, result.output
    assert hub.asked == [], "the archive is here"
    assert len(embedded) < first + 24, "what was embedded before is not embedded again"
    assert "CC BY-NC 4.0" in result.output
    card = json.loads((out / "card.json").read_text())
    assert sorted(card["objective"]) == ["MI", "TA"]
    assert card["study"]["licence"] == "CC BY-NC 4.0"
    clip = write_wav(tmp_path / "a.wav", tone(0.5))
    scores = tmp_path / "scores.csv"
    assert run("predict", clip, "--heads", out, "--prompt", "tune 1", "--out", scores).exit_code == 0
    assert "CC BY-NC 4.0: not for commercial use" in next(csv.DictReader(scores.open()))["source_MI"]


def test_a_recipe_of_votes_makes_the_axis_preference(hub, run, tmp_path, monkeypatch):
    """AIME's votes and two of its files of sound: less noise is preferred."""
    pytest.importorskip("pyarrow")
    import pandas as pd

    from qamro.studies.registry import DATASETS

    data = DATASETS["aime"]
    monkeypatch.setitem(DATASETS, "aime", replace(data, files=(data.files[0], *data.files[1:3])))
    monkeypatch.setitem(RECIPES, "aime-clap", replace(get_recipe("aime-clap"), encoder="logmel", seeds=1))
    rng = np.random.default_rng(0)
    rows, sounds = [], []
    for k in range(24):
        for noise in (0.01, 0.2):
            packed = io.BytesIO()
            wave = 0.3 * np.sin(np.arange(8000) / (6 + k)) + noise * rng.normal(size=8000)
            soundfile.write(packed, wave, 16_000, format="WAV")
            sounds.append({"id": f"{len(sounds):05}", "audio": {"bytes": packed.getvalue(), "path": f"{k}.wav"}})
        ids = {"track-1-id": 2 * k, "track-2-id": 2 * k + 1, "model-1": "clean", "model-2": "noisy"}
        rows += [
            {"question-type": q, "description": f"tune {k}", "answer": 1 + (k == 0)} | ids
            for q in ("Music Quality", "Text-Audio Alignment")
        ]
    tables = (pd.DataFrame(rows), pd.DataFrame(sounds[:24]), pd.DataFrame(sounds[24:]))
    for file, table in zip(DATASETS["aime"].files, tables, strict=True):
        place = hub.folder / file.url.removeprefix("https://huggingface.co/")
        place.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(place)
    out = tmp_path / "made"
    result = run("heads", "make", "aime-clap", "--out", out)
    assert result.exit_code == 0, result.output
    assert "CC BY 4.0" in result.output
    assert list(json.loads((out / "card.json").read_text())["objective"]) == ["preference"]
    clips = [write_wav(tmp_path / f"{k}.wav", tone(0.5)) for k in (1, 2)]
    scores = tmp_path / "scores.csv"
    assert run("predict", *clips, "--heads", out, "--out", scores).exit_code == 0
    assert 0 <= float(next(csv.DictReader(scores.open()))["preference"]) <= 1


def test_every_recipe_is_whole():
    from qamro.encoders.registry import ENCODERS
    from qamro.studies.registry import DATASETS
    from qamro.training.presets import preset_of

    for recipe in RECIPES.values():
        data = DATASETS[recipe.study]
        assert set(recipe.axes) <= set(data.axes) or (data.pairs and recipe.objective.startswith("pairs-"))
        assert ENCODERS[recipe.encoder].reads_prompts or "TA" not in recipe.axes
        assert preset_of(recipe.preset)
    with pytest.raises(ValueError, match="there is no recipe 'x'; choose one of musiceval-clap"):
        get_recipe("x")
