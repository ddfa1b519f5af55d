"""Sweeps that are kept: what was computed once is there at once, and a link to it shows the same numbers."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.paths import cache_path
from qamro.studies.summary import study_hash
from qamro.training.sweeps.sweep import Sweep

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study
    from qamro.training.sweeps.setup import Setup

VERSION = 2
"""Changes when the same setup would give other numbers."""


@dataclass
class KeptSweep:
    """A sweep with what is known of it.

    Attributes:
        sweep: The tables.
        record: Setup, study, split, versions, when.
    """

    sweep: Sweep
    record: dict[str, Any]


def key_of(setup: Setup, study: Study) -> str:
    """Returns what a sweep is kept under: its setup, the ratings, the audio files' sizes, the encoder's weights."""
    from qamro import __version__

    sizes = []
    for clip in study.clips["clip"]:
        try:
            sizes.append([clip, study.audio_path(clip).stat().st_size])
        except OSError:
            sizes.append([clip, None])
    parts = {
        **(asdict(setup) | {"study": study_hash(study)}),
        "config": asdict(setup.config),
        "audio": sorted(sizes, key=str),
        "encoder revision": encoder_revision(setup.encoder),
        "version": [VERSION, __version__],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=list).encode()).hexdigest()[:20]


def encoder_revision(name: str) -> str:
    """Returns the revision of an encoder's numbers without loading its weights."""
    from qamro.encoders.logmel import LogMel
    from qamro.predictors.trainable import TRAINABLE

    weights = TRAINABLE[name].weights if name in TRAINABLE else ()
    return " ".join(str(part.revision) for part in weights) or str(LogMel.revision)


def kept_folder() -> Path:
    """Returns where sweeps are kept."""
    return cache_path("sweeps")


def keep(folder: Path, kept: KeptSweep) -> None:
    """Writes a sweep into a folder, which appears only when it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as new:
        inside = Path(new) / "sweep"
        inside.mkdir()
        how = {"method": "gzip", "compresslevel": 6, "mtime": 0}
        kept.sweep.runs.to_csv(inside / "runs.csv.gz", index=False, compression=how)
        packed: dict[str, Any] = _packed(kept.sweep.predictions)
        np.savez_compressed(inside / "predictions.npz", **packed)
        record = json.dumps(kept.record, indent=1, ensure_ascii=False, default=list)
        (inside / "record.json").write_text(f"{record}\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        inside.rename(folder)


def read(folder: Path) -> KeptSweep | None:
    """Reads a sweep; None where there is none, or not a whole one."""
    import pandas as pd

    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        runs = pd.read_csv(folder / "runs.csv.gz")
        with np.load(folder / "predictions.npz", allow_pickle=False) as packed:
            predictions = _unpacked(dict(packed))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return KeptSweep(Sweep(runs, predictions), record)


def _packed(predictions: pd.DataFrame) -> dict[str, np.ndarray]:
    """One matrix an axis; scores were computed in float32 and stay what they are."""
    arrays: dict[str, np.ndarray] = {"axes": _text(predictions["axis"].unique())}
    for k, (_, part) in enumerate(predictions.groupby("axis", sort=False)):
        fits = part.drop_duplicates(["variant", "seed"])
        clips = int(len(part) / len(fits))
        first = part.iloc[:clips]
        arrays |= {
            f"variant{k}": _text(fits["variant"]),
            f"seed{k}": fits["seed"].to_numpy(np.int64),
            f"clip{k}": _text(first["clip"]),
            f"system{k}": _text(first["system"]),
            f"human{k}": first["human"].to_numpy(np.float32),
            f"predicted{k}": part["predicted"].to_numpy(np.float32).reshape(len(fits), clips),
        }
    return arrays


def _text(values: Iterable[str]) -> np.ndarray:
    return np.array([str(value) for value in values], dtype=np.str_)  # of objects, numpy reads only trusted files


def _unpacked(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for k, axis in enumerate(arrays["axes"]):
        predicted = arrays[f"predicted{k}"]
        fits, clips = predicted.shape
        tables.append(
            pd.DataFrame(
                {
                    "axis": str(axis),
                    "variant": np.repeat(arrays[f"variant{k}"], clips),
                    "seed": np.repeat(arrays[f"seed{k}"], clips),
                    **{name: np.tile(arrays[f"{name}{k}"], fits) for name in ("clip", "system", "human")},
                    "predicted": predicted.reshape(-1),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    return table.astype({"human": float, "predicted": float})
