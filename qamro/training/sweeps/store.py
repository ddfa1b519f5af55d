"""Sweeps that are made once and kept: run, written, found again, and the one that ships."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.paths import assets, cache_path
from qamro.studies.summary import study_hash, study_summary
from qamro.training.sweeps.seeds import hints_of, summarise, with_hints
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.sweep import Ran, Sweep, SweepProgress, run
from qamro.versions import versions

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

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
    from qamro.encoders import load_encoder
    from qamro.encoders.registry import encoder_entry

    weights = encoder_entry(name).weights
    return " ".join(str(part.revision) for part in weights) or str(load_encoder(name).revision)


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


# The sweep that ships, so that a visitor sees curves at once; ``python -m qamro.training.sweeps.store`` makes it.
#
# It is of the simulated study, with the setup that the Sensitivity tab starts with.


def bundled_folder() -> Path:
    """Returns where it lies."""
    return assets() / "sensitivity" / "simulated"


def bundled(setup: Setup) -> KeptSweep | None:
    """Returns the sweep that ships if it is the one asked for and still true; else None."""
    from qamro.studies.simulated import GENERATOR

    if setup != Setup():
        return None
    kept = read(bundled_folder())
    if kept is None or kept.record.get("generator") != GENERATOR:
        return None
    return kept if kept.record["encoder"]["revision"] == encoder_revision(setup.encoder) else None


def simulated_clips() -> int:
    """Returns how many clips the simulated study has; 0 where the sweep that ships is not there."""
    try:
        record = json.loads((bundled_folder() / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    return int(record["study"]["clips"])


def write_bundled() -> Path:
    """Makes the sweep that ships and returns its folder."""
    from qamro.encoders import load_encoder
    from qamro.encoders.embedding_store import CachedEncoder
    from qamro.studies.simulated import GENERATOR, build

    setup = Setup()
    kept = sweep_study(build().study, setup, CachedEncoder(load_encoder(setup.encoder)))
    kept.record["generator"] = GENERATOR
    keep(bundled_folder(), kept)
    return bundled_folder()


def write_tables(out: Path, ran: Ran, study: Study, about: dict[str, Any]) -> None:
    """Writes ``runs.csv``, ``summary.csv``, ``predictions.csv`` and ``record.json`` into a folder."""
    write_csvs(out, ran.sweep)
    write_record(out, {"study": study_summary(study), "split": ran.how, **about, **versions()}, ran.sweep)


def write_csvs(out: Path, sweep: Sweep) -> None:
    """Writes ``runs.csv``, ``summary.csv`` and ``predictions.csv`` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    with_hints(sweep.runs).to_csv(out / "runs.csv", index=False)
    summarise(sweep.runs).to_csv(out / "summary.csv", index=False)
    sweep.predictions.to_csv(out / "predictions.csv", index=False)


def write_record(out: Path, record: dict[str, Any], sweep: Sweep) -> None:
    """Writes ``record.json`` into a folder; it also says which levels rest on too little for a finding."""
    text = json.dumps(record | {"hints": hints_of(sweep.runs)}, indent=1, ensure_ascii=False, default=list)
    (out / "record.json").write_text(f"{text}\n", encoding="utf-8")


# From a study and a setup to a sweep with its record: embed, split, train, judge.

WORKERS = min(2, os.cpu_count() or 1)
"""Threads of a sweep."""


def sweep_study(
    study: Study,
    setup: Setup,
    encoder: Any,
    *,
    on_clip: Callable[[int, int], None] | None = None,
    on_fit: Callable[[str, float, float], None] | None = None,
    on_part: Callable[[Callable[[], Sweep]], None] | None = None,
) -> KeptSweep:
    """Sweeps a study.

    Args:
        study: With ratings and audio.
        setup: What to sweep; its ``study`` is not read.
        encoder: The one that the setup names.
        on_clip: Called with (clips embedded, clips in all); may raise to stop.
        on_fit: Called with (axis, fits done, fits in all) after every epoch; may raise to stop.
        on_part: As in ``run_sweep``.

    Raises:
        ValueError: No clip can be read, the study is too small for the folds, or an axis cannot be trained.
    """

    def tell(event: SweepProgress) -> None:
        if on_fit is not None:
            before = setup.axes.index(event.axis)
            on_fit(event.axis, before * event.total + event.done, len(setup.axes) * event.total)

    ran = run(study, setup.experiment, encoder, on_clip=on_clip, on_epoch=tell, on_part=on_part, workers=WORKERS)
    record = {
        "setup": asdict(setup),
        "study": study_summary(study),
        "split": ran.how,
        "encoder": {"name": encoder.name, "revision": encoder_revision(setup.encoder)},
        "config": asdict(setup.config),
        "unreadable clips": ran.folds[0].embeddings.failed,
        "fits": setup.fits(len(ran.folds)),
        "seconds": ran.seconds,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        **versions(),
    }
    return KeptSweep(ran.sweep, record)


if __name__ == "__main__":
    print(write_bundled())
