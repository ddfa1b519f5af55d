import shutil
from pathlib import Path

import pytest

from qamro.checkpoints import Weights, fetch, require
from qamro.checkpoints.places import hub_root
from tests.checkpoints.hub_server import REVISION, HubServer


def test_without_a_setting_files_lie_as_the_hubs_client_keeps_them(
    hub: HubServer, root: Path, published: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import try_to_load_from_cache

    monkeypatch.delenv("QAMRO_WEIGHTS")
    place = fetch(published)[1]
    found = try_to_load_from_cache(published.repo, "model.bin", revision=REVISION, cache_dir=hub_root())
    assert isinstance(found, str)
    assert Path(found) == place


def test_a_file_that_the_hubs_client_fetched_is_used(
    hub: HubServer, root: Path, published: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import hf_hub_download

    for file in published.files:
        hf_hub_download(published.repo, file.path, revision=REVISION, cache_dir=hub_root(), endpoint=hub.url)
    before = len(hub.requests)
    places = require(published)
    assert all(hub_root() in place.parents for place in places)
    fetch(published)
    assert len(hub.requests) == before


def test_files_put_there_by_hand_are_used_without_a_network(
    hub: HubServer, root: Path, published: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(published)
    shutil.move(root / "tiny", tmp_path / "stick" / "tiny")
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "stick"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert [place.name for place in require(published)] == ["config.json", "model.bin"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HF_HUB_CACHE": "/a/b"}, "/a/b"),
        ({"HF_HOME": "/c"}, "/c/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
    ],
)
def test_the_hubs_variables_move_its_cache(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_root() == Path(expected)
