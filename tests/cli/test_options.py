"""Options that several verbs take: what this machine cannot do is refused at once, by the option's name."""

from __future__ import annotations

import pytest
import torch
import typer

from qamro.cli.options import check_device

VERBS = (
    ("train", "--study", "no study", "--out", "o"),
    ("train-deramos", "--study", "no study", "--out", "o"),
    ("sweep", "--study", "no study"),
    ("reproduce", "table1"),
    ("compare-objectives", "--study", "no study"),
    ("predict", "no folder"),
)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("device", ["tpu", "meta"])
def test_an_unknown_device_is_refused(run, verb, device):
    result = run(*verb, "--device", device)
    assert result.exit_code == 2, result.output
    assert "--device" in result.stderr
    assert f"{device} cannot be used on this machine" in result.stderr
    assert "take cpu" in result.stderr


def test_cuda_is_refused_where_there_is_none():
    if torch.cuda.is_available():
        assert check_device("cuda") == "cuda"
    else:
        with pytest.raises(typer.BadParameter, match="cuda cannot be used on this machine"):
            check_device("cuda")


def test_the_processor_and_no_choice_pass():
    assert check_device("cpu") == "cpu"
    assert check_device(None) is None
