"""The study as files: its contract, its cache, and two processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from qamro.axes import AXES
from qamro.studies import Study
from qamro.studies.simulated import FAULTS, GENERATOR, SimulatedStudy, build, draw_prompt, draw_system, render
from qamro.studies.simulated.build import PROMPTS, SYSTEMS, write_examples


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return build(systems=3, prompts=4, listeners=5, seed=1, folder=tmp_path_factory.mktemp("small") / "study")


def test_the_study_has_clips_with_sound_and_ratings_with_raters(small: SimulatedStudy) -> None:
    study = small.study
    assert isinstance(study, Study)
    assert len(study.clips) == 12
    assert study.systems == ["S01", "S02", "S03"]
    assert study.axes == list(AXES)
    assert study.has_raters
    assert set(study.ratings["rater"]) == {"L01", "L02", "L03", "L04", "L05"}
    assert study.out_of_range().empty
    assert (study.ratings["score"] % 1 == 0).all()
    for system in range(3):
        for prompt in range(4):
            clip = f"S{system + 1:02d}_P{prompt + 1:02d}"
            row = study.clips.set_index("clip").loc[clip]
            assert row["prompt"] == draw_prompt(prompt, 1).text
            assert row["source"] == f"P{prompt + 1:02d}"
            info = soundfile.info(study.audio_path(clip))
            assert (info.samplerate, info.channels, info.frames, info.subtype) == (32_000, 1, 160_000, "PCM_16")


def test_the_files_hold_what_was_rendered(small: SimulatedStudy) -> None:
    samples, facts = render(draw_prompt(2, 1), draw_system(1, 1), 1)
    stored = soundfile.read(small.study.audio_path("S02_P03"), dtype="float32")[0]
    np.testing.assert_allclose(stored, samples, atol=1 / 32768)
    row = small.facts.set_index("clip").loc["S02_P03"]
    assert (row["instrument"], row["layers"]) == (facts.instrument, facts.layers)
    assert row["wrong_notes"] == facts.wrong_notes


def test_truth_systems_and_facts_are_tables(small: SimulatedStudy) -> None:
    assert list(small.truth.columns) == ["clip", "axis", "score"]
    assert small.truth.groupby("axis")["clip"].nunique().to_dict() == dict.fromkeys(AXES, 12)
    for axis, scores in small.truth.groupby("axis")["score"]:
        assert scores.between(AXES[axis].low, AXES[axis].high).all()
    assert list(small.systems.columns[: 1 + len(FAULTS)]) == ["system", *FAULTS]
    assert small.systems["noise"].tolist() == [draw_system(k, 1).noise for k in range(3)]
    assert set(small.facts["clip"]) == set(small.study.clips["clip"])


def test_listeners_follow_the_truth(small: SimulatedStudy) -> None:
    means = small.study.clip_means().merge(small.truth, on=["clip", "axis"])
    for axis, rows in means.groupby("axis"):
        errors = (rows["mean"] - rows["score"]) / (AXES[axis].high - AXES[axis].low)
        assert errors.std() < 0.1


def test_it_is_called_simulated_everywhere(small: SimulatedStudy) -> None:
    assert small.study.kind == "simulated"
    assert "simulated" in small.study.name
    assert "simulated" in small.study.about["source"]
    assert small.study.about["generator"] == GENERATOR
    assert "simulated" in (small.folder / "README.md").read_text(encoding="utf-8")
    again = Study.load(small.folder)
    assert (again.kind, again.name) == ("simulated", small.study.name)


def test_a_larger_study_holds_the_smaller_one(small: SimulatedStudy, tmp_path: Path) -> None:
    larger = build(systems=4, prompts=5, listeners=6, seed=1, folder=tmp_path / "larger")
    for clip in small.study.clips["clip"]:
        assert small.study.audio_path(clip).read_bytes() == larger.study.audio_path(clip).read_bytes()
    keys = ["clip", "rater", "axis"]
    both = small.study.ratings.merge(larger.study.ratings, on=keys, how="left")
    assert (both["score_x"] == both["score_y"]).all()
    inside = larger.study.ratings[
        larger.study.ratings["clip"].isin(small.study.clips["clip"]) & (larger.study.ratings["rater"] != "L06")
    ]
    assert len(inside) == len(small.study.ratings)
    pd.testing.assert_frame_equal(larger.systems.iloc[:3], small.systems)


def test_seeds_make_other_studies(small: SimulatedStudy, tmp_path: Path) -> None:
    other = build(systems=3, prompts=4, listeners=5, seed=2, folder=tmp_path / "other")
    assert other.study.clips["prompt"].tolist() != small.study.clips["prompt"].tolist()
    assert not other.systems.equals(small.systems)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    return tmp_path / "studies"


def test_the_second_time_it_comes_from_the_cache(cache: Path) -> None:
    calls: list[tuple[int, int]] = []
    first = build(systems=2, prompts=2, listeners=2, on_clip=lambda *done: calls.append(done))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    again = build(systems=2, prompts=2, listeners=2, on_clip=lambda *done: calls.append(done))
    assert len(calls) == 4
    assert again.folder == first.folder
    assert f"simulated-g{GENERATOR}-" in first.folder.name
    pd.testing.assert_frame_equal(again.truth, first.truth)
    pd.testing.assert_frame_equal(again.study.ratings, first.study.ratings)
    assert build(systems=2, prompts=2, listeners=1).folder != first.folder


@pytest.mark.parametrize("lost", ["audio/S01_P02.flac", "truth.csv", "ratings.csv", "study.json"])
def test_a_damaged_cache_is_made_again(cache: Path, lost: str) -> None:
    first = build(systems=1, prompts=2, listeners=2)
    (first.folder / lost).unlink()
    calls: list[int] = []
    again = build(systems=1, prompts=2, listeners=2, on_clip=lambda done, _: calls.append(done))
    assert calls == [1, 2]
    assert (again.folder / lost).is_file()
    assert [path.name for path in cache.iterdir()] == [first.folder.name]


def test_stopping_half_way_leaves_nothing(cache: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(systems=2, prompts=2, listeners=2, on_clip=stop)
    assert list(cache.iterdir()) == []
    assert len(build(systems=2, prompts=2, listeners=2).study.clips) == 4


def test_a_folder_that_holds_something_else_is_left_alone(small: SimulatedStudy, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="does not hold the whole of simulated-g"):
        build(systems=1, prompts=1, listeners=1, folder=tmp_path)
    with pytest.raises(FileExistsError, match="does not hold the whole of"):
        build(systems=1, prompts=1, listeners=1, folder=small.folder)
    with pytest.raises(FileExistsError):
        build(systems=1, prompts=1, listeners=1, folder=tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "precious"
    (tmp_path / "empty").mkdir()
    assert len(build(systems=1, prompts=1, listeners=1, folder=tmp_path / "empty").study.clips) == 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"systems": 0}, "systems"),
        ({"prompts": -1}, "prompts"),
        ({"listeners": 0}, "listeners"),
        ({"seed": -1}, "seed"),
    ],
)
def test_numbers_too_small_are_refused(changes: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build(**changes)


def test_two_processes_at_once_make_one_study(cache: Path) -> None:
    code = (
        "from qamro.studies.simulated import build; print(len(build(systems=2, prompts=3, listeners=2).study.ratings))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=os.environ, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert answers[0] == answers[1]
    assert int(answers[0]) > 0
    assert [path.name for path in cache.iterdir()] == [f"simulated-g{GENERATOR}-2x3x2-seed0"]


def test_systems_spread_over_every_axis_and_axes_differ() -> None:
    sim = build()
    clips = sim.study.clips[["clip", "system"]]
    means = sim.truth.merge(clips, on="clip").pivot_table(index="system", columns="axis", values="score")
    assert means.shape == (12, 6)
    for axis in AXES:
        width = AXES[axis].high - AXES[axis].low
        assert means[axis].max() - means[axis].min() > 0.35 * width
    ranks = means.corr("spearman")
    assert abs(ranks.loc["PC", "PQ"]) < 0.7
    assert abs(ranks.loc["TA", "PQ"]) < 0.7
    assert (ranks.to_numpy()[np.triu_indices(6, 1)] < 0.97).all()


def test_the_shipped_examples_are_the_ones_that_the_module_writes(tmp_path: Path) -> None:
    from qamro.paths import assets

    made = write_examples(tmp_path)
    shipped = assets() / "examples"
    assert len(made) == len(PROMPTS) * len(SYSTEMS) == 6
    table = pd.read_csv(shipped / "manifest.csv")
    pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / "manifest.csv"))
    assert list(table.columns) == ["path", "prompt", "system"]
    assert all("simulated" in system for system in table["system"])
    for path in made:
        here, there = (soundfile.read(folder / path.name)[0] for folder in (tmp_path, shipped))
        assert np.corrcoef(here, there)[0, 1] > 0.999
    assert sum(path.stat().st_size for path in shipped.iterdir()) < 1_000_000
