import numpy as np
import pytest
import torch

from qamro.encoders import Clap
from tests.encoders.small import RATE, clap_model
from tests.encoders.test_clap import sound


@pytest.fixture(scope="module")
def clap(small_clap, small_tokenizer):
    return Clap.from_checkpoint(small_clap, tokenizer=small_tokenizer)


def test_a_windows_frames_average_to_what_the_tower_pools_to(clap):
    clips = [sound(10, 1), sound(10, 2)]
    with torch.inference_mode():
        windows = torch.from_numpy(np.stack(clips))
        rounded = (windows.clamp(-1, 1) * 32767).to(torch.int16).float() / 32767
        pooled = clap_model().audio_model(input_features=clap.log_mel(rounded)[:, None]).pooler_output
    frames = clap.embed_frames([(clip, RATE) for clip in clips])
    assert [part.shape for part in frames] == [(32, 128), (32, 128)]
    for part, expected in zip(frames, pooled, strict=True):
        torch.testing.assert_close(part.mean(0), expected, atol=1e-4, rtol=1e-4)
    assert (clap.frame_rate, clap.frame_dim) == (3.2, 128)


def test_frames_run_in_time(clap):
    """What changes in the last seconds changes late frames more than early ones."""
    quiet = sound(10, 3) * 0.1
    loud = quiet.copy()
    loud[8 * RATE :] = sound(2, 4)
    one, other = clap.embed_frames([(quiet, RATE), (loud, RATE)])
    change = (one - other).norm(dim=1)
    assert change[-6:].mean() > 2 * change[:16].mean()


def test_what_fills_a_window_up_is_left_out(clap):
    lengths = [len(part) for part in clap.embed_frames([(sound(s), RATE) for s in (0.02, 0.5, 5, 9.9, 12.5, 31)])]
    assert lengths == [1, 2, 16, 32, 40, 100]
    assert clap.embed_frames([]) == []


def test_token_states_are_transformers_own(clap):
    texts = ["calm piano", "fast drums and a loud guitar"]
    found = clap.embed_text_frames(texts)
    for text, rows in zip(texts, found, strict=True):
        ids, mask = clap._tokens([text])
        with torch.inference_mode():
            expected = clap_model().text_model(input_ids=ids, attention_mask=mask).last_hidden_state[0]
        torch.testing.assert_close(rows, expected, atol=1e-5, rtol=1e-4)
    assert found[0].shape[1] == clap.token_dim == 64


def test_without_a_tokenizer_there_are_no_tokens(small_clap):
    with pytest.raises(ValueError, match="no tokenizer"):
        Clap.from_checkpoint(small_clap).embed_text_frames(["calm"])
