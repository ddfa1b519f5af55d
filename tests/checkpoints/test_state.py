import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from qamro.checkpoints import Weights, fetch, require, sha256_of
from qamro.checkpoints.state import hub_root, moved
from tests.checkpoints.hub_server import REVISION, HubServer


def test_equals_hashlib_and_is_remembered(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(100_000))
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert sha256_of(file) == expected
    receipts = list((tmp_path / "cache" / "receipts").glob("*.json"))
    assert len(receipts) == 1
    assert json.loads(receipts[0].read_text())["sha256"] == expected


def test_a_changed_file_is_read_again(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    sha256_of(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert sha256_of(file) == hashlib.sha256(b"two").hexdigest()


def test_fresh_reads_every_byte(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    os.utime(file, ns=(5, 5))
    sha256_of(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(5, 5))
    assert sha256_of(file) == hashlib.sha256(b"one").hexdigest(), "size and time are unchanged"
    assert sha256_of(file, fresh=True) == hashlib.sha256(b"two").hexdigest()
    assert sha256_of(file) == hashlib.sha256(b"two").hexdigest()


def test_a_move_takes_the_memory_along(tmp_path: Path, root: Path) -> None:
    file, place = tmp_path / "file", tmp_path / "place"
    file.write_bytes(b"one")
    os.utime(file, ns=(5, 5))
    moved(file, place)
    assert not file.exists()
    place.write_bytes(b"two")
    os.utime(place, ns=(5, 5))
    assert sha256_of(place) == hashlib.sha256(b"one").hexdigest(), "remembered, not read"


def test_a_broken_receipt_is_ignored(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    sha256_of(file)
    for receipt in (tmp_path / "cache" / "receipts").glob("*.json"):
        receipt.write_text("{")
    assert sha256_of(file) == hashlib.sha256(b"one").hexdigest()


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
