import hashlib
import os
import threading
from pathlib import Path

import pytest

from qamro.checkpoints import FetchCancelledError, Weights, WeightsError, fetch, is_ready, look, require
from tests.checkpoints.hub_server import REVISION, HubServer, publish


def content(hub: HubServer, weights: Weights) -> list[bytes]:
    return [hub.files[f"{weights.repo}/{file.path}"] for file in weights.files]


def test_fetches_every_file_in_full(hub: HubServer, root: Path, published: Weights) -> None:
    assert not is_ready(published)
    places = fetch(published)
    assert places == [root / "tiny" / "config.json", root / "tiny" / "model.bin"]
    assert [place.read_bytes() for place in places] == content(hub, published)
    assert is_ready(published)
    assert require(published) == places
    assert not list(root.rglob("*.part"))


def test_what_is_there_is_not_fetched_again(hub: HubServer, root: Path, published: Weights) -> None:
    fetch(published)
    before = len(hub.requests)
    fetch(published)
    assert len(hub.requests) == before


def test_goes_on_where_another_process_stopped(hub: HubServer, root: Path, published: Weights) -> None:
    whole = content(hub, published)[1]
    (root / "tiny").mkdir(parents=True)
    (root / "tiny" / "model.bin.part").write_bytes(whole[:123_456])
    assert look(published)[1].problem == "partial"
    assert look(published)[1].present == 123_456
    places = fetch(published)
    assert places[1].read_bytes() == whole
    assert [asked for path, asked in hub.fetched if path.endswith("model.bin")] == ["bytes=123456-"]


def test_survives_a_dropped_connection(
    hub: HubServer, root: Path, published: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 20_000)
    hub.break_after, hub.breaks_left = 100_000, 1
    places = fetch(published)
    assert [place.read_bytes() for place in places] == content(hub, published)
    assert hub.fetched[-1][1] == "bytes=100000-"


def test_cancelled_keeps_what_came_and_goes_on_from_there(
    hub: HubServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(3_000_000)
    weights = publish(hub, "big", {"model.bin": data})
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 500_000)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> bool:
        seen.append((done, total))
        return done >= 1_500_000

    with pytest.raises(FetchCancelledError, match="stopped after 1.5 MB of 3.0 MB|stopped after 2 MB"):
        fetch(weights, on_progress=stop)
    state = look(weights)[0]
    assert state.problem == "partial"
    assert 0 < state.present < len(data)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {3_000_000}
    assert fetch(weights)[0].read_bytes() == data
    assert hub.fetched[-1][1] == f"bytes={state.present}-"


def test_progress_ends_at_the_total(hub: HubServer, root: Path, published: Weights) -> None:
    seen: list[tuple[int, int]] = []
    fetch(published, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (published.size, published.size)


def test_a_part_with_wrong_content_is_thrown_away_and_fetched_whole(
    hub: HubServer, root: Path, published: Weights
) -> None:
    whole = content(hub, published)[1]
    (root / "tiny").mkdir(parents=True)
    (root / "tiny" / "model.bin.part").write_bytes(b"x" * 1000)
    assert fetch(published)[1].read_bytes() == whole


def test_a_part_longer_than_the_file_is_fetched_whole(hub: HubServer, root: Path, published: Weights) -> None:
    whole = content(hub, published)[1]
    (root / "tiny").mkdir(parents=True)
    (root / "tiny" / "model.bin.part").write_bytes(whole + b"more")
    assert fetch(published)[1].read_bytes() == whole


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_file_is_never_used_and_is_fetched_again(
    hub: HubServer, root: Path, published: Weights, damage: str
) -> None:
    place = fetch(published)[1]
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] if damage == "cut" else whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    with pytest.raises(WeightsError, match=r"model\.bin .*damaged.*python -m qamro weights fetch tiny"):
        require(published)
    assert fetch(published)[1].read_bytes() == whole
    require(published)


def test_a_hub_with_other_content_of_the_right_size_is_refused(hub: HubServer, root: Path, published: Weights) -> None:
    key = f"{published.repo}/model.bin"
    hub.files[key] = bytes(len(hub.files[key]))
    with pytest.raises(WeightsError, match="other content than was published"):
        fetch(published)
    assert not (root / "tiny" / "model.bin").exists()
    assert not (root / "tiny" / "model.bin.part").exists()


def test_a_hub_with_another_size_is_refused(hub: HubServer, root: Path, published: Weights) -> None:
    hub.files[f"{published.repo}/model.bin"] += b"!"
    with pytest.raises(WeightsError, match=r"300,001 bytes, but 300,000 were published"):
        fetch(published)


def test_a_file_that_the_hub_lacks_is_named(hub: HubServer, root: Path, published: Weights) -> None:
    del hub.files[f"{published.repo}/model.bin"]
    with pytest.raises(WeightsError, match=rf"no someone/tiny/model\.bin at revision {REVISION}"):
        fetch(published)


def test_offline_says_what_is_missing_how_big_and_the_command(
    root: Path, published: Weights, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError) as problem:
        fetch(published)
    message = str(problem.value)
    assert "config.json, 8 B" in message
    assert "`python -m qamro weights fetch tiny`" in message
    with pytest.raises(WeightsError, match=r"config\.json \(8 B\), model\.bin \(300 kB\).*fetch tiny"):
        require(published)


def test_two_fetches_at_once_end_with_one_good_file(hub: HubServer, root: Path, published: Weights) -> None:
    threads = [threading.Thread(target=fetch, args=(published,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    place = require(published)[1]
    assert hashlib.sha256(place.read_bytes()).hexdigest() == published.files[1].sha256
    assert sum(path.endswith("model.bin") for path, _ in hub.fetched) == 1


def test_no_room_is_said_before_anything_is_fetched(
    hub: HubServer, root: Path, published: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(WeightsError, match="QAMRO_WEIGHTS"):
        fetch(published)
    assert hub.fetched == []
