import pytest
import torch

from qamro.encoders.precision import choose, has_bfloat16, store_products_as

CPU = torch.device("cpu")


def test_float32_unless_asked_otherwise():
    assert choose("float32", CPU) == torch.float32
    assert choose("bfloat16", CPU) == torch.bfloat16


def test_auto_follows_the_hardware(monkeypatch):
    for supported, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("qamro.encoders.precision.has_bfloat16", lambda _, found=supported: found)
        assert choose("auto", CPU) == expected


def test_the_processors_own_flags_agree():
    try:
        flags = open("/proc/cpuinfo", encoding="utf-8").read()  # noqa: SIM115
    except OSError:
        pytest.skip("no /proc/cpuinfo on this system")
    assert has_bfloat16(CPU) == ("avx512_bf16" in flags or "amx_tile" in flags)


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="float32, bfloat16, auto, not 'half'"):
        choose("half", CPU)


def test_products_are_converted_and_norms_are_not():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2), torch.nn.Conv1d(2, 2, 1))
    store_products_as(network, torch.bfloat16)
    assert [part.weight.dtype for part in network] == [torch.bfloat16, torch.float32, torch.bfloat16]
