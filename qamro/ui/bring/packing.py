"""A study as one zip, its sound with it, that comes back by dropping it on the page."""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path

from qamro.studies.study import Study


def pack(study: Study, folder: Path) -> Path:
    """Writes a study, and the sound that is there, as a zip.

    Clips without sound get an empty path; sound files are called by a number and the clip's own file name.

    Args:
        study: The study.
        folder: Where to put the zip; one of the same name is replaced.

    Returns:
        The zip.
    """
    target = folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', study.name).strip('-')[:60] or 'study'}.zip"
    paths, sounds = [], []
    missing = set(study.missing_audio())
    for number, clip in enumerate(study.clips["clip"]):
        source = None if clip in missing else study.audio_path(clip)
        paths.append("" if source is None else f"audio/{number}-{source.name}")
        sounds.append((source, paths[-1]))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        home = Path(work)
        clips = study.clips.assign(path=paths)
        Study(
            clips,
            study.ratings,
            name=study.name,
            kind=study.kind,
            root=home,
            about=study.about,
            votes=study.votes,
        ).save(home)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in sorted(home.iterdir()):
                archive.write(table, table.name)
            for source, name in sounds:
                if source is not None:
                    archive.write(source, name, zipfile.ZIP_STORED)
    return target
