"""What ``import qamro`` gives, what it costs, and the page and the examples that describe it."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import qamro

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(qamro.__path__, "qamro.")
    if ">>>" in Path(importlib.util.find_spec(name).origin).read_text("utf-8")
)


class SignlessZero(doctest.OutputChecker):
    """Prints of tensors may call a zero -0.0000."""

    def check_output(self, want, got, optionflags):
        return super().check_output(want, re.sub(r"-(?=0\.0+\b)", "", got), optionflags)


@pytest.mark.parametrize("name", [name for name in qamro.__all__ if not name.startswith("__")])
def test_every_public_name_is_the_one_of_its_package(name):
    home = importlib.import_module(qamro._HOMES[name])
    assert getattr(qamro, name) is getattr(home, name)
    assert name in home.__all__


def test_every_loss_of_the_losses_package_is_public():
    losses = {name for name in importlib.import_module("qamro.losses").__all__ if name.lower().endswith("loss")}
    assert losses <= set(qamro.__all__)


def test_other_names_are_refused_as_by_any_module():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        qamro.no_such_name  # noqa: B018
    assert {*qamro.__all__} <= {*dir(qamro)}


def test_importing_costs_less_than_three_tenths_of_a_second():
    code = "import time; start = time.perf_counter(); import qamro; print(time.perf_counter() - start)"
    times = [float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) for _ in range(3)]
    assert min(times) < 0.3


def test_the_page_of_the_api_is_up_to_date():
    spec = importlib.util.spec_from_file_location("python_api", ROOT / "docs" / "python_api.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text("utf-8") == script.page(), "out of date; make it again: python docs/python_api.py"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(SignlessZero(), optionflags=doctest.ELLIPSIS)
    for example in doctest.DocTestFinder().find(importlib.import_module(name)):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_examples():
    assert len(MODULES) > 10
    tried = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    assert sum(len(one.examples) for found in tried for one in found) > 30
