"""A corpus is scored once, whoever dies: one row a clip, errors as rows, whole parts or none."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from audio_files import make_bad, tone, write_wav

from corpora.counting import Counting
from qamro.corpora import open_corpus, score_here
from qamro.corpora.folder import Leases, OtherCorpusError, Progress, predictor_fingerprint
from qamro.studies.importers.predictions import is_parts, read_parts


def manifest_of(folder: Path, rows: list[dict], name: str = "m.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def repeated(folder: Path, count: int, kinds: int = 3) -> Path:
    """A manifest of many clips of a few files."""
    for i in range(kinds):
        write_wav(folder / f"{i}.wav", tone(0.15, 8_000, peak=0.1 + 0.1 * i), 8_000)
    return manifest_of(folder, [{"clip": f"c{i}", "path": f"{i % kinds}.wav", "prompt": "p"} for i in range(count)])


def rows_of(folder: Path) -> list[dict]:
    return [row for part in sorted(folder.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_each_clip_has_one_row_and_what_cannot_be_scored_says_why(tmp_path):
    write_wav(tmp_path / "good.wav", tone(1.0))
    bad, complaint = make_bad("truncated_flac", tmp_path)
    with tarfile.open(tmp_path / "more.tar", "w") as tar:
        tar.add(tmp_path / "good.wav", "inside/good.wav")
    sound = {"bytes": (tmp_path / "good.wav").read_bytes(), "path": None}
    pq.write_table(pa.table({"audio": [{"bytes": b"no sound", "path": ""}, sound]}), tmp_path / "held.parquet")
    tar, held = tmp_path / "more.tar", tmp_path / "held.parquet"
    where = {
        "good": "good.wav",
        "bad": bad.name,
        "none": "none.wav",
        "tar": f"tar://inside/good.wav::{tar}",
        "tar by address": f"tar://inside/good.wav::file://{tar}",
        "not in tar": f"tar://other.wav::{tar}",
        "no tar": f"tar://good.wav::{tmp_path / 'good.wav'}",
        "parquet": f"parquet://1::{held}",
        "bad in parquet": f"parquet://0::{held}",
        "address": f"file://{tmp_path / 'good.wav'}",
        "memory": "memory://nothing/there.wav",
        "unknown": "gopher://host/a.wav",
    }
    rows = [{"clip": clip, "path": path, "system": "s"} for clip, path in where.items()]
    rows += [
        {"clip": "stretch", "path": "good.wav", "start": 0.25, "seconds": 0.5},
        {"clip": "beyond", "path": "good.wav", "start": 0.75, "seconds": 0.5},
    ]
    corpus = open_corpus(manifest_of(tmp_path, rows), tmp_path / "out", Counting(), shard=4)
    seen = []
    assert score_here(corpus, Counting(), on_rows=seen.append) == Progress(14, 8) == corpus.progress()
    assert max(done.rows for done in seen) == 14
    found = {row["clip"]: row for row in rows_of(tmp_path / "out")}
    assert len(rows_of(tmp_path / "out")) == len(found) == 14
    good = {"good", "tar", "tar by address", "parquet", "address", "stretch"}
    assert {clip for clip, row in found.items() if not row["error"]} == good
    for clip in good:
        assert found[clip]["MI"] == pytest.approx(3.0, abs=0.1), clip
        assert found[clip]["seconds"] == pytest.approx(0.5 if clip == "stretch" else 1.0)
    assert complaint in found["bad"]["error"]
    for clip, why in {
        "none": "none.wav: there is no such file",
        "not in tar": "other.wav: is not in the archive",
        "no tar": "cannot be read as an uncompressed tar",
        "bad in parquet": "held.parquet::0: is not sound that can be read: it holds text",
        "memory": "cannot be fetched (FileNotFoundError",
        "unknown": "cannot be fetched (ValueError: Protocol not known: gopher",
        "beyond": "has no sound from 0.75 to 1.25 s; it lasts 1 s",
    }.items():
        assert why in found[clip]["error"], (clip, found[clip]["error"])
    assert found["good"]["source_MI"] == "zero-shot: None r1 + level"
    assert found["none"]["MI"] is None or found["none"]["MI"] != found["none"]["MI"]
    assert not [file for file in (tmp_path / "out").iterdir() if file.name.startswith(".")]


def test_what_is_done_is_not_done_again(tmp_path):
    manifest, log = repeated(tmp_path, 60), tmp_path / "log"
    corpus = open_corpus(manifest, tmp_path / "out", Counting(log), shard=10)
    assert corpus.shards == 6
    corpus.score(corpus.open_shards()[0], Counting(log))
    first = corpus.progress().rows
    before = {part: part.stat().st_mtime_ns for part in (tmp_path / "out").glob("part-*")}
    again = open_corpus(manifest, tmp_path / "out", Counting(log), shard=999)  # goes on with the shards that there are
    assert score_here(again, Counting(log)).rows == 60 - first
    assert score_here(again, Counting(log)) == Progress()
    assert all(part.stat().st_mtime_ns == when for part, when in before.items())
    assert sum(int(line.split()[1]) for line in log.read_text().splitlines()) == 60
    assert Counter(row["clip"] for row in rows_of(tmp_path / "out")) == Counter(f"c{i}" for i in range(60))


def test_another_manifest_or_predictor_is_refused(tmp_path):
    manifest = repeated(tmp_path, 5)
    open_corpus(manifest, tmp_path / "out", Counting())
    with pytest.raises(OtherCorpusError, match="scores of another predictor \\(counting\\); name another --out"):
        open_corpus(manifest, tmp_path / "out", Counting(name="other"))
    (tmp_path / "more").mkdir()
    with pytest.raises(OtherCorpusError, match="scores of another manifest \\(m.jsonl\\)"):
        open_corpus(repeated(tmp_path / "more", 6), tmp_path / "out", Counting())
    (tmp_path / "out" / "corpus.json").write_text("{")
    with pytest.raises(OtherCorpusError, match="corpus.json is damaged"):
        open_corpus(manifest, tmp_path / "out", Counting())


def test_a_predictor_is_known_by_its_weights():
    import torch

    from qamro.predictors import load

    one, two = load("offline", cache=False), load("offline")
    assert predictor_fingerprint(one) == predictor_fingerprint(two)
    with torch.no_grad():
        music = next(part for part in getattr(two, "parts", [two]) if part.name == "offline")  # beside it one of speech
        next(iter(next(iter(music._heads.values())).parameters()))[0] += 1e-3
    assert predictor_fingerprint(one) != predictor_fingerprint(two)


def score(manifest, out, pause=0.0, lease=1.0):
    corpus = open_corpus(manifest, out, Counting(out.parent / "log", pause), shard=12)
    score_here(corpus, Counting(out.parent / "log", pause), lease=lease)


def test_several_processes_share_a_folder_and_one_is_killed(tmp_path):
    """Kill -9 within a shard: another takes it over when its lease has run out, and nobody redoes a part."""
    manifest, out = repeated(tmp_path, 120), tmp_path / "out"
    context = multiprocessing.get_context("fork")
    open_corpus(manifest, out, Counting(), shard=12)
    processes = [context.Process(target=score, args=(manifest, out, 0.1)) for _ in range(3)]
    for process in processes:
        process.start()
    log = tmp_path / "log"
    while not log.exists() or len({line.split()[0] for line in log.read_text().splitlines()}) < 3:
        time.sleep(0.01)
    os.kill(processes[0].pid, signal.SIGKILL)
    for process in processes[1:]:
        process.join(30)
        assert process.exitcode == 0
    assert Counter(row["clip"] for row in rows_of(out)) == Counter(f"c{i}" for i in range(120))
    scored = Counter()
    for line in (tmp_path / "log").read_text().splitlines():
        scored[int(line.split()[0])] += int(line.split()[1])
    assert set(scored) == {process.pid for process in processes}
    assert sum(scored.values()) <= 120 + 12 + 4


def test_leases_run_out_only_where_nobody_renews_them(tmp_path):
    one, two = Leases(tmp_path, 0.4), Leases(tmp_path, 0.4)
    with one.held("a") as mine:
        assert mine
        time.sleep(0.9)
        with two.held("a") as theirs, two.held("b") as other:
            assert (theirs, other) == (False, True)
    with two.held("a") as theirs:
        assert theirs
    (tmp_path / "leases" / "c").write_text("a machine that died")
    os.utime(tmp_path / "leases" / "c", (0, 0))
    got = []

    def take():
        with Leases(tmp_path, 0.4).held("c") as mine:
            got.append(mine)
            time.sleep(0.3)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(True) == 1
    assert list((tmp_path / "leases").iterdir()) == []


@pytest.mark.server
def test_a_killed_run_goes_on_at_the_command_line_and_its_folder_is_evaluated(tmp_path, run):
    manifest, out = repeated(tmp_path, 90), tmp_path / "scores"
    command = [sys.executable, "-m", "qamro", "predict", str(manifest), "--out", str(out), "--shard", "10"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(out.glob("part-*"))) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert 0 < len(rows_of(out)) < 90
    for lease in (out / "leases").iterdir():
        os.utime(lease, (0, 0))  # two minutes later
    (tmp_path / "0.wav").write_bytes(b"poison")  # and a file has gone bad meanwhile
    result = run("predict", manifest, "--out", out, "--shard", 10)
    assert result.exit_code == 1, result.output
    assert "done before; going on" in result.output
    rows = rows_of(out)
    assert Counter(row["clip"] for row in rows) == Counter(f"c{i}" for i in range(90))
    failed = {row["clip"] for row in rows if row["error"]}
    assert failed
    assert failed <= {f"c{i}" for i in range(0, 90, 3)}
    ratings = tmp_path / "ratings.csv"
    good = [row["clip"] for row in rows if not row["error"]][:20]
    lines = [f"{clip},s{i % 4},r{r},MI,{1 + (i + r) % 5}" for i, clip in enumerate(good) for r in range(2)]
    ratings.write_text("\n".join(["clip,system,rater,axis,score", *lines]) + "\n")
    for verb in ("evaluate", "compare"):
        told = run(verb, "--predictions", out, "--ratings", ratings, "--draws", 0)
        assert told.exit_code == 0, told.output
        assert "90 rows, of which 20 may be of rated clips and are read" in told.output
    assert "20 clips matched" in run("evaluate", "--predictions", out, "--ratings", ratings, "--draws", 0).output


def test_wrong_use_is_told(tmp_path, run):
    manifest = repeated(tmp_path, 4)
    for arguments, why in (
        (("--out", tmp_path / "s", "--engine", "slurm"), "--engine is one of local, ray, not 'slurm'"),
        (("--out", tmp_path / "s.csv"), "row 4: 0.wav stands in row 1 already"),
        (("--out", tmp_path / "s", "--prompt", "slow"), "--prompt is not for a corpus"),
    ):
        result = run("predict", manifest, *arguments)
        assert (result.exit_code, why in result.output) == (2, True), result.output
    result = run("predict", tmp_path / "0.wav", "--engine", "ray")
    assert (result.exit_code, "score one manifest into a folder" in result.output) == (2, True)
    (tmp_path / "bad.jsonl").write_text('{"prompt": "x"}\n')
    result = run("predict", tmp_path / "bad.jsonl", "--out", tmp_path / "t")
    assert result.exit_code == 2
    assert "row 1: there is no column of clip names" in " ".join(result.output.split())


def test_memory_does_not_grow_with_the_manifest(tmp_path):
    """Of 300 and of 3,000 clips in parts of 100, the peak is the same; 100,000 are in benchmarks/scale.py."""
    peaks = []
    for count in (300, 3000):
        folder = tmp_path / str(count)
        folder.mkdir()
        manifest = repeated(folder, count)
        tracemalloc.start()
        score_here(open_corpus(manifest, folder / "out", Counting(), shard=100), Counting())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000


def test_parts_are_read_for_the_clips_that_are_wanted(tmp_path):
    corpus = open_corpus(repeated(tmp_path, 50), tmp_path / "out", Counting(), shard=10)
    score_here(corpus, Counting())
    assert is_parts(tmp_path / "out")
    assert not is_parts(tmp_path)
    everything = read_parts(tmp_path / "out")
    assert sorted(everything["clip"]) == sorted(f"c{i}" for i in range(50))
    some = read_parts(tmp_path / "out", lambda clip, path: clip in ("c7", "c8"))
    assert sorted(some["clip"]) == ["c7", "c8"]
    assert some.attrs["rows"] == 50
    assert len(read_parts(tmp_path / "out", lambda clip, path: False)) == 0
