from functools import partial

import torch

from qamro.encoders import frame_encoder
from qamro.studies.simulated import SAMPLE_RATE, draw_prompt, draw_system, stream
from qamro.training.frames.simulated import simulated_frames
from qamro.training.simulated_corpus import Corpus, is_catch


def test_frames_are_those_of_the_rendered_sound_and_catches_share_them():
    corpus = Corpus(systems=2, prompts=3, listeners=2, catches=2, seed=5)
    study, found = simulated_frames(corpus, partial(frame_encoder, "logmel", cache=False), workers=0)
    assert len(found.clips) == len(study.clips) == 2 * 3 * 3
    assert len(found.frames) == 6
    clip = next(stream([draw_system(1, 5)], [draw_prompt(4, 5)], 5))
    expected = frame_encoder("logmel", cache=False).embed_frames([(clip.samples, SAMPLE_RATE)])[0]
    row = found.clips.index(clip.clip)
    torch.testing.assert_close(found.frames[found.sound[row]].float(), expected.half().float(), atol=0.1, rtol=1e-2)
    of = dict(zip(study.clips["clip"], study.clips["catch_of"], strict=True))
    for name, sound in zip(found.clips, found.sound, strict=True):
        if is_catch(name):
            assert sound == found.sound[found.clips.index(of[name])]
    assert set(found.text) == set(found.prompts) == set(study.clips["prompt"])
