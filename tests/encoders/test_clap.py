import shutil

import numpy as np
import pytest
import torch

from qamro.checkpoints import WeightsError
from qamro.encoders import Clap
from qamro.encoders.clap import RobertaTokens, windows_of
from tests.encoders.small import RATE, clap_model, laion_state, reference_audio, save_laion


def sound(seconds, seed=0, rate=RATE):
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * time)
    return (0.3 * tone * np.exp(-time % 1) + 0.05 * rng.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="module")
def clap(small_clap, small_tokenizer):
    return Clap.from_checkpoint(small_clap, tokenizer=small_tokenizer)


def test_clips_of_up_to_10_s_are_embedded_as_transformers_does(clap):
    clips = [sound(seconds, i) for i, seconds in enumerate((10, 0.02, 0.5, 3.3, 6.1, 9.99))]
    expected = reference_audio(clap_model(), clips)
    found = clap.embed_audio([(clip, RATE) for clip in clips])
    assert found.shape == (6, clap.audio_dim) == (6, 24)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
    assert np.abs(np.diff(expected, axis=0)).max() > 1e-2, "the oracle tells the clips apart"


def test_a_checkpoint_without_masks_gives_the_same(clap, tmp_path):
    path = save_laion(laion_state(clap_model(), masks=False), tmp_path / "clap.pt")
    clips = [(sound(4, 1), RATE)]
    torch.testing.assert_close(Clap.from_checkpoint(path).embed_audio(clips), clap.embed_audio(clips))


def test_the_checkpoints_own_masks_are_used_as_laion_clap_does(clap, tmp_path):
    state = laion_state(clap_model(), masks=True)
    for key in state:
        if key.endswith("attn_mask"):
            state[key] = torch.randn(state[key].shape, generator=torch.Generator().manual_seed(1))
    other = Clap.from_checkpoint(save_laion(state, tmp_path / "clap.pt"))
    clips = [(sound(4, 1), RATE)]
    assert (other.embed_audio(clips) - clap.embed_audio(clips)).abs().max() > 1e-3


def test_a_long_clip_is_the_weighted_mean_of_its_windows(clap):
    clip = sound(23.5)
    windows = [clip[:480_000], clip[480_000:960_000], clip[960_000:]]
    parts = reference_audio(clap_model(), windows)
    mean = (parts * np.array([[1.0], [1.0], [0.35]])).sum(0)
    found = clap.embed_audio([(clip, RATE)])[0].numpy()
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-5)


def test_an_embedding_depends_on_its_clip_alone(clap):
    clips = [(sound(seconds, i), RATE) for i, seconds in enumerate((12, 3, 31, 7))]
    together = clap.embed_audio(clips)
    alone = torch.cat([clap.embed_audio([clip]) for clip in clips])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)
    torch.testing.assert_close(together, clap.embed_audio(clips), atol=0, rtol=0)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))


def test_other_rates_are_resampled(clap):
    import soxr

    clip = sound(5, rate=32_000)
    expected = clap.embed_audio([(soxr.resample(clip, 32_000, RATE), RATE)])
    torch.testing.assert_close(clap.embed_audio([(clip, 32_000)]), expected)


def test_full_precision_is_heard_where_16_bits_are_silence(small_clap):
    quiet = sound(4)
    quiet *= 3e-5 / np.abs(quiet).max()  # the smallest step of 16 bits is 3.05e-5
    laion = Clap.from_checkpoint(small_clap)
    fine = Clap.from_checkpoint(small_clap, like_laion=False)
    silence = laion.embed_audio([(np.zeros_like(quiet), RATE)])
    torch.testing.assert_close(laion.embed_audio([(quiet, RATE)]), silence)
    assert (fine.embed_audio([(quiet, RATE)]) - silence).abs().max() > 1e-3
    assert laion.settings != fine.settings


def test_texts_equal_transformers_and_padding_changes_nothing(clap, small_tokenizer):
    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()
    from transformers import RobertaTokenizer

    texts = ["calm piano", "fast drums and a loud guitar in the rain " * 20, "", "Ünïcode 🎹"]
    reference = RobertaTokenizer.from_pretrained(str(small_tokenizer))
    tokens = reference(texts, padding="max_length", truncation=True, max_length=77, return_tensors="pt")
    with torch.inference_mode():
        expected = clap_model().get_text_features(tokens["input_ids"], tokens["attention_mask"]).pooler_output
    torch.testing.assert_close(clap.embed_text(texts), expected, atol=1e-6, rtol=0)
    padded = clap.embed_tokens(tokens["input_ids"].numpy(), tokens["attention_mask"].numpy())
    torch.testing.assert_close(padded, expected, atol=1e-6, rtol=0)


def test_padding_in_front_is_read_as_it_is(clap):
    ids = torch.tensor([[1, 1, 0, 9, 2], [0, 8, 9, 10, 2]])
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    with torch.inference_mode():
        expected = clap_model().get_text_features(ids, mask).pooler_output
    torch.testing.assert_close(clap.embed_tokens(ids, mask), expected, atol=1e-6, rtol=0)


def test_nothing_gives_nothing(clap):
    assert clap.embed_audio([]).shape == (0, 24)
    assert clap.embed_text([]).shape == (0, 24)


def test_without_a_tokenizer_only_ids_can_be_embedded(small_clap):
    with pytest.raises(ValueError, match="no tokenizer"):
        Clap.from_checkpoint(small_clap).embed_text(["calm piano"])


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        ((np.zeros(0, np.float32), RATE), r"clip 1 has shape \(0,\)"),
        ((np.zeros((2, 9), np.float32), RATE), r"clip 1 has shape \(2, 9\)"),
        ((np.array([0.0, np.nan], np.float32), RATE), "clip 1 holds NaN"),
        ((np.zeros(9, np.int16), RATE), "clip 1 holds int16"),
        ((np.zeros(9, np.float32), 0), "clip 1 has a sample rate of 0 Hz"),
    ],
)
def test_what_is_no_clip_is_refused_by_its_number(clap, clip, message):
    with pytest.raises(ValueError, match=message):
        clap.embed_audio([(sound(1), RATE), clip])


def test_revision_is_the_contents_hash(clap, small_clap):
    import hashlib

    assert clap.revision == hashlib.sha256(small_clap.read_bytes()).hexdigest()[:12]
    assert not clap.published


def test_bfloat16_stays_close(small_clap):
    clips = [(sound(seconds, i), RATE) for i, seconds in enumerate((3, 12))]
    exact = Clap.from_checkpoint(small_clap).embed_audio(clips)
    rough = Clap.from_checkpoint(small_clap, precision="bfloat16")
    found = rough.embed_audio(clips)
    assert rough.settings == "bfloat16"
    assert found.dtype == torch.float32
    assert 0 < (found - exact).abs().max() < 0.05
    assert ((found * exact).sum(1) > 0.99).all()


def test_windows_of_a_clip():
    assert [weight for _, weight in windows_of(np.ones(100, np.float32))] == [100 / 480_000]
    exact = windows_of(np.ones(960_000, np.float32))
    assert [weight for _, weight in exact] == [1, 1]
    assert len(windows_of(np.ones(960_000 + 23_999, np.float32))) == 2, "a rest below 0.5 s is left out"
    assert [weight for _, weight in windows_of(np.ones(960_000 + 24_000, np.float32))] == [1, 1, 0.05]


def test_short_clips_repeat_whole_and_then_zeros_or_without_a_gap():
    part = np.linspace(-0.5, 0.5, 200_000, dtype=np.float32)
    [(window, _)] = windows_of(part, like_laion=False)
    np.testing.assert_array_equal(window, np.resize(part, 480_000))
    [(window, _)] = windows_of(part)
    rounded = (part * 32767).astype(np.int16) / 32767.0
    np.testing.assert_array_equal(window[:400_000], np.tile(rounded, 2).astype(np.float32))
    assert not window[400_000:].any()
    [(loud, _)] = windows_of(np.array([-3.0, 3.0] * 240_000, np.float32))
    assert (loud.min(), loud.max()) == (-1, 1)


@pytest.mark.cuda
def test_a_gpu_gives_the_same(clap, small_clap):
    clips = [(sound(seconds, i), RATE) for i, seconds in enumerate((3, 12, 25))]
    found = Clap.from_checkpoint(small_clap, device="cuda").embed_audio(clips)
    torch.testing.assert_close(found, clap.embed_audio(clips), atol=1e-4, rtol=0)


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


TEXTS = ["calm piano with soft strings", "", "drums!? 100% 🎹 " * 30, "rain\n\tin the  city"]


def test_both_forms_of_the_files_give_transformers_ids(small_tokenizer, tmp_path):
    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()
    from transformers import RobertaTokenizer

    reference = RobertaTokenizer.from_pretrained(str(small_tokenizer))
    expected = reference(TEXTS, padding=True, truncation=True, max_length=77, return_tensors="pt")
    reference.save_pretrained(str(tmp_path))
    assert (tmp_path / "tokenizer.json").is_file()
    (tmp_path / "vocab.json").unlink(missing_ok=True)
    for folder in (small_tokenizer, tmp_path):
        ids, mask = RobertaTokens(folder)(TEXTS)
        assert ids.tolist() == expected["input_ids"].tolist()
        assert mask.tolist() == expected["attention_mask"].tolist()


def test_a_folder_without_a_tokenizer_is_named(tmp_path, small_tokenizer):
    with pytest.raises(FileNotFoundError, match=r"neither tokenizer\.json nor vocab\.json.*fetch roberta-base"):
        RobertaTokens(tmp_path)
    shutil.copy(small_tokenizer / "vocab.json", tmp_path)
    with pytest.raises(FileNotFoundError, match="merges"):
        RobertaTokens(tmp_path)


def test_a_broken_tokenizer_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsError, match="cannot be read"):
        RobertaTokens(tmp_path)
