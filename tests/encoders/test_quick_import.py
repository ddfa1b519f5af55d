import subprocess
import sys
import textwrap


def run(code):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


def test_clap_comes_without_the_compiler_and_everything_is_true_and_whole_afterwards():
    result = run(
        """
        import sys, torch
        disable = torch.compiler.disable
        from qamro.encoders.quick_import import import_clap
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
        from qamro.encoders import quick_import

        @contextlib.contextmanager
        def failing():
            raise AttributeError("another version")
            yield

        quick_import._answering_no = failing
        assert quick_import.import_clap().ClapModel
        """
    )
    assert result.returncode == 0, result.stderr
