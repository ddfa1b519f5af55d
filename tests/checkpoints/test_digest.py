import hashlib
import json
import os
from pathlib import Path

from qamro.checkpoints import sha256_of
from qamro.checkpoints.digest import moved


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
