"""The versions that records and reports name."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import qamro
from qamro.versions import versions


def test_versions_and_commit_are_those_of_this_code():
    found = versions()
    assert {name: found[name] for name in ("torch", "numpy", "transformers")} == {
        name: version(name) for name in ("torch", "numpy", "transformers")
    }
    folder = Path(qamro.__file__).parent
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?", found["commit"])
        assert asked.stdout.startswith(found["commit"].removesuffix("-dirty"))
    else:
        assert found["commit"] == "unknown"


def test_an_installation_inside_somebody_elses_repository_claims_no_commit_of_theirs(tmp_path):
    package = tmp_path / "qamro"
    shutil.copytree(Path(qamro.__file__).parent, package, ignore=shutil.ignore_patterns("ui", "__pycache__"))
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "theirs"]):
        settings = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *settings, *command], cwd=tmp_path, check=True, capture_output=True)
    code = "from qamro.versions import versions; print(versions()['commit'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "unknown"


def test_a_library_that_is_not_installed_is_said_so():
    assert versions("scipy", "no-such-library")["scipy"] == version("scipy")
    assert versions("no-such-library")["no-such-library"] == "not installed"
