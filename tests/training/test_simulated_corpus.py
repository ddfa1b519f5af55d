import signal
from functools import partial

import numpy as np
import pytest

from qamro.encoders import load_encoder
from qamro.studies.simulated import SAMPLE_RATE, draw_prompt, draw_system, stream
from qamro.training.simulated_corpus import Corpus, _mapping, heard, is_catch, simulated_corpus

TINY = Corpus(systems=3, prompts=4, listeners=3, catches=2, seed=5)


@pytest.fixture(scope="module")
def made():
    return simulated_corpus(TINY, partial(load_encoder, "logmel"), workers=0)


def test_every_clip_is_rated_and_catches_on_ta_only(made):
    study, embeddings = made
    assert study.kind == "simulated"
    assert len(study.clips) == len(embeddings.clips) == 3 * 4 * (1 + 2)
    catches = study.ratings[study.ratings["clip"].map(is_catch)]
    assert set(catches["axis"]) == {"TA"}
    own = study.ratings[~study.ratings["clip"].map(is_catch)]
    assert set(own["axis"]) == {"MI", "TA", "PQ", "PC", "CE", "CU"}


def test_systems_have_prompts_of_their_own(made):
    clips = made[0].clips
    own = clips[~clips["clip"].map(is_catch)]
    assert own["clip"].str.split("_").str[1].is_unique


def test_embeddings_are_those_of_the_rendered_sound(made):
    _, embeddings = made
    clip = next(stream([draw_system(1, 5)], [draw_prompt(4, 5)], 5))
    expected = load_encoder("logmel").embed_audio([(clip.samples, SAMPLE_RATE)])[0]
    np.testing.assert_allclose(embeddings.audio[embeddings.clips.index(clip.clip)], expected, rtol=1e-5, atol=1e-5)


def test_a_catch_has_the_sound_of_its_clip_and_another_prompt(made):
    study, embeddings = made
    catch = next(name for name in embeddings.clips if is_catch(name))
    clip = catch.split("~")[0]
    row, own = embeddings.clips.index(catch), embeddings.clips.index(clip)
    assert (embeddings.audio[row] == embeddings.audio[own]).all()
    assert (embeddings.text[row] != embeddings.text[own]).any()
    means = study.clip_means().query("axis == 'TA'").set_index("clip")["mean"]
    own_mean = means[[not is_catch(name) for name in means.index]].mean()
    assert means[[is_catch(name) for name in means.index]].mean() < own_mean


def test_workers_do_not_change_the_numbers(made):
    study, embeddings = simulated_corpus(TINY, partial(load_encoder, "logmel"), workers=2)
    assert study.ratings.equals(made[0].ratings)
    np.testing.assert_array_equal(embeddings.audio, made[1].audio)


def test_clips_are_heard_for_3_to_60_seconds():
    corpus, samples = Corpus(seed=5), np.arange(5000, dtype="f4")
    sounds = [heard(samples, 1000, corpus, index) for index in range(800)]
    lengths = np.array([len(sound) for sound in sounds]) / 1000
    assert (lengths[np.arange(800) % 4 < 3] == 5).all()
    others = lengths[3::4]
    assert 3 <= others.min() < 3.5
    assert 50 < others.max() <= 60
    assert 0.2 < (others > 20).mean() < 0.5, "spread evenly in logarithm"
    for sound in sounds[3::4]:
        start = int(sound[0])
        assert (sound == np.resize(samples[start:], len(sound))).all()
        assert start == 0 or len(sound) <= 5000 - start
    assert all((one == heard(samples, 1000, corpus, index)).all() for index, one in enumerate(sounds[:20]))


def test_stopping():
    with pytest.raises(InterruptedError, match="1 of 3"):
        simulated_corpus(TINY, partial(load_encoder, "logmel"), workers=0, on_clip=lambda done, total: True)


def test_the_card_counts_sounds_and_not_pairs(made):
    from qamro.studies.summary import study_summary

    assert study_summary(made[0])["clips"] == 3 * 4


def _hears_ctrl_c(_: int) -> bool:
    return signal.getsignal(signal.SIGINT) != signal.SIG_IGN


def test_workers_do_not_hear_ctrl_c_while_this_process_does():
    before = signal.getsignal(signal.SIGINT)
    with _mapping(1) as mapping:
        assert signal.getsignal(signal.SIGINT) == before
        assert list(mapping(_hears_ctrl_c, range(2))) == [False, False]
    assert signal.getsignal(signal.SIGINT) == before
