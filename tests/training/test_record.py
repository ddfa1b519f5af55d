"""What a run record says of the data and the software."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd

import qamro
from qamro.studies import Study
from qamro.training.record import study_hash, versions


def study(scores=(1.0, 2.0, 3.0), **columns) -> Study:
    names = ["a", "b", "c"]
    clips = pd.DataFrame({"clip": names, "system": ["s", "s", "t"], "prompt": ["", "p", "q"]}).assign(**columns)
    return Study(clips, pd.DataFrame({"clip": names, "rater": "r", "axis": "MI", "score": scores}))


def test_the_hash_follows_the_data_and_not_their_order():
    plain = study()
    turned = Study(plain.clips[::-1].reset_index(drop=True), plain.ratings[::-1].reset_index(drop=True))
    assert study_hash(plain) == study_hash(turned)
    assert len(study_hash(plain)) == 64
    others = [study((1.0, 2.0, 4.0)), study(system=["s", "t", "t"]), study(prompt="p")]
    assert len({study_hash(one) for one in (plain, *others)}) == 4


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
    code = "from qamro.training.record import versions; print(versions()['commit'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "unknown"
