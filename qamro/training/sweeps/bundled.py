"""The sweep that ships, so that a visitor sees curves at once; ``python -m qamro.training.sweeps.bundled`` makes it.

It is of the simulated study, with the setup that the Sensitivity tab starts with.
"""

from __future__ import annotations

from pathlib import Path

from qamro.paths import assets
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.store import KeptSweep, encoder_revision, keep, read


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


def write_bundled() -> Path:
    """Makes the sweep that ships and returns its folder."""
    from qamro.encoders import load_encoder
    from qamro.encoders.cached import CachedEncoder
    from qamro.studies.simulated import GENERATOR, build
    from qamro.training.sweeps.study import sweep_study

    setup = Setup()
    kept = sweep_study(build().study, setup, CachedEncoder(load_encoder(setup.encoder)))
    kept.record["generator"] = GENERATOR
    keep(bundled_folder(), kept)
    return bundled_folder()


if __name__ == "__main__":
    print(write_bundled())
