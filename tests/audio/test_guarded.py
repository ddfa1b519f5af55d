"""Files are decoded by other processes as they are here, and whatever a file does costs its own row and ten seconds."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import BAD, GOOD, HOSTILE_NAMES, make_bad, make_good, tone, wav_bytes, write_wav

from qamro.audio import AudioError, Limits, guarded, load, probe
from qamro.audio.guarded import Decoders, guarded_probe

HASTY = Limits(work=0.4)


@pytest.mark.parametrize("kind", GOOD)
def test_good_files_sound_the_same(kind: str, tmp_path: Path) -> None:
    path = make_good(kind, tmp_path, channels=2, seconds=1.3)
    for rate in (None, 32_000):
        here, there = load(path, rate), guarded.load(path, rate)
        assert there.sample_rate == here.sample_rate
        np.testing.assert_array_equal(there.samples, here.samples)
    assert repr(guarded_probe(path)) == repr(probe(path))


@pytest.mark.parametrize("kind", [*BAD, "missing", "folder", "no_name", "nul"])
def test_errors_are_the_same(kind: str, tmp_path: Path) -> None:
    others = {"missing": tmp_path / "none.wav", "folder": tmp_path, "no_name": "", "nul": "a\0b.wav"}
    path = others[kind] if kind in others else make_bad(kind, tmp_path)[0]
    with pytest.raises(AudioError) as here:
        load(path)
    with pytest.raises(AudioError) as there:
        guarded.load(path)
    assert str(there.value) == str(here.value)
    assert there.value.path == here.value.path


@pytest.mark.parametrize("name", HOSTILE_NAMES[:4] + HOSTILE_NAMES[11:13])
def test_names_survive_the_way(name: str, tmp_path: Path) -> None:
    path = write_wav(tmp_path / name, tone(0.3))
    assert guarded.load(path).seconds == pytest.approx(0.3)
    undecodable = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    write_wav(Path(os.fspath(tmp_path)) / "x.wav", tone(0.3)).rename(undecodable)
    assert guarded.load(undecodable).seconds == pytest.approx(0.3)


def test_relative_paths_follow_the_asking_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wav(tmp_path / "here.wav", tone(0.3))
    guarded.load(tmp_path / "here.wav")
    monkeypatch.chdir(tmp_path)
    assert guarded.load("here.wav").seconds == pytest.approx(0.3)


# What a file may cost.


def chunks(kind: bytes, count: int) -> bytes:
    """A WAV or AIFF of so many chunks of no bytes before its sound."""
    order = ">" if kind == b"FORM" else "<"
    body = struct.pack(f"{order}4sI", b"junk", 0) * count
    if kind == b"FORM":
        return b"FORM" + struct.pack(">I", len(body) + 4) + b"AIFF" + body
    sound = wav_bytes(tone(1.0))[12:]
    return b"RIFF" + struct.pack("<I", len(sound) + len(body) + 4) + b"WAVE" + body + sound


def flac_header(rate: int, seconds: float, channels: int = 1) -> bytes:
    """A real FLAC whose header promises more than it has."""
    import io

    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.5), 48_000, format="FLAC")
    data = bytearray(buffer.getvalue())
    facts = rate << 44 | (channels - 1) << 41 | 15 << 36 | round(rate * seconds)
    data[18:26] = facts.to_bytes(8, "big")
    return bytes(data)


def empty_elements(size: int) -> bytes:
    """A WebM that is nothing but empty elements in a segment of open length: 4 million steps."""
    head = bytes.fromhex("1a45dfa3 8b 4282 84") + b"webm" + bytes.fromhex("4285 81 02")
    return head + bytes.fromhex("18538067 01ffffffffffffff") + b"\xec\x80" * ((size - 32) // 2)


BOMBS = {
    "chunks.wav": (lambda: chunks(b"RIFF", 2_000_000), "chunks"),
    "chunks_behind.wav": (lambda: wav_bytes(tone(1.0)) + b"junk\0\0\0\0" * 200_000, "chunks"),
    "chunks.aiff": (lambda: chunks(b"FORM", 2_000_000), "chunks"),
    "hour.flac": (lambda: flac_header(384_000, 3599), "too large: 3599 s at 384000 Hz"),
    "eight.flac": (lambda: flac_header(96_000, 1200, channels=8), "too large: 1200 s at 96000 Hz, 8 channels"),
    "elements.webm": (lambda: empty_elements(8_000_000), "takes more than|no known audio format"),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("by", [load, guarded.load])
def test_a_file_made_to_take_long_is_refused_in_time(name: str, by, tmp_path: Path) -> None:
    make, complaint = BOMBS[name]
    (tmp_path / name).write_bytes(make())
    start, before = time.perf_counter(), time.process_time()
    with pytest.raises(AudioError, match=complaint):
        by(tmp_path / name, 32_000, limits=replace(HASTY, work=1.0))
    assert time.process_time() - before < 3
    assert time.perf_counter() - start < 10


def test_libav_ends_when_its_time_is_over(tmp_path: Path) -> None:
    path = make_good("webm", tmp_path, seconds=1.0)
    with pytest.raises(AudioError, match=r"webm.webm: takes more than 0 s to decode"):
        load(path, limits=Limits(work=0.0))
    assert load(path).seconds == pytest.approx(1.0, abs=0.1)


def test_a_header_that_promises_little_does_not_open_the_door(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", np.tile(tone(1.0), (40, 1)))
    few = Limits(samples=20 * 44_100)
    for by in (load, guarded.load):
        with pytest.raises(
            AudioError, match=r"too large: 40 s at 44100 Hz, 1 channel, more than the 8.82e\+05 samples"
        ):
            by(path, limits=few)
        with pytest.raises(AudioError, match="numbers that are decoded"):
            by(path, limits=Limits(values=20 * 44_100))
    stream = make_good("aac", tmp_path, seconds=4.0)  # states no length
    for by in (load, guarded.load):
        with pytest.raises(AudioError, match=r"too large: goes on at 44100 Hz"):
            by(stream, limits=Limits(values=50_000))
        with pytest.raises(AudioError, match=r"too large: goes on at 44100 Hz"):
            by(stream, 16_000, limits=Limits(samples=16_000))


def test_what_is_kept_is_held_once(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "two_minutes.wav", np.tile(tone(10.0, 48_000), (12, 1)), 48_000)
    for by in (load, guarded.load):
        by(path, 32_000)
        tracemalloc.start()
        wave = by(path, 32_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert wave.samples.nbytes <= peak < wave.samples.nbytes + 12e6  # blocks of 2 MB and their copies


def test_memory_is_limited_and_only_this_file_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "_pools", {})  # a process that has no memory from earlier files
    path = write_wav(tmp_path / "good.wav", tone(1.0))
    with pytest.raises(AudioError, match="GB to decode|decoder down|cannot be decoded"):
        guarded.load(path, 32_000, limits=Limits(memory=10_000_000))
    assert guarded.load(path).seconds == 1.0


def test_a_killed_process_costs_nothing_but_a_retry(tmp_path: Path) -> None:
    path, pool = write_wav(tmp_path / "good.wav", tone(1.0)), Decoders(1)
    wish = {"verb": "load", "sample_rate": None, "allow_silence": False}
    assert pool.ask(path, wish, Limits()).seconds == 1.0
    (process,) = pool._idle
    os.kill(process._process.pid, signal.SIGKILL)
    assert pool.ask(path, wish, Limits()).seconds == 1.0
    assert pool._idle[0] is not process
    pool.close()
    assert pool._idle == []


def test_a_process_that_dies_of_a_file_costs_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pool = write_wav(tmp_path / "good.wav", tone(1.0)), Decoders(1)
    wish = {"verb": "load", "sample_rate": None, "allow_silence": False}
    pool.ask(path, wish, Limits())

    def die(self, *_: object) -> None:
        self._process.send_signal(signal.SIGSEGV)
        self._process.wait()
        raise EOFError

    monkeypatch.setattr(guarded._Process, "_answer", die)
    with pytest.raises(AudioError, match=r"good.wav: breaks its decoder down \(signal 11\)"):
        pool.ask(path, wish, Limits())
    pool.close()


def test_a_file_that_hangs_is_given_up_by_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pool = write_wav(tmp_path / "good.wav", tone(1.0)), Decoders(1)
    wish = {"verb": "load", "sample_rate": None, "allow_silence": False}
    pool.ask(path, wish, Limits())
    pool._idle[0]._process.send_signal(signal.SIGSTOP)  # as on a network drive that does not answer
    start = time.perf_counter()
    with pytest.raises(AudioError, match=r"takes more than 0.1 s to decode"):
        pool.ask(path, wish, Limits(work=0.1))
    assert time.perf_counter() - start < 5
    pool.close()


def test_threads_get_their_own_sound(tmp_path: Path) -> None:
    paths = [write_wav(tmp_path / f"{i}.wav", tone(0.5, hz=200 + 10 * i)) for i in range(24)]
    expected = [load(path).samples for path in paths]
    with ThreadPoolExecutor(6) as threads:
        for wave, samples in zip(threads.map(guarded.load, paths), expected, strict=True):
            np.testing.assert_array_equal(wave.samples, samples)


def test_no_process_is_left_and_nothing_is_printed(tmp_path: Path) -> None:
    damaged = bytearray(make_good("mp3", tmp_path, seconds=2.0).read_bytes())
    damaged[9_000:9_040] = bytes(40)  # libmpg123 remarks on it
    (tmp_path / "damaged.mp3").write_bytes(damaged)
    code = (
        "import sys; from qamro.audio import guarded; guarded.load(sys.argv[1]);"
        "print(guarded._pool()._idle[0]._process.pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "damaged.mp3"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


@pytest.mark.parametrize("way", ["no such program", "a program that ends"])
def test_a_machine_that_starts_no_process_decodes_here_and_says_so(way, tmp_path, monkeypatch, caplog) -> None:
    program = "/nowhere/python" if way == "no such program" else "/bin/false"
    monkeypatch.setattr(guarded, "_pools", {})
    monkeypatch.setattr(guarded.sys, "executable", program)
    guarded._warn.cache_clear()
    path = write_wav(tmp_path / "good.wav", tone(1.0))
    for _ in range(2):
        assert guarded.load(path).seconds == guarded_probe(path).seconds == 1.0
    assert caplog.text.count("files are decoded in this process") == 1


def test_none_at_all_where_that_is_wished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_DECODERS", "0")
    monkeypatch.setattr(guarded, "_Process", None)
    path = write_wav(tmp_path / "good.wav", tone(1.0))
    before = threading.active_count()
    assert guarded.load(path).seconds == guarded_probe(path).seconds == 1.0
    assert threading.active_count() == before


def test_slow_files_leave_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slow files want both decoders; good ones come through while they are at it, and each gets its answer."""
    monkeypatch.setattr(guarded, "LOOK", 0.1)
    slow = tmp_path / "slow.webm"
    slow.write_bytes(empty_elements(40_000_000))
    good = write_wav(tmp_path / "good.wav", tone(1.0))
    decoders, limits = Decoders(2), Limits(work=0.8)
    wish = {"verb": "load", "sample_rate": None, "allow_silence": False}
    answers: list[str] = []

    def bring() -> None:
        with pytest.raises(AudioError) as refused:
            decoders.ask(slow, wish, limits)
        answers.append(refused.value.problem)

    decoders.ask(good, wish, limits)
    threads = [threading.Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.8)  # both decoders had a slow one, and one of these has given way
    meanwhile = 0
    while len(answers) < 3:
        assert decoders.ask(good, wish, limits).seconds == pytest.approx(1.0)
        meanwhile += len(answers) < 3
    for thread in threads:
        thread.join()
    decoders.close()
    assert meanwhile
    assert all("takes more than 0.8 s" in each for each in answers), answers
    assert decoders._slow.acquire(blocking=False)
    assert not decoders._slow.acquire(blocking=False), "one permit, and it is back"
