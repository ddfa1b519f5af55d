"""The studies that are known by name: what each holds, its licence, where it is published, and how to open it.

One TOML file a study lies in ``datasets/``; other packages add theirs (``qamro.plugins``: a function that returns what
``read_description`` makes of such a file); ``fetch`` brings a study onto this machine.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from qamro import plugins
from qamro.counts import count
from qamro.paths import cache_path
from qamro.studies.importers import Options, read_ratings
from qamro.studies.study import Study, is_study

SIMULATED = "simulated"
_FOLDER = Path(__file__).parent / "datasets"


@dataclass(frozen=True)
class RemoteFile:
    """One published file.

    Attributes:
        path: Where it lies below the study's published folder.
        url: Its address.
        bytes: Its size; 0 when unknown.
        sha256: Its checksum; empty when unknown (the address is pinned, and the checksum noted on arrival).
        audio: Whether it holds audio rather than ratings.
        unpack: Whether it is a zip to unpack beside itself.
        sounds: Of a Parquet with a clip's sound in each row: the column, or field of the sound, that names the clip.
    """

    path: str
    url: str
    bytes: int = 0
    sha256: str = ""
    audio: bool = False
    unpack: bool = False
    sounds: str = ""


@dataclass(frozen=True)
class Dataset:
    """A published study.

    Attributes:
        name: What it is called here.
        title: What it is.
        page: Its home.
        revision: The pinned revision; empty where its publisher gives none to pin.
        licence: Under what licence it is published.
        citation: What to cite.
        holds: Clips, systems, ratings.
        axes: The rated axes.
        megabytes: Size of the download; 0 when unknown.
        files: What ``fetch`` downloads.
        audio_base: Where the clips named in the ratings lie; empty when ``files`` names them or nobody may.
        obtain: How to get what ``fetch`` cannot; empty when it gets everything.
        to_pass_on: What of it the licence lets others have, and how.
        clips: How many; 0 when unknown, as for the next three.
        systems: How many.
        raters: How many people.
        pairs: How many votes between two clips.
        unconfirmed: What of it could not be checked against the files themselves.
    """

    name: str
    title: str
    page: str
    revision: str
    licence: str
    citation: str
    holds: str
    axes: tuple[str, ...]
    megabytes: int
    files: tuple[RemoteFile, ...]
    audio_base: str = ""
    obtain: str = ""
    to_pass_on: str = ""
    clips: int = 0
    systems: int = 0
    raters: int = 0
    pairs: int = 0
    unconfirmed: str = ""

    @property
    def counts(self) -> str:
        """How much it holds, in words."""
        return ", ".join(
            count(n, what)
            for n, what in (
                (self.clips, "clip"),
                (self.systems, "system"),
                (self.raters, "rater"),
                (self.pairs, "vote"),
            )
            if n
        )

    @property
    def folder(self) -> Path:
        """Where the study is, or would be, on this machine."""
        return cache_path("studies", self.name)

    @property
    def how_to_hear(self) -> str:
        """How to get the sound of its clips, in a sentence."""
        return self.obtain or f"Its audio is downloaded by: python -m qamro studies fetch {self.name}"

    @property
    def is_here(self) -> bool:
        """Whether it was fetched."""
        return is_study(self.folder)


def read_description(path: Path) -> Dataset:
    """Reads one TOML file; its name is the study's name."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    base = table.get("base", "")
    files = tuple(
        RemoteFile(
            entry["path"],
            entry.get("url", base + entry["path"]),
            entry.get("bytes", 0),
            entry.get("sha256", ""),
            entry.get("audio", entry["path"].endswith(".mp3")),
            entry.get("unpack", False),
        )
        for entry in table.get("files", ())
    )
    for shards in table.get("shards", ()):
        paths = (shards["path"].format(number) for number in range(shards["count"]))
        files += tuple(RemoteFile(path, shards["base"] + path, audio=True, sounds=shards["named"]) for path in paths)
    texts = ("title", "page", "revision", "licence", "citation", "holds", "obtain", "to_pass_on", "unconfirmed")
    words = {key: table.get(key, "") for key in texts}
    numbers = {key: table.get(key, 0) for key in ("megabytes", "clips", "systems", "raters", "pairs")}
    return Dataset(
        name=path.stem,
        axes=tuple(table["axes"]),
        files=files,
        audio_base=base if table.get("audio") else "",
        **numbers,
        **words,
    )


DATASETS: dict[str, Dataset] = {path.stem: read_description(path) for path in sorted(_FOLDER.glob("*.toml"))}
"""The published studies, by name."""


def datasets() -> dict[str, Dataset]:
    """Returns every known study by name, those of other packages last (see ``qamro.plugins``)."""
    return plugins.table(plugins.STUDIES, DATASETS, Dataset)


def get_dataset(name: str) -> Dataset:
    """Returns a known study.

    Raises:
        ValueError: There is none of that name; the message lists them.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name not in datasets():
        raise plugins.unknown(plugins.STUDIES, "study", name, datasets())
    return datasets()[name]


def open_study(name: str | Path, options: Options | None = None) -> Study:
    """Opens a study by name, or ratings of any known form by path.

    Args:
        name: A fetched study, ``"simulated"`` (made on this machine when asked for first), or a file or folder.
        options: What is known about a file's columns, scales and codes.

    Raises:
        FileNotFoundError: There is no such file, or the study was not fetched yet.
        StudyError: The files are not valid.
    """
    if not Path(name).exists() and str(name) in datasets():
        dataset = get_dataset(str(name))
        if not dataset.is_here:
            raise FileNotFoundError(
                f"{name} is not on this machine yet; get it with: python -m qamro studies fetch {name}"
            )
        return read_ratings(dataset.folder, options) if options and options != Options() else Study.load(dataset.folder)
    if str(name) == SIMULATED and not Path(name).exists():
        from qamro.studies.simulated import build

        return build().study
    if not Path(name).exists() and not Path(name).suffix and "/" not in str(name):
        raise FileNotFoundError(f"there is no file, folder or study {name}; known studies: {', '.join(datasets())}")
    return read_ratings(name, options)
