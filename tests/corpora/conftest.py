"""The command line in this process."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner


@pytest.fixture
def run():
    from qamro.cli import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
