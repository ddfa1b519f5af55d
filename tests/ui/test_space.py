import sys
import types

import numpy as np
import pytest
from audio_files import tone, write_wav

from qamro.audio import Waveform
from qamro.ui import space

from .toy import Toy


def wave(seconds, rate=8000):
    return Waveform(np.zeros(round(seconds * rate), np.float32), rate)


class Scores:
    def score(self, waveforms, prompts):
        return [{"MI": len(prompt)} for prompt in prompts]


@pytest.fixture
def lent(monkeypatch):
    """The package that ZeroGPU Spaces come with, as far as it is used; it writes down what is asked of it."""
    asked = []

    def gpu(duration):
        def wrap(function):
            def call(*arguments):
                asked.append(duration(*arguments))
                return function(*arguments)

            return call

        return wrap

    module = types.ModuleType("spaces")
    module.GPU = gpu
    monkeypatch.setitem(sys.modules, "spaces", module)
    return asked


def test_on_zerogpu_a_call_borrows_by_the_length_of_its_audio(lent, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    predictor = space.lend_gpu(Scores())
    assert predictor.score([wave(10), wave(30)], ["a", "bcd"]) == [{"MI": 1}, {"MI": 3}]
    predictor.score([wave(1)], ["a"])
    predictor.score([wave(5000)], ["a"])
    assert lent == [12, 11, 120]


def test_no_short_cut_leads_past_the_borrowed_gpu(lent, monkeypatch, tmp_path):
    class Quick(Toy):
        def hear(self, item, known):
            raise AssertionError("would embed where no GPU is")

        def recall(self, items):
            raise AssertionError("likewise")

        def score_sounds(self, sounds, prompts):
            raise AssertionError("likewise")

    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    clips = [write_wav(tmp_path / f"{i}.wav", tone(0.5)) for i in range(3)]
    rows = list(space.lend_gpu(Quick()).stream(clips))
    assert [row["error"] for row in rows] == ["", "", ""]
    assert lent == [11, 11]


def test_elsewhere_nothing_changes_and_nothing_is_imported(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)
    predictor = Scores()
    assert space.lend_gpu(predictor) is predictor
    assert "score" not in vars(predictor)
