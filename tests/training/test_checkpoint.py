from dataclasses import replace

import pytest
import torch

from qamro.training.checkpoint import fingerprint, read, write
from qamro.training.objective import Objective
from qamro.training.trainer import fit
from tests.training.test_trainer import QUICK, data


def test_what_is_written_is_read_and_a_half_written_file_is_never_seen(tmp_path):
    file = tmp_path / "deep" / "last.pt"
    write(file, {"run": "a", "x": torch.arange(3)})
    write(file, {"run": "a", "x": torch.arange(4)})
    assert read(file, "a")["x"].tolist() == [0, 1, 2, 3]
    assert [path.name for path in file.parent.iterdir()] == ["last.pt"]
    with pytest.raises(ValueError, match="other data or settings"):
        read(file, "b")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(
        ValueError,
        match=r"last.pt is damaged or no checkpoint; remove it to begin anew \(--restart on the command line\)$",
    ):
        read(file, "a")


def test_a_fingerprint_knows_settings_and_data():
    x = torch.arange(6.0)
    same = fingerprint([1, "a"], [x])
    assert fingerprint([1, "a"], [x.clone()]) == same
    others = [([2, "a"], x), ([1, "a"], x + 1), ([1, "a"], x.view(2, 3)), ([1, "a"], x.double())]
    assert len({fingerprint(settings, [tensor]) for settings, tensor in others} | {same}) == 5


@pytest.mark.parametrize("change", [{"lr": 1e-4}, {"seed": 3}, {"batch_size": 0}, {"patience": 2}])
def test_another_run_is_refused(tmp_path, change):
    file = tmp_path / "last.pt"
    short = replace(QUICK, max_epochs=2)
    fit(data(), Objective(), short, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        fit(data(), Objective(), replace(short, **change), checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        fit(data(), Objective(beta=3.0), short, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        fit(data(seed=1), Objective(), short, checkpoint=file)


def test_more_epochs_go_on_from_fewer(tmp_path):
    whole = fit(data(), Objective(), replace(QUICK, max_epochs=6))
    fit(data(), Objective(), replace(QUICK, max_epochs=2), checkpoint=tmp_path / "last.pt")
    more = fit(data(), Objective(), replace(QUICK, max_epochs=6), checkpoint=tmp_path / "last.pt")
    assert more.history == whole.history
    assert more.seconds > 0
