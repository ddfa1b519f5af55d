import subprocess
import sys
import textwrap

import pytest


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
        from qamro.encoders.compat import hide_broken_packages
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
        from qamro.encoders.compat import hide_broken_packages
        assert "torchaudio" not in hide_broken_packages()
        import torchaudio
        assert torchaudio.works
        """
    )
    assert result.returncode == 0, result.stderr
