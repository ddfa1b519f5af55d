"""The sound of a study's clips for the visitor who chose the study, and for nobody else."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from qamro.ui.compare.workbench import Workbench
from qamro.ui.static import own_folder, url


def address(bench: Workbench, clip: str) -> str:
    """Returns where the browser gets a clip's sound; empty where there is none.

    The file is copied into the visitor's own folder, whose name nobody can guess: what is not asked for through the
    study is never served. A clip whose format the browser does not know becomes a WAV file.

    Args:
        bench: Whose study it is.
        clip: A clip of the study.
    """
    if bench.study is None:
        return ""
    try:
        path = bench.study.audio_path(clip)
    except (KeyError, FileNotFoundError):
        return ""
    if not path.is_file():
        return ""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:20]
    copy = bench.folder(own_folder()) / f"{name}{'-decoded.wav' if clip in bench.decoded else path.suffix.lower()}"
    if not copy.is_file():
        if clip in bench.decoded:
            return _decoded(path, copy)
        shutil.copyfile(path, copy)
    return url(copy)


def _decoded(path: Path, copy: Path) -> str:
    import soundfile

    from qamro.audio import AudioError, load

    try:
        wave = load(path)
    except AudioError:
        return ""
    soundfile.write(copy, wave.samples, wave.sample_rate, subtype="PCM_16")
    return url(copy)
