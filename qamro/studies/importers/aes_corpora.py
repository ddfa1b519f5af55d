"""The six data sets that AES-Natural took its recordings from: where each lies on a disk, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Corpus:
    """A data set that recordings come from.

    Attributes:
        name: What it is called, also in the path map.
        prefix: First folder of its paths in the published files.
        home: Where to get it.
    """

    name: str
    prefix: str
    home: str


CORPORA = {
    corpus.name: corpus
    for corpus in (
        Corpus("LibriTTS", "LibriTTS", "https://openslr.org/60/"),
        Corpus("EARS", "EARS", "https://sp-uhh.github.io/ears_dataset/"),
        Corpus("CommonVoice", "cv-corpus-13.0-2023-03-09", "https://commonvoice.mozilla.org/en/datasets"),
        Corpus("MUSDB18-HQ", "MUSDB18", "https://sigsep.github.io/datasets/musdb.html"),
        Corpus("MusicCaps", "musiccaps", "https://www.kaggle.com/datasets/googleai/musiccaps"),
        Corpus("AudioSet", "unbalanced_train_segments", "https://research.google.com/audioset/dataset/index.html"),
    )
}
_BY_PREFIX = {corpus.prefix: corpus.name for corpus in CORPORA.values()}


def corpus_of(path: str) -> str:
    """Returns the name of the data set that a published path belongs to, empty when it is none of the six."""
    return _BY_PREFIX.get(PurePosixPath(path).parts[0], "") if path else ""


def source_of(path: str) -> str:
    """Returns the content that a recording shares with others: its song (MUSDB) or its text (EARS), else itself."""
    file = PurePosixPath(path)
    corpus = corpus_of(path)
    if corpus == "MUSDB18-HQ":
        return str(file.parent)
    return f"EARS/{file.stem}" if corpus == "EARS" else path


def locate(study: Study, folders: Mapping[str, Path], *, base: Path | None = None) -> Study:
    """Returns the study with absolute paths to the recordings that are there.

    A clip is named by its published path, so a study that was located before can be located anew. A recording may have
    another audio extension than published (downloads of AudioSet and MusicCaps differ).

    Args:
        study: As read from the published files.
        folders: From a data set's name to its folder, for example ``{"LibriTTS": Path("/data/LibriTTS")}``.
        base: A folder that holds the others under their published names; used for those not in ``folders``.

    Raises:
        ValueError: A name in ``folders`` is none of the six.
    """
    unknown = sorted(set(folders) - set(CORPORA))
    if unknown:
        raise ValueError(f"there is no data set {unknown[0]!r} in AES-Natural; they are {', '.join(CORPORA)}")
    roots = {name: base / corpus.prefix for name, corpus in CORPORA.items()} if base is not None else {}
    roots |= {name: Path(folder) for name, folder in folders.items()}
    clips = study.clips.copy()
    clips["path"] = [
        _find(roots[corpus], clip, CORPORA[corpus].prefix) if corpus in roots else path
        for clip, path, corpus in zip(clips["clip"], clips["path"], clips["corpus"], strict=True)
    ]
    return study.with_clips(clips)


def missing_report(study: Study) -> pd.DataFrame:
    """Counts the recordings of each data set that are there and that are missing.

    Returns:
        Columns ``corpus``, ``clips``, ``missing``, ``home``; one row for each data set of the study.
    """
    import pandas as pd

    missing = study.clips["clip"].isin(study.missing_audio())
    counts = missing.groupby(study.clips["corpus"], sort=False).agg(["size", "sum"])
    rows = [(name, int(size), int(lost), _home(str(name))) for name, (size, lost) in counts.iterrows()]
    return pd.DataFrame(rows, columns=pd.Index(["corpus", "clips", "missing", "home"]))


def _home(name: str) -> str:
    return CORPORA[name].home if name in CORPORA else ""


def _find(root: Path, published: str, prefix: str) -> str:
    wanted = Path(root).resolve() / PurePosixPath(published).relative_to(prefix)
    for candidate in (wanted, *(wanted.with_suffix(ending) for ending in AUDIO_ENDINGS)):
        if candidate.is_file():
            return str(candidate)
    return str(wanted)
