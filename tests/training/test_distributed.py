"""Two real processes, started by torchrun, give what one gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from qamro.training.distributed import ALONE, World, _buckets, join, under_torchrun
from tests.training.end_to_end.conftest import tones, wavlm_folder  # noqa: F401
from tests.training.two_processes import main

SCRIPT = Path(__file__).with_name("two_processes.py")


@pytest.mark.server
def test_two_processes_give_the_loss_the_gradient_and_the_heads_of_one(tones, wavlm_folder, tmp_path):  # noqa: F811
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    alone, together = tmp_path / "1", tmp_path / "2"
    for out in (alone, together):
        out.mkdir()
    threads = torch.get_num_threads()
    main(alone, tones.root, wavlm_folder)
    torch.set_num_threads(threads)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(SCRIPT)]
    command += [str(together), str(tones.root), str(wavlm_folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = [torch.load(out / "found.pt", weights_only=False) for out in (alone, together)]
    one, two = found
    assert (one.pop("size"), two.pop("size")) == (1, 2)
    for count in (5, 1):
        torch.testing.assert_close(two[f"plain {count}"], one[f"plain {count}"], rtol=1e-12, atol=1e-12)
    for (history, head), (expected, alone) in zip(two["fits"], one["fits"], strict=True):
        for row, wanted in zip(history, expected, strict=True):
            assert row == pytest.approx(wanted, abs=1e-5)
        torch.testing.assert_close(head, alone, rtol=0, atol=1e-5)
    for row, wanted in zip(two["end to end"][0], one["end to end"][0], strict=True):
        for key in set(wanted) - {"clips_per_second"}:
            assert row[key] == pytest.approx(wanted[key], abs=1e-4, nan_ok=True), key
    torch.testing.assert_close(two["end to end"][1], one["end to end"][1], rtol=1e-4, atol=1e-5)
    assert (tmp_path / "2" / "heads" / "heads.safetensors").is_file()


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 10, 23])
def test_shares_cover_everything_once_and_evenly(size, count):
    shares = [list(range(count))[World(rank, size).share(count)] for rank in range(size)]
    assert [row for share in shares for row in share] == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_nothing_is_sent_and_nothing_changes(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert not under_torchrun()
    assert join("cpu") == (ALONE, "cpu")
    x = torch.randn(2, 3, requires_grad=True)
    assert ALONE.gather(x, slice(0, 3), 3) is x
    assert ALONE.any(True)
    assert not ALONE.any(False)
    assert ALONE.first
    ALONE.close()


def test_buckets_hold_every_tensor_once_in_order_and_one_dtype():
    tensors = [
        torch.zeros(n, dtype=d)
        for n, d in ((3, torch.float32), (4, torch.float32), (2, torch.float64), (9, torch.float64))
    ]
    found = list(_buckets(tensors, most=7))
    assert [[t.numel() for t in bucket] for bucket in found] == [[3, 4], [2], [9]]
    assert list(_buckets([])) == []
