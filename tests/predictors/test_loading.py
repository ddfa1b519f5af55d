import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from qamro import plugins
from qamro.checkpoints import AUDIOBOX, CLAP, TOKENIZER, FetchCancelledError, HubUnreachableError, WeightsError
from qamro.encoders.packaged import DISTILLMOS, SILERO
from qamro.predictors import catalogue, download, load
from qamro.predictors.loading import PREDICTORS, load_full
from tests.checkpoints.hub_server import HubServer, publish


@pytest.fixture
def options(small_clap, small_tokenizer, small_audiobox, small_wavlm, no_weights):
    names = {"clap_checkpoint": small_clap, "tokenizer": small_tokenizer, "audiobox_checkpoint": small_audiobox}
    return names | {"device": "cpu"}


@pytest.fixture
def clips(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    for path, rate in zip(paths, (44_100, 48_000, 16_000), strict=True):
        soundfile.write(path, 0.1 * rng.standard_normal(2 * rate), rate)
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    return [*paths, tmp_path / "bad.wav"]


def test_all_six_axes_as_the_two_predictors_give_them(options, clips):
    full = load("full", **options)
    assert full.axes == ("MI", "TA", "PQ", "PC", "CE", "CU")
    table = full.predict(clips, ["calm piano"] * 4)
    assert table["error"].str.len().gt(0).tolist() == [False, False, False, True]
    clap = load(
        "clap", checkpoint=options["clap_checkpoint"], tokenizer=options["tokenizer"], device="cpu", cache=False
    )
    audiobox = load("audiobox", checkpoint=options["audiobox_checkpoint"], device="cpu", cache=False)
    for part in (clap, audiobox):
        alone = part.predict(clips, ["calm piano"] * 4)
        for axis in part.axes:
            np.testing.assert_allclose(table[axis][:3], alone[axis][:3], atol=2e-4)
            assert table[f"source_{axis}"][:3].tolist() == alone[f"source_{axis}"][:3].tolist()


def test_windows_of_a_clip_are_scored_on_all_axes(options, clips):
    windows = load("full", **options).windows(clips[0], "calm piano", seconds=1.0)
    assert windows["start"].tolist() == [0, 1]
    assert {"MI", "TA", "PQ", "PC", "CE", "CU"} <= set(windows.columns)
    assert windows.notna().all().all()


def test_auto_is_offline_without_weights_and_says_so(no_weights):
    predictor = load("auto")
    assert predictor.name == "offline"
    assert "auto: offline, since audiobox (415 MB), clap (2.4 GB), roberta-base (1 MB)" in predictor.note
    assert "`python -m qamro weights fetch audiobox clap roberta-base`" in predictor.note


def test_auto_is_full_where_the_weights_are(options, monkeypatch):
    monkeypatch.setattr("qamro.checkpoints.is_ready", lambda _: True)

    full = replace(PREDICTORS["full"], loader=lambda **given: load_full(**(options | given)))
    monkeypatch.setitem(PREDICTORS, "full", full)
    predictor = load("auto", device="cpu")
    assert predictor.name == "full"
    assert predictor.note == "auto: full, since its weights are on this machine"


def test_auto_falls_back_when_the_weights_are_damaged(no_weights, monkeypatch):
    monkeypatch.setattr("qamro.checkpoints.is_ready", lambda _: True)
    predictor = load("auto")
    assert predictor.name == "offline"
    assert "auto: offline, since full cannot be loaded" in predictor.note


def test_unknown_predictors_are_named():
    names = "offline, clap, audiobox, full, deramos, speech, nisqa, utmosv2, songeval, muqeval, auto"
    with pytest.raises(ValueError, match=f"no predictor 'best'; choose one of {names}"):
        load("best")


def states():
    return {offer.name: offer for offer in catalogue()}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_without_weights_everything_but_offline_is_a_download(no_weights, no_network):
    found = states()
    assert {name: offer.state for name, offer in found.items()} == {
        "offline": "ready",
        "clap": "download",
        "audiobox": "download",
        "full": "download",
        "deramos": "ready",
        "speech": "ready" if DISTILLMOS.is_here and SILERO.is_here else "missing",
    }
    assert set(found) == {name for name, entry in PREDICTORS.items() if entry.offered}
    assert found["offline"].bytes == 0
    assert found["clap"].bytes == CLAP.size + TOKENIZER.size
    assert found["full"].bytes == CLAP.size + TOKENIZER.size + AUDIOBOX.size
    assert found["full"].licence == "CC-BY-4.0, CC0-1.0, MIT"
    assert found["audiobox"].axes == ("PQ", "PC", "CE", "CU")


def test_what_is_here_counts(no_weights, no_network):
    folder = no_weights / "audiobox"
    folder.mkdir(parents=True)
    for file in AUDIOBOX.files[:1]:
        (folder / file.path).write_bytes(bytes(file.size))
    with (folder / "model.safetensors.part").open("wb") as part:
        part.truncate(15_472_992)
    assert states()["audiobox"].bytes == 400_000_000
    (folder / "model.safetensors.part").rename(folder / "model.safetensors")
    assert states()["audiobox"].state == "download", "the size is not that of the published file"
    with (folder / "model.safetensors").open("r+b") as whole:
        whole.truncate(AUDIOBOX.files[1].size)
    assert (states()["audiobox"].state, states()["audiobox"].bytes) == ("ready", 0)


def test_a_hub_that_is_switched_off_is_not_reachable(no_weights, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert states()["clap"].state == "unreachable"
    assert states()["offline"].state == "ready"


def test_a_hub_that_failed_is_not_reachable_until_it_works(no_weights, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubUnreachableError, match="cannot be fetched now"):
        download("audiobox")
    assert states()["clap"].state == "unreachable"
    download("offline")
    assert states()["clap"].state == "download"


def test_other_failures_say_nothing_of_the_hub(no_weights, monkeypatch):
    from collections import namedtuple

    monkeypatch.setattr("shutil.disk_usage", lambda _: namedtuple("usage", "total used free")(10, 10, 0))
    with pytest.raises(WeightsError, match="are needed"):
        download("audiobox")
    assert states()["audiobox"].state == "download"


def test_a_download_reports_over_all_files_can_be_stopped_and_goes_on(no_weights, monkeypatch):
    hub = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    one, two = publish(hub, "one", {"a": bytes(100_000)}), publish(hub, "two", {"b": bytes(50_000)})
    monkeypatch.setitem(PREDICTORS, "full", replace(PREDICTORS["full"], weights=(one, two)))
    seen = []

    def stop(done, total):
        seen.append((done, total))
        return done >= 120_000

    with pytest.raises(FetchCancelledError):
        download("full", on_progress=stop)
    assert states()["full"].state == "download"
    assert 0 < states()["full"].bytes < 50_000
    download("full", on_progress=lambda done, total: seen.append((done, total)))
    hub.close()
    assert {total for _, total in seen} == {150_000}
    assert seen[-1] == (150_000, 150_000)
    assert states()["full"].state == "ready"


def test_offers_unknown_predictors_are_named():
    with pytest.raises(ValueError, match="no predictor 'best'; choose one of offline"):
        download("best")


def test_looking_loads_nothing_heavy():
    code = "import sys; from qamro.predictors import catalogue; catalogue(); "
    code += "print([n for n in ('torch', 'numpy', 'huggingface_hub', 'transformers', 'pandas') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_rows_say_what_their_predictors_score():
    for entry in PREDICTORS.values():
        assert callable(plugins.opened(entry.loader))
        assert entry.note.endswith(".")
    for name in ("offline", "deramos"):
        assert {*load(name).axes} | {"SQ"} == {*PREDICTORS[name].axes, "SQ"}, "speech needs packages"
