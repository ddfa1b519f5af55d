"""From a study and a setup to a sweep with its record: embed, split, train, judge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qamro.studies.summary import study_summary
from qamro.training.embeddings import embed_study
from qamro.training.held_out import hold_out_parts
from qamro.training.prepared import Prepared
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.store import KeptSweep, encoder_revision
from qamro.training.sweeps.sweep import SweepProgress, run_sweep
from qamro.versions import versions

if TYPE_CHECKING:
    from qamro.studies import Study

WORKERS = min(2, os.cpu_count() or 1)
"""Threads of a sweep."""


def sweep_study(
    study: Study,
    setup: Setup,
    encoder: Any,
    *,
    on_clip: Callable[[int, int], None] | None = None,
    on_fit: Callable[[str, float, float], None] | None = None,
) -> KeptSweep:
    """Sweeps a study.

    Args:
        study: With ratings and audio.
        setup: What to sweep; its ``study`` is not read.
        encoder: The one that the setup names.
        on_clip: Called with (clips embedded, clips in all); may raise to stop.
        on_fit: Called with (axis, fits done, fits in all) after every epoch; may raise to stop.

    Raises:
        ValueError: No clip can be read, the study is too small for the folds, or an axis cannot be trained.
    """
    started = time.perf_counter()
    parts, how = hold_out_parts(study, setup.folds, setup.hold_out)
    embeddings = embed_study(study, encoder, on_clip=on_clip)
    folds = [Prepared(study, embeddings, part) for part in parts]
    for axis in setup.axes:
        if axis not in folds[0].trainable:
            usable = ", ".join(folds[0].trainable)
            raise ValueError(f"{axis} cannot be trained on {study.name} with this encoder; these can: {usable}")
    embedded = time.perf_counter()

    def tell(event: SweepProgress) -> None:
        if on_fit is not None:
            before = setup.axes.index(event.axis)
            on_fit(event.axis, before * event.total + event.done, len(setup.axes) * event.total)

    found = run_sweep(folds, setup.axes, setup.plan, variants=setup.variants, on_epoch=tell, workers=WORKERS)
    record = {
        "setup": asdict(setup),
        "study": study_summary(study),
        "split": how,
        "encoder": {"name": encoder.name, "revision": encoder_revision(setup.encoder)},
        "config": asdict(setup.config),
        "unreadable clips": embeddings.failed,
        "fits": setup.fits(len(folds)),
        "seconds": {
            "embedding": round(embedded - started, 1),
            "training": round(time.perf_counter() - embedded, 1),
        },
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        **versions(),
    }
    return KeptSweep(found, record)
