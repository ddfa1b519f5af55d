import subprocess
import sys
import textwrap

import pytest
import torch

from qamro.encoders.transformers_folder import choose, has_bfloat16, store_products_as


def run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("failure", ["OSError('no CUDA')", "ImportError('no')", "RuntimeError('versions')"])
def test_broken_packages_are_hidden_and_transformers_loads(tmp_path, failure):
    for name in ("torchaudio", "torchvision"):
        package = tmp_path / name
        (package / "deep").mkdir(parents=True)
        (package / "deep" / "__init__.py").write_text("")
        (package / "__init__.py").write_text(f"from {name} import deep\nraise {failure}\n")
    result = run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from qamro.encoders.transformers_folder import hide_broken_packages
        assert hide_broken_packages() == ["torchaudio", "torchvision"], sys.modules.get("torchaudio")
        assert not [name for name in sys.modules if name.startswith(("torchaudio.", "torchvision."))]
        try:
            import torchaudio
        except ModuleNotFoundError:
            pass
        else:
            raise SystemExit("torchaudio can still be imported")
        if {failure.startswith("OSError")}:  # once is enough: it takes seconds
            from transformers.models.clap.modeling_clap import ClapModel
        """
    )
    assert result.returncode == 0, result.stderr


def test_working_packages_stay(tmp_path):
    (tmp_path / "torchaudio.py").write_text("works = True\n")
    result = run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from qamro.encoders.transformers_folder import hide_broken_packages
        assert "torchaudio" not in hide_broken_packages()
        import torchaudio
        assert torchaudio.works
        """
    )
    assert result.returncode == 0, result.stderr


CPU = torch.device("cpu")


def test_float32_unless_asked_otherwise():
    assert choose("float32", CPU) == torch.float32
    assert choose("bfloat16", CPU) == torch.bfloat16


def test_auto_follows_the_hardware(monkeypatch):
    for supported, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("qamro.encoders.transformers_folder.has_bfloat16", lambda _, found=supported: found)
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
