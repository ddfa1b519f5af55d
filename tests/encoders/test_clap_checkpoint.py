import os
import pickle

import pytest
import torch

from qamro.checkpoints import WeightsError
from qamro.encoders import Clap
from qamro.encoders.clap_network import load_converted, read_laion
from qamro.paths import cache_dir
from tests.encoders.small import clap_model, laion_state, save_laion


@pytest.fixture
def state():
    return laion_state(clap_model(), masks=True)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))


def test_foreign_code_is_not_run(tmp_path, state):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    path = save_laion(state, tmp_path / "clap.pt", attack=Attack())
    with pytest.raises(WeightsError, match=r"clap\.pt holds more than weights and was not loaded"):
        load_converted(path)
    assert not (tmp_path / "owned").exists()


def test_a_plain_pickle_is_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    path = tmp_path / "clap.pt"
    path.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(WeightsError):
        load_converted(path)
    assert not (tmp_path / "owned").exists()


def test_numpy_numbers_under_their_old_module_name_are_read(tmp_path, state):
    path = save_laion(state, tmp_path / "clap.pt")
    content = path.read_bytes()
    assert b"numpy._core.multiarray" in content
    # The published file was written by numpy 1, which called the module numpy.core; so it does in an older torch.save.
    import zipfile

    old = tmp_path / "old.pt"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(old, "w", zipfile.ZIP_STORED) as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename.endswith("data.pkl"):
                data = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            target.writestr(item, data)
    assert set(read_laion(old)) == set(read_laion(path))


def test_a_cut_file_is_refused(tmp_path, state):
    path = save_laion(state, tmp_path / "clap.pt")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="damaged or no checkpoint"):
        load_converted(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        Clap.from_checkpoint(tmp_path / "nowhere.pt")


def test_other_checkpoints_are_refused(tmp_path, state):
    other = tmp_path / "other.pt"
    torch.save({"state_dict": {"weight": torch.zeros(3)}}, other)
    with pytest.raises(WeightsError, match="not one of LAION-CLAP"):
        load_converted(other)
    torch.save([1, 2], other)
    with pytest.raises(WeightsError, match="not one of LAION-CLAP"):
        load_converted(other)
    fusion = save_laion(state | {"audio_branch.patch_embed.mel_conv2d.weight": torch.zeros(1)}, tmp_path / "fusion.pt")
    with pytest.raises(WeightsError, match="fusion"):
        load_converted(fusion)


@pytest.mark.parametrize(
    "key",
    ["audio_branch.norm.weight", "text_branch.pooler.dense.weight", "audio_branch.layers.1.blocks.0.attn.qkv.bias"],
)
def test_a_missing_tensor_is_named(tmp_path, state, key):
    del state[key]
    with pytest.raises(WeightsError, match=r"norm\.weight|pooler\.dense|qkv\.bias"):
        Clap.from_checkpoint(save_laion(state, tmp_path / "clap.pt"))


def test_a_tensor_of_another_shape_or_name_is_refused(tmp_path, state):
    wrong = state | {"audio_branch.norm.weight": torch.zeros(7)}
    with pytest.raises(WeightsError, match="do not fit together"):
        Clap.from_checkpoint(save_laion(wrong, tmp_path / "shape.pt"))
    with pytest.raises(WeightsError, match="unknown tensors: audio_model.audio_encoder.surprise"):
        Clap.from_checkpoint(save_laion(state | {"audio_branch.surprise": torch.zeros(7)}, tmp_path / "name.pt"))


def test_a_broken_conversion_is_made_again(tmp_path, state):
    path = save_laion(state, tmp_path / "clap.pt")
    first, digest = load_converted(path)
    [converted] = cache_dir("converted").iterdir()
    converted.write_bytes(converted.read_bytes()[:100])
    second, again = load_converted(path)
    assert digest == again
    assert set(first) == set(second)
    assert [part for part in cache_dir("converted").iterdir() if part.suffix == ".part"] == []
