"""Studies as data sets of the Hugging Face Hub: ``Study.from_hub`` and ``Study.push_to_hub``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.studies.study import Study


def from_hub(dataset: str, revision: str | None = None) -> Study:
    """Fetches a data set and reads the ratings in it; see ``Study.from_hub``."""
    from huggingface_hub import HfApi

    from qamro.studies.importers.guessing import guess
    from qamro.studies.importers.reading import read

    folder = Path(HfApi().snapshot_download(dataset, repo_type="dataset", revision=revision))
    study = read(folder, guess(folder), strangers=True, ask=True)
    if study.name == folder.name:  # a study without a name of its own is called after its folder, a commit's hash
        study.name = dataset.rpartition("/")[2]
    study.about["from"] = f"https://huggingface.co/datasets/{dataset}"
    return study


def push_to_hub(study: Study, dataset: str, *, private: bool = True, audio: bool = True) -> str:
    """Uploads a study as a data set; see ``Study.push_to_hub``."""
    from huggingface_hub import HfApi

    silent = set(study.missing_audio())
    with tempfile.TemporaryDirectory() as work:
        home, paths = Path(work), []
        for number, clip in enumerate(study.clips["clip"]):
            source = None if clip in silent or not audio else study.audio_path(clip)
            paths.append("" if source is None else f"audio/{number}-{source.name}")
            if source is not None:
                (home / "audio").mkdir(exist_ok=True)
                shutil.copyfile(source, home / paths[-1])
        study.replace(clips=study.clips.assign(path=paths), root=home).save(home)
        api = HfApi()
        api.create_repo(dataset, repo_type="dataset", private=private, exist_ok=True)
        api.upload_folder(repo_id=dataset, repo_type="dataset", folder_path=home, commit_message=f"Study {study.name}")
    return f"https://huggingface.co/datasets/{dataset}"
