"""Whatever a file is, the answer is sound or scores, or an error in plain words, in time: Python and command line."""

from __future__ import annotations

import csv
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import bad_inputs
import pytest
from typer.testing import CliRunner

from qamro.audio import AudioError, Limits, guarded, safe_name
from qamro.studies import StudyError
from qamro.studies.importers import read_predictions
from qamro.studies.manifest import ManifestError, read_entries
from qamro.studies.registry import open_study

LIMITS = replace(Limits(), work=3.0)
SLOWEST = 10.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, data in bad_inputs.sounds():
        (folder / name).write_bytes(data)
    return folder


def test_there_are_four_hundred() -> None:
    names = [name for make in (bad_inputs.sounds, bad_inputs.tables) for name, _ in make()]
    assert len(names) >= 400
    assert len(set(names)) == len(names)


def test_every_sound_is_decoded_or_refused_in_time(folder: Path) -> None:
    def answer(path: Path) -> tuple[Path, str, float]:
        start = time.perf_counter()
        try:
            wave = guarded.load(path, 16_000, limits=LIMITS)
            said = "" if 0 < wave.seconds < 3600 else "of no length"
        except AudioError as problem:
            said = str(problem)
        return path, said, time.perf_counter() - start

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(answer, sorted(folder.iterdir())))
    for path, said, seconds in answers:
        assert said != "of no length", path
        assert seconds < SLOWEST, (path, seconds)
        assert said == "" or said.startswith(safe_name(path) + ": "), (path, said)
        assert "decoder down" not in said, (path, said)
        assert "cannot be decoded (" not in said, (path, said)  # an exception that nobody foresaw
    refused = sum(bool(said) for _, said, _ in answers)
    assert 100 < refused < len(answers) - 50


def test_every_table_is_read_or_refused_in_few_words_and_seconds(tmp_path: Path) -> None:
    wrong = []
    for name, data in bad_inputs.tables():
        path = tmp_path / name
        path.write_bytes(data)
        for reader in (open_study, read_predictions, lambda path: list(read_entries(Path(path)))):
            start, said = time.process_time(), ""
            try:
                reader(str(path))
            except (StudyError, ManifestError, OSError, ImportError) as problem:
                said = str(problem)
            except Exception as problem:
                wrong.append((name, reader, repr(problem)[:300]))
            if len(said) > 2_000 or time.process_time() - start > SLOWEST:
                wrong.append((name, reader, len(said), time.process_time() - start))
    assert wrong == []
    assert not (tmp_path.parent / "a.csv").exists()


def test_the_command_line_has_a_row_for_each(folder: Path, tmp_path: Path) -> None:
    from qamro.cli import app

    files = sorted(folder.iterdir())[::8]  # the others by Python above
    out = tmp_path / "scores.csv"
    result = CliRunner().invoke(app, ["predict", *[str(path) for path in files], "--out", str(out)])
    assert result.exit_code == 1, result.output[-2000:]
    assert "Traceback" not in result.output
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [str(path) for path in files]
    assert all(bool(row["error"]) != bool(row["PQ"]) for row in rows)


def test_tables_of_any_size_are_refused_by_every_command_in_few_words(tmp_path: Path) -> None:
    from qamro.cli import app

    good = tmp_path / "good.csv"
    good.write_text("clip,system,rater,axis,score\n" + "".join(f"c{i},s{i % 3},r,MI,{1 + i % 5}\n" for i in range(9)))
    table = ["--ratings", str(good)]
    run = CliRunner()
    made = {"empty.csv": b""} | dict(bad_inputs.tables())
    for name in ("empty.csv", "columns.csv", "axes.csv", "deep.json", "closed.json", "keys.jsonl", "many.zip"):
        path = tmp_path / name
        path.write_bytes(made[name])
        bad = str(path)
        for words in (
            ["evaluate", "--predictions", str(good), "--ratings", bad],
            ["evaluate", "--predictions", bad, *table],
            ["compare", "--predictions", f"a={bad}", *table],
            ["studies", "import", bad, "--out", str(tmp_path / "out")],
            ["train", "--study", bad, "--out", str(tmp_path / "heads")],
            ["plan", "--ratings", bad],
            ["rank", "--votes", bad],
            ["predict", bad, "--out", str(tmp_path / "scores.csv")],
        ):
            if words[0] == "predict" and path.suffix in (".json", ".zip"):
                continue  # a file like any other, that is no sound
            result = run.invoke(app, words)
            assert result.exit_code or name == "empty.csv", words
            assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
            assert "No such option" not in result.output, (words, result.output)
            assert len(result.output) < 3_000, (words, len(result.output))
