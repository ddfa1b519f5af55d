import subprocess
import sys
import textwrap

import numpy as np
import torch

from qamro.encoders.clap_network import ClapMel, slaney_filters


def test_filters_equal_transformers():
    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(513, 64, 50, 14_000, 48_000, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(slaney_filters(), expected, atol=1e-8)


def test_log_mel_equals_a_fourier_transform_in_double_precision():
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(4800) * np.linspace(0, 0.5, 4800)
    padded = np.pad(wave, 512, mode="reflect")
    window = np.hanning(1025)[:-1]
    frames = [padded[i * 480 : i * 480 + 1024] * window for i in range(11)]
    power = np.abs(np.fft.rfft(frames)) ** 2
    expected = 10 * np.log10(np.maximum(power @ slaney_filters().astype(float), 1e-10))
    found = ClapMel()(torch.from_numpy(wave).float()[None])[0]
    assert found.shape == (11, 64)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-3)


def test_silence_is_at_the_floor():
    assert (ClapMel()(torch.zeros(2, 4800)) == -100).all()


def run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


def test_clap_comes_without_the_compiler_and_everything_is_true_and_whole_afterwards():
    result = run(
        """
        import sys, torch
        disable = torch.compiler.disable
        from qamro.encoders.clap_network import import_clap
        clap = import_clap()
        clap.ClapModel, clap.ClapConfig
        assert not {"torch._dynamo", "sympy", "scipy.optimize"} & set(sys.modules)
        from transformers.utils import import_utils, is_scipy_available, is_torch_distributed_available
        assert is_scipy_available() and import_utils.is_scipy_available()
        assert is_torch_distributed_available() and import_utils.is_torch_distributed_available()
        assert torch.compiler.disable is disable

        # Who wants the compiler gets it: the real module, and transformers' class of it is the real one.
        assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)) == 2
        assert torch._dynamo.config and torch._dynamo is sys.modules["torch._dynamo"]
        from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex
        from transformers import masking_utils
        assert isinstance(masking_utils.TransformGetItemToIndex(), TransformGetItemToIndex)
        assert import_clap() is clap
        """
    )
    assert result.returncode == 0, result.stderr


def test_where_holding_back_fails_clap_is_imported_as_it_is(tmp_path):
    result = run(
        """
        import contextlib
        from qamro.encoders import clap_network as quick_import

        @contextlib.contextmanager
        def failing():
            raise AttributeError("another version")
            yield

        quick_import._answering_no = failing
        assert quick_import.import_clap().ClapModel
        """
    )
    assert result.returncode == 0, result.stderr
