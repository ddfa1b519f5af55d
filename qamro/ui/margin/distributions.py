"""Score distributions of studies, for the figure of the Margin tab that asks who matters."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.paths import assets

if TYPE_CHECKING:
    from qamro.studies.study import Study

BUNDLED_AXES = ("MI", "TA")
"""The axes of the simulated study that the page brings along."""

_log = logging.getLogger(__name__)


def bundled_file() -> Path:
    """Returns the file with the distributions that the page always has."""
    return assets() / "margin" / "distributions.json"


def distributions(study: Study, *, key: str, title: str, about: str) -> list[dict[str, Any]]:
    """Describes how the clips of a study are spread over the scale, an entry for each axis.

    Args:
        study: Any study with ratings.
        key: What links to the page call it.
        title: What readers see.
        about: One or two sentences: where the ratings come from, licence.

    Returns:
        JSON-ready entries: ``id``, ``title``, ``kind`` ("human" or "simulated"), ``axis``, ``low``, ``high`` (ends of
        the scale; of the ratings given where the scale of an axis is unknown), ``scores`` (MOS of every clip,
        ascending, three decimals) and ``about``.
    """
    means = study.clip_means()
    entries = []
    for axis in study.axes:
        scores = sorted(round(float(mean), 3) for mean in means.loc[means["axis"] == axis, "mean"])
        known = get_axis(axis)
        given = study.ratings.loc[study.ratings["axis"] == axis, "score"]
        low = known.low if known.has_range else math.floor(given.min())
        high = known.high if known.has_range else math.ceil(given.max())
        entries.append(
            {
                "id": f"{key}-{axis}",
                "title": title,
                "kind": study.kind,
                "axis": axis,
                "low": low,
                "high": high,
                "scores": scores,
                "about": about,
            }
        )
    return entries


def simulated_distributions() -> dict[str, Any]:
    """Builds the simulated study and describes the axes that the page brings along."""
    from qamro.studies.simulated import GENERATOR, build

    study = build().study
    about = (
        f"No person rated these clips: the music, the systems and the listeners of the {study.name} are simulated "
        f"(generator {GENERATOR}). Scores are means over the listeners."
    )
    entries = distributions(study, key="simulated", title="Simulated study", about=about)
    return {"generator": GENERATOR, "studies": [entry for entry in entries if entry["axis"] in BUNDLED_AXES]}


def fetched_distributions(_: Any = None) -> list[dict[str, Any]]:
    """Describes every published study that was fetched to this machine; a damaged one is left out and logged.

    Args:
        _: What the page sends along; nothing of it is used.
    """
    from qamro.studies.registry import datasets, open_study

    entries = []
    for name, dataset in datasets().items():
        if not dataset.is_here:
            continue
        try:
            study = open_study(name)
        except (OSError, ValueError) as problem:
            _log.warning("the study %s is left out of the Margin tab: %s", name, problem)
            continue
        about = f"People rated these clips. {dataset.citation} Licence: {dataset.licence}. {dataset.page}"
        entries += distributions(study, key=name, title=dataset.title, about=about)
    return entries


def write_bundled(path: Path | None = None) -> Path:
    """Writes the distributions that the page brings along, and returns the file."""
    path = path or bundled_file()
    made = simulated_distributions()
    lines = ",\n".join(json.dumps(entry) for entry in made["studies"])
    path.write_text(f'{{"generator": {made["generator"]}, "studies": [\n{lines}\n]}}\n', encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write_bundled())
