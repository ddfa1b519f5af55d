"""Downloads from a real server: resumed, tried again, checked."""

from __future__ import annotations

import hashlib
import random

import pytest

from qamro.studies.fetch import FetchError, checksum, download

from .file_server import serving

DATA = random.Random(0).randbytes(1_000_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "clip.wav").write_bytes(DATA)
    with serving(folder) as state:
        yield state


@pytest.fixture
def target(tmp_path):
    return tmp_path / "here" / "clip.wav"


def test_a_file_arrives_with_its_bytes_counted(server, target):
    told = []
    download(server.address + "clip.wav", target, size=len(DATA), sha256=SHA, on_bytes=told.append)
    assert target.read_bytes() == DATA
    assert sum(told) == len(DATA)
    assert len(told) > 3
    assert [path.name for path in target.parent.iterdir()] == ["clip.wav"]
    assert checksum(target) == SHA


def test_a_file_that_is_here_is_not_asked_for(server, target):
    for _ in range(2):
        download(server.address + "clip.wav", target, size=len(DATA), sha256=SHA)
    assert len(server.asked) == 1


def test_a_damaged_file_is_fetched_again(server, target):
    target.parent.mkdir()
    target.write_bytes(DATA[:-1] + b"x")
    download(server.address + "clip.wav", target, size=len(DATA), sha256=SHA)
    assert target.read_bytes() == DATA


def test_it_goes_on_where_it_stopped(server, target):
    target.parent.mkdir()
    target.with_name("clip.wav.part").write_bytes(DATA[:400_000])
    told = []
    download(server.address + "clip.wav", target, sha256=SHA, on_bytes=told.append)
    assert server.asked == [("clip.wav", "bytes=400000-")]
    assert target.read_bytes() == DATA
    assert sum(told) == len(DATA)


def test_a_broken_connection_is_resumed_at_once(server, target):
    server.cut_after = 300_000
    told = []
    download(server.address + "clip.wav", target, sha256=SHA, pause=0, on_bytes=told.append)
    assert target.read_bytes() == DATA
    assert len(server.asked) == 2
    assert server.asked[1][1].startswith("bytes=")
    assert sum(told) == len(DATA)


def test_a_server_without_ranges_starts_over(server, target):
    server.ranges = False
    target.parent.mkdir()
    target.with_name("clip.wav.part").write_bytes(b"stale" * 1000)
    told = []
    download(server.address + "clip.wav", target, sha256=SHA, on_bytes=told.append)
    assert target.read_bytes() == DATA
    assert sum(told) == len(DATA)


def test_a_part_that_is_complete_only_needs_its_name(server, target):
    target.parent.mkdir()
    target.with_name("clip.wav.part").write_bytes(DATA)
    download(server.address + "clip.wav", target, sha256=SHA)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"sha256": "0" * 64}, "its checksum is .*expected 000000000000"),
        ({"size": 7}, "it has 1000000 bytes, expected 7"),
    ],
)
def test_another_file_than_was_published_is_thrown_away(server, target, expected, message):
    with pytest.raises(FetchError, match=message):
        download(server.address + "clip.wav", target, **expected)
    assert list(target.parent.iterdir()) == []


def test_what_cannot_be_had_is_said(server, target):
    with pytest.raises(FetchError, match="404"):
        download(server.address + "none.wav", target)
    with pytest.raises(FetchError, match="cannot be reached"):
        download("http://127.0.0.1:9/clip.wav", target, pause=0)
    assert not target.exists()


def test_what_the_server_refuses_is_said_once_with_its_answer(server, target):
    with pytest.raises(FetchError, match=r"^http://\S+gone cannot be had: the server answers 404 Not Found$"):
        download(server.address + "gone", target)
