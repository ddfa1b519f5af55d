"""Builds the wheel; all else stands in pyproject.toml.

``assets/`` and ``weights/`` stay at the top of the repository, where a Space and readers look for them, and travel
inside the package in a wheel. ``qamro.paths`` finds them in both places.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("assets", "weights")


class BuildWithFiles(build_py):
    """Copies what ships beside the package into it; an editable install reads it where it lies."""

    def run(self) -> None:
        """Builds the package."""
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                goal = Path(self.build_lib) / "qamro" / name
                shutil.rmtree(goal, ignore_errors=True)
                shutil.copytree(name, goal, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithFiles})
