"""weights: list, fetch from a hub that runs here, verify."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from qamro.checkpoints import WEIGHTS
from tests.checkpoints.hub_server import HubServer, publish


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with two small sets of weights in place of the published ones."""
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    noise = random.Random(0)
    sets = [
        publish(server, "one", {"a.json": b"{}", "a.bin": noise.randbytes(5000)}),
        publish(server, "two", {"b.bin": noise.randbytes(70)}),
    ]
    for name in list(WEIGHTS):
        monkeypatch.delitem(WEIGHTS, name)
    for each in sets:
        monkeypatch.setitem(WEIGHTS, each.name, each)
    yield server
    server.close()


def test_list_names_source_licence_size_hash_and_place(run):
    result = run("weights", "list")
    assert result.exit_code == 0
    for weights in WEIGHTS.values():
        source = weights.files[0].url or f"https://huggingface.co/{weights.repo}"
        assert f"{source} at {weights.revision}" in result.stdout
        assert weights.licence in result.stdout
        for file in weights.files:
            known = (
                f"{file.size:,} bytes, SHA-256 {file.sha256}"
                if file.sha256
                else f"about {file.size / 1e6:.0f} MB, git blob {file.git_blob}"
            )
            assert f"{file.path}, {known}" in result.stdout


def test_fetch_one_then_all_then_verify(run, hub, tmp_path):
    assert "not here; would be" in run("weights", "list").stdout
    result = run("weights", "fetch", "one")
    assert result.exit_code == 0, result.output
    assert "Licence: CC0-1.0" in result.stdout
    assert (tmp_path / "weights" / "one" / "a.bin").stat().st_size == 5000
    assert not (tmp_path / "weights" / "two").exists()
    assert run("weights", "fetch").exit_code == 0
    result = run("weights", "verify")
    assert result.exit_code == 0
    assert result.stdout.count("as published") == 3
    assert run("weights", "list").stdout.count("on this machine") == 2


def test_optional_weights_are_fetched_only_when_they_are_named(run, hub, tmp_path, monkeypatch):
    monkeypatch.setitem(WEIGHTS, "two", replace(WEIGHTS["two"], optional=True))
    assert run("weights", "fetch").exit_code == 0
    assert sorted(folder.name for folder in (tmp_path / "weights").iterdir()) == ["one"]
    assert run("weights", "fetch", "two").exit_code == 0
    assert (tmp_path / "weights" / "two" / "b.bin").is_file()


def test_verify_finds_damage_and_fetch_mends_it(run, hub, tmp_path):
    run("weights", "fetch")
    damaged = tmp_path / "weights" / "one" / "a.bin"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"x" + whole[1:])
    result = run("weights", "verify", "one")
    assert result.exit_code == 1
    assert "a.bin (5 kB, damaged): fetch it again with `python -m qamro weights fetch one`" in result.stderr
    assert run("weights", "fetch", "one").exit_code == 0
    assert damaged.read_bytes() == whole


def test_verify_counts_a_part_as_wrong_and_nothing_as_not_here(run, hub, tmp_path):
    assert "not here" in run("weights", "verify", "two").stdout
    (tmp_path / "weights" / "two").mkdir(parents=True)
    (tmp_path / "weights" / "two" / "b.bin.part").write_bytes(bytes(10))
    result = run("weights", "verify", "two")
    assert result.exit_code == 1
    assert "10 B of 70 B fetched" in result.stderr


def test_offline_the_message_says_what_to_do(run, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = run("weights", "fetch", "two")
    assert result.exit_code == 1
    assert "Missing: b.bin, 70 B" in result.stderr
    assert "`python -m qamro weights fetch two`" in result.stderr


def test_unknown_weights_are_wrong_use(run, hub):
    result = run("weights", "fetch", "three")
    assert result.exit_code == 2
    assert "no weights called 'three'; choose one of one, two" in result.stderr


def test_predict_without_weights_is_an_error_and_no_traceback(run, hub, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", [0.0, 0.1] * 8000, 16_000)
    result = run("predict", tmp_path / "a.wav", "--predictor", "full", "--out", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "python -m qamro weights fetch" in result.stderr
