"""Predictors of others, by their interfaces: fakes with the signatures of the published code, which record calls."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from qamro.audio import Waveform
from qamro.checkpoints import WeightsError
from qamro.predictors import load, others

SHORT = Waveform(np.linspace(-0.5, 0.5, 8_000, dtype=np.float32), 16_000)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A user's folders without weights."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("UTMOSV2_CHACHE", raising=False)
    return tmp_path


def put(place, size: int):
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(size)
    return place


@pytest.fixture
def nisqa(monkeypatch, home):
    """torchmetrics 1.9: ``non_intrusive_speech_quality_assessment(preds: Tensor, fs: int) -> Tensor`` of (..., 5)."""
    calls = []
    module = ModuleType("torchmetrics.functional.audio.nisqa")
    module.NISQA_DIR = "~/.torchmetrics/NISQA"

    def non_intrusive_speech_quality_assessment(preds: torch.Tensor, fs: int) -> torch.Tensor:
        calls.append((tuple(preds.shape), preds.dtype, fs))
        if preds.shape[-1] < 2_000:
            raise RuntimeError("Input signal is too short.")
        return torch.tensor([1.5, 2.0, 2.5, 3.0, 3.5])

    module.non_intrusive_speech_quality_assessment = non_intrusive_speech_quality_assessment
    audio = ModuleType("torchmetrics.functional.audio")
    audio.nisqa = module
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.audio", audio)
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.audio.nisqa", module)
    monkeypatch.setattr(others, "require", lambda weights: [home / "weights" / weights.files[0].path])
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    return calls


def test_nisqa_by_its_interface(nisqa, home):
    scorer = load("nisqa", check=False)
    short = Waveform(SHORT.samples[:1_000], 16_000)
    scores, refused = scorer.score([SHORT, short], ["", ""])
    assert {axis: score.value for axis, score in scores.items()} == {
        "SQ": 1.5, "noisiness": 2.0, "discontinuity": 2.5, "coloration": 3.0, "loudness": 3.5,
    }  # fmt: skip
    assert nisqa[0] == ((8_000,), torch.float32, 16_000)
    assert str(home / "weights") == sys.modules["torchmetrics.functional.audio.nisqa"].NISQA_DIR
    assert refused["SQ"].why == "Input signal is too short."
    assert scorer.provenance["SQ"].kind == "human"
    assert "CC BY-NC-SA 4.0" in str(scorer.provenance["SQ"])


def test_nisqa_on_torchmetrics_itself(home, monkeypatch):
    """The real package, on weights of its shapes drawn at random: the answer is its own, and nothing is fetched."""
    package = pytest.importorskip("torchmetrics.functional.audio.nisqa")
    pytest.importorskip("librosa")
    monkeypatch.setattr(package, "NISQA_DIR", "")
    monkeypatch.setattr(others, "require", lambda weights: [home / weights.files[0].path])
    args = {
        "ms_seg_length": 15, "ms_n_mels": 48, "ms_seg_hop_length": 4, "ms_max_segments": 1300, "ms_n_fft": 4096,
        "ms_hop_length": 0.01, "ms_win_length": 0.02, "ms_fmax": 20_000, "cnn_c_out_1": 4, "cnn_c_out_2": 4,
        "cnn_c_out_3": 4, "cnn_kernel_size": [3, 3], "cnn_dropout": 0.2, "cnn_pool_1": [24, 7], "cnn_pool_2": [12, 5],
        "cnn_pool_3": [6, 3], "td_sa_d_model": 8, "td_sa_nhead": 1, "td_sa_num_layers": 1, "td_sa_h": 8,
        "td_sa_dropout": 0.1, "pool_att_h": 8, "pool_att_dropout": 0.1,
    }  # fmt: skip
    torch.manual_seed(0)
    model = package._NISQADIM(args)
    monkeypatch.setattr(package, "_load_nisqa_model", lambda: (model, args))
    monkeypatch.setattr(package, "_download_weights", lambda: pytest.fail("it was to fetch nothing"))
    noise = Waveform(0.1 * np.random.default_rng(0).normal(size=48_000).astype(np.float32), 48_000)
    (scores,) = load("nisqa", check=False).score([noise], [""])
    expected = package.non_intrusive_speech_quality_assessment(torch.from_numpy(noise.samples), 48_000)
    assert [score.value for score in scores.values()] == pytest.approx(expected.tolist())


@pytest.fixture
def utmosv2(monkeypatch, home):
    """As of cc2700d: ``create_model(…, checkpoint_path, seed, device)``; ``predict`` by keyword, (T,) in, (1,) out."""
    calls = []
    module = ModuleType("utmosv2")

    class Model:
        def predict(
            self, *, data=None, input_path=None, input_dir=None, val_list=None, val_list_path=None, sr=16000,
            predict_dataset="sarulab", device="auto", num_workers=4, batch_size=16, num_repetitions=1,
            remove_silent_section=True, verbose=True,
        ):  # fmt: skip
            calls.append((data.shape, sr, str(device), num_workers, verbose))
            start = np.random.randint(0, 1_000)
            return np.array([1 + start / 1_000], np.float32)

    def create_model(
        pretrained=True, config="fusion_stage3", fold=0, checkpoint_path=None, seed=42, device="auto"
    ) -> Model:
        from huggingface_hub import constants

        assert pretrained
        assert checkpoint_path.is_file()
        assert constants.HF_HUB_OFFLINE, "nothing is fetched unasked"
        if (home / "lost").exists():
            raise OSError("facebook/wav2vec2-base is not there")
        return Model()

    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "utmosv2", module)
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    return calls


def test_utmosv2_by_its_interface(utmosv2, home):
    from huggingface_hub import constants

    put(home / ".cache/utmosv2/models/fusion_stage3/fold0_s42_best_model.pth", 818_531_314)
    before = constants.HF_HUB_OFFLINE
    scorer = load("utmosv2", check=False)
    assert before == constants.HF_HUB_OFFLINE
    np.random.seed(5)
    first = scorer.score([SHORT], [""])[0]["SQ"].value
    following = np.random.random()
    assert scorer.score([SHORT], [""])[0]["SQ"].value == first, "the same file always gets the same score"
    np.random.seed(5)
    assert np.random.random() == following, "nobody else's draws change"
    assert utmosv2[0] == ((8_000,), 16_000, "cpu", 0, False)
    assert scorer.sample_rate == 16_000
    (home / "lost").touch()
    with pytest.raises(WeightsError, match="wav2vec2-base is not there.*create_model"):
        load("utmosv2", check=False)


class Frames:
    """MuQ's package as far as it is used: the parts that the encoder calls, and twelve layers that add a tenth each."""

    def __init__(self):
        self.config = SimpleNamespace(encoder_dim=1024, label_rate=25)
        layers = torch.nn.ModuleList([Layer() for _ in range(12)])
        conformer = Conformer(layers)
        conformer.config = SimpleNamespace(_attn_implementation="eager")
        self.model = SimpleNamespace(
            preprocessing=lambda samples, features: {"melspec_2048": samples},
            normalize=lambda mel: mel,
            conv=lambda samples: torch.stack(samples.split(960, dim=1)[:-1], 1)[..., :1].expand(-1, -1, 1024) * WEIGHTS,
            conformer=conformer,
        )

    @classmethod
    def from_pretrained(cls, folder, local_files_only):
        assert local_files_only
        return cls()

    def eval(self):
        return self

    def requires_grad_(self, flag):
        return self

    def to(self, device):
        return self


WEIGHTS = torch.linspace(-1, 1, 1024)


class Layer(torch.nn.Module):
    def forward(self, frames):
        return frames + 0.1


class Conformer(torch.nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, frames):
        for layer in self.layers:
            frames = layer(frames)
        return SimpleNamespace(last_hidden_state=100 + frames)


def scores_of_song(frames, state):
    """SongEval's head, computed with explicit attention in float64 on the checkpoint's tensors by their names."""
    state = {name: value.double() for name, value in state.items()}
    hidden = torch.relu(frames.double() @ state["ffd.0.weight"].T + state["ffd.0.bias"])
    heard = attended = hidden @ state["ffd.2.weight"].T + state["ffd.2.bias"]
    for k in range(4):
        three = attended @ state[f"attn.{k}.in_proj_weight"].T + state[f"attn.{k}.in_proj_bias"]
        query, key, value = three.view(len(frames), 3, 8, 128).unbind(1)
        weights = torch.einsum("thd,shd->hts", query, key) / 128**0.5
        joined = torch.einsum("hts,shd->thd", weights.softmax(-1), value).reshape(len(frames), 1024)
        attended = joined @ state[f"attn.{k}.out_proj.weight"].T + state[f"attn.{k}.out_proj.bias"]
    pooled = torch.cat([attended.mean(0), heard.max(0).values])
    return torch.tanh(pooled @ state["fc.weight"].T + state["fc.bias"]) * 2 + 3


def test_songeval_on_seeded_weights_of_its_shapes(monkeypatch, home):
    from safetensors.torch import save_file

    from qamro.checkpoints import MUQ, SONGEVAL
    from qamro.predictors import songs

    monkeypatch.setitem(sys.modules, "muq", SimpleNamespace(MuQ=Frames))
    torch.manual_seed(0)
    state = {name: value.clone() for name, value in songs.SongHead().state_dict().items()}
    assert sum(value.numel() for value in state.values()) * 4 == pytest.approx(SONGEVAL.size, rel=1e-3)
    save_file(state, home / "head.safetensors")
    for name in ("config.json", "model.safetensors"):
        (home / name).write_bytes(b"{}")
    files = {MUQ: [home / "config.json", home / "model.safetensors"], SONGEVAL: [home / "head.safetensors"]}
    monkeypatch.setattr(songs, "require", files.__getitem__)
    scorer = load("songeval")
    song = Waveform(0.3 * np.random.default_rng(0).normal(size=24_000).astype(np.float32), 24_000)
    ((scores),) = scorer.score([song], [""])
    frames = torch.from_numpy(song.samples[:24_000]).split(960)[:-1]
    frames = torch.stack([part[0] * WEIGHTS for part in frames]) + 0.6  # what six of twelve layers added
    expected = scores_of_song(frames, state)
    assert list(scores) == ["Coherence", "Musicality", "Memorability", "Clarity", "Naturalness"]
    assert [score.value for score in scores.values()] == pytest.approx(expected.tolist(), abs=1e-5)
    assert "CC BY-NC-SA 4.0" in str(scorer.provenance["Clarity"])
    save_file({"fc.weight": state["fc.weight"]}, home / "head.safetensors")
    with pytest.raises(WeightsError, match="is not SongEval's head"):
        load("songeval")


@pytest.fixture
def muqeval(monkeypatch, home):
    """A clone of MuQ-Eval with a model that answers as the published programs read it; omegaconf likewise."""
    calls = []
    clone = home / "MuQ-Eval"
    (clone / "src").mkdir(parents=True)
    (clone / "configs").mkdir()
    (clone / "src" / "__init__.py").touch()
    (clone / "src" / "model.py").write_text(
        "import torch\n"
        "class MusicQualityModel(torch.nn.Module):\n"
        "    def __init__(self, config):\n"
        "        from huggingface_hub import constants\n"
        "        assert constants.HF_HUB_OFFLINE\n"
        "        assert config == {'base': 1, 'own': 2}, config\n"
        "        super().__init__()\n"
        "        self.scale = torch.nn.Parameter(torch.zeros(1))\n"
        "    def forward(self, wave):\n"
        "        assert wave.shape[0] == 1 and wave.dim() == 2\n"
        "        return {'MI': self.scale * wave.shape[1] / 24000, 'TA': self.scale}\n"
    )
    (clone / "configs" / "base.yaml").write_text("base")
    hub = home / "hub"
    hub.mkdir()
    (hub / "config.yaml").write_text("own")
    torch.save({"scale": torch.tensor([0.3])}, hub / "model_state_dict.pt")

    def kept(repo, name):
        assert repo == "zhudi2825/MuQ-Eval-A1"
        calls.append(name)
        return str(hub / name) if (hub / name).is_file() else None

    read = {"base": {"base": 1}, "own": {"own": 2, "defaults": ["base"]}}
    config = SimpleNamespace(
        load=lambda path: dict(read[Path(path).read_text()]), merge=lambda first, second: {**first, **second}
    )
    monkeypatch.setitem(sys.modules, "omegaconf", SimpleNamespace(OmegaConf=config))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", kept)
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    monkeypatch.setenv("MUQ_EVAL_DIR", str(clone))
    yield hub
    for name in ("src", "src.model"):
        sys.modules.pop(name, None)


def test_muqeval_by_its_interface(muqeval, home):
    scorer = load("muqeval")
    long, short = (Waveform(np.zeros(24_000 * seconds, np.float32), 24_000) for seconds in (30, 5))
    values = [scores["MI"].value for scores in scorer.score([long, short], ["", ""])]
    assert values == pytest.approx([3.0, 1.5]), "the first ten seconds are heard"
    assert (scorer.axes, scorer.sample_rate) == (("MI",), 24_000)
    assert str(home / "MuQ-Eval") not in sys.path
    (muqeval / "model_state_dict.pt").write_bytes(b"no pickle of tensors")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        load("muqeval")


@pytest.mark.parametrize(
    ("name", "says"),
    [("muqeval", "git clone https://github.com/dgtql/MuQ-Eval"), ("songeval", "weights fetch .*songeval")],
)
def test_nothing_of_songs_is_fetched_unasked(home, monkeypatch, name, says):
    monkeypatch.delenv("MUQ_EVAL_DIR", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.chdir(home)
    with pytest.raises(WeightsError, match=says):
        load(name)
    assert list(home.iterdir()) == []


def test_muqeval_without_its_weights_says_how_to_get_them(muqeval):
    (muqeval / "config.yaml").unlink()
    with pytest.raises(WeightsError, match=r"1\.3 GB, MIT.*hf download zhudi2825/MuQ-Eval-A1"):
        load("muqeval")


@pytest.mark.parametrize(
    ("name", "says"),
    [("nisqa", r"1 MB, CC-BY-NC-SA-4\.0.*weights fetch nisqa"), ("utmosv2", r"819 MB, MIT.*curl .*model\.pth")],
)
def test_nothing_is_fetched_unasked(monkeypatch, home, name, says):
    monkeypatch.setattr(others, "find_spec", lambda name: SimpleNamespace())
    with pytest.raises(WeightsError, match=says):
        load(name)
    assert list(home.iterdir()) == []
    monkeypatch.setattr(others, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="is not installed: pip install"):
        load(name)


def test_speech_alone_is_scored(nisqa, home, monkeypatch):
    silence = SimpleNamespace(is_speech=lambda clips: [False] * len(clips))
    monkeypatch.setattr("qamro.encoders.voice.VoiceDetector", lambda: silence)
    (scores,) = load("nisqa").score([SHORT], [""])
    assert np.isnan(scores["SQ"].value)
    assert scores["SQ"].why == "no speech heard"
    assert nisqa == []
