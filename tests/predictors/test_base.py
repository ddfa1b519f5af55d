import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from qamro.predictors import Predictor, Provenance, Score
from qamro.predictors.clips import clip_names
from qamro.predictors.provenance import NO_PROMPT


class Loudness(Predictor):
    """A predictor whose answers can be worked out by hand: PQ is the level, TA the length of the prompt."""

    name = "loudness"
    axes = ("TA", "PQ")
    sample_rate = 16_000
    batch_size = 3

    def __init__(self) -> None:
        origin = Provenance("zero-shot", "level", "none")
        self.provenance = {"TA": origin, "PQ": origin}
        self.batches: list[int] = []

    def score(self, waveforms, prompts):
        self.batches.append(len(waveforms))
        results = []
        for wave, prompt in zip(waveforms, prompts, strict=True):
            level = float(np.abs(wave.samples).max())
            results.append(
                {"PQ": Score(level, level - 0.1, level + 0.1)} | ({"TA": Score(len(prompt))} if prompt else {})
            )
        return results


def clip(folder: Path, name: str, level: float = 0.5, seconds: float = 1.0, rate: int = 16_000) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = np.full(int(seconds * rate), level) * np.sign(np.sin(np.arange(int(seconds * rate)) / 20))
    soundfile.write(path, wave, rate, subtype="PCM_16")
    return path


def test_table_has_all_columns_and_rows_in_order(tmp_path):
    paths = [clip(tmp_path, f"{i}.wav", 0.1 * (i + 1)) for i in range(7)]
    table = Loudness().predict(paths, prompts=["abc", None, "", " d ", "", "", ""], systems=["a", "b"] + [None] * 5)
    assert list(table.columns) == Loudness().columns
    assert list(table["clip"]) == [f"{i}.wav" for i in range(7)]
    np.testing.assert_allclose(table["PQ"], 0.1 * np.arange(1, 8), atol=1e-3)
    np.testing.assert_allclose(table["PQ_high"] - table["PQ_low"], 0.2)
    assert list(table["TA"].fillna(-1)) == [3, -1, -1, 1, -1, -1, -1]
    assert table["source_TA"][1] == NO_PROMPT
    assert table["source_PQ"][0] == "zero-shot: level + none"
    assert list(table["system"][:3]) == ["a", "b", ""]
    assert list(table["seconds"]) == [1.0] * 7
    assert (table["error"] == "").all()


def test_one_bad_file_gets_an_error_row_and_the_others_go_on(tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("this is no sound")
    paths = [clip(tmp_path, "a.wav"), bad, clip(tmp_path, "b.wav"), tmp_path / "missing.wav"]
    table = Loudness().predict(paths).set_index("clip")
    assert list(table.index) == ["a.wav", "bad.wav", "b.wav", "missing.wav"]
    assert table["PQ"].notna().tolist() == [True, False, True, False]
    assert "bad.wav" in table.loc["bad.wav", "error"]
    assert "missing.wav" in table.loc["missing.wav", "error"]
    assert table.loc["bad.wav", "source_PQ"] == "not scored"
    assert math.isnan(table.loc["bad.wav", "seconds"])


def test_a_batch_of_bad_files_only(tmp_path):
    predictor = Loudness()
    assert (predictor.predict([tmp_path / f"{i}.wav" for i in range(4)])["error"] != "").all()
    assert predictor.batches == []


def test_rows_come_as_they_are_ready_and_stopping_stops(tmp_path):
    paths = [clip(tmp_path, f"{i}.wav") for i in range(9)]
    predictor = Loudness()
    rows = predictor.stream(paths)
    assert next(rows)["clip"] == "0.wav"
    assert predictor.batches == [3]
    rows.close()
    assert predictor.batches == [3]


def test_on_clip_sees_every_row(tmp_path):
    seen = []
    Loudness().predict([clip(tmp_path, "a.wav"), tmp_path / "no.wav"], on_clip=lambda row: seen.append(row["clip"]))
    assert seen == ["a.wav", "no.wav"]


def test_no_clips():
    assert Loudness().predict([]).empty


def test_lengths_must_agree(tmp_path):
    with pytest.raises(ValueError, match="1 clips but 2 prompts"):
        Loudness().predict([clip(tmp_path, "a.wav")], prompts=["a", "b"])


def test_windows_score_parts_by_themselves(tmp_path):
    path = tmp_path / "two.wav"
    wave = np.concatenate([np.full(16_000, 0.2), np.full(16_000, 0.6)]) * np.sign(np.sin(np.arange(32_000) / 20))
    soundfile.write(path, wave, 16_000)
    table = Loudness().windows(path, "ab", seconds=1.0)
    assert list(table["start"]) == [0, 1]
    assert list(table["end"]) == [1, 2]
    np.testing.assert_allclose(table["PQ"], [0.2, 0.6], atol=1e-3)
    assert list(table["TA"]) == [2, 2]
    assert "TA" not in Loudness().windows(path)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/a.wav", "x/b.wav"], ["a.wav", "b.wav"]),
        (["x/a.wav", "y/a.wav", "y/b.wav"], ["x/a.wav", "y/a.wav", "b.wav"]),
        (["1/x/a.wav", "2/x/a.wav"], ["1/x/a.wav", "2/x/a.wav"]),
        (["a.wav", "a.wav"], ["a.wav", "a.wav"]),
        ([], []),
    ],
)
def test_names_are_as_short_as_they_can_be(paths, names):
    assert clip_names([Path(path) for path in paths]) == names


def test_provenance_refuses_an_unknown_kind():
    with pytest.raises(ValueError, match="kind"):
        Provenance("magic", "e", "h")
