import socket
import subprocess
import sys

import pytest

from qamro.checkpoints import AUDIOBOX, CLAP, TOKENIZER, FetchCancelledError, HubUnreachableError, WeightsError
from qamro.predictors import catalogue, download
from qamro.predictors.loading import LOADERS
from qamro.predictors.offers import NEEDS
from tests.checkpoints.hub_server import HubServer, publish


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
    }
    assert set(found) == set(LOADERS) - {"auto"}
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
    monkeypatch.setitem(NEEDS, "full", (one, two))
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


def test_unknown_predictors_are_named():
    with pytest.raises(ValueError, match="no predictor 'best' to fetch"):
        download("best")


def test_looking_loads_nothing_heavy():
    code = "import sys; from qamro.predictors import catalogue; catalogue(); "
    code += "print([n for n in ('torch', 'numpy', 'huggingface_hub', 'transformers', 'pandas') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
