"""The studies that can be chosen by name, and opening one: made, read or fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qamro.ui.bring.texts import Bring as T

if TYPE_CHECKING:
    from qamro.studies import Study

_ORDER = ("here", "fetch", "ask")

Tell = Callable[..., None]


def sources() -> list[dict[str, Any]]:
    """Returns what the page says about each study: on this machine first, then those that can be fetched."""
    from qamro.studies.registry import DATASETS, SIMULATED

    simulated = {"name": SIMULATED, "title": T.SIMULATED, "note": T.SIMULATED_NOTE, "state": "here", "details": ""}
    entries = [
        {
            "name": data.name,
            "title": data.name,
            "note": data.holds,
            "state": "here" if data.is_here else "fetch" if data.files else "ask",
            "details": T.DETAILS.format(
                size=f"{data.megabytes:,} MB" if data.megabytes else T.SIZE_UNKNOWN, licence=data.licence
            ),
            "obtain": data.obtain,
            "page": data.page,
        }
        for data in DATASETS.values()
    ]
    return [simulated, *sorted(entries, key=lambda entry: _ORDER.index(str(entry["state"])))]


def simulated(tell: Tell) -> Study:
    """Returns the bundled simulated study; it is rendered when asked for first."""
    from qamro.studies.simulated import build

    return build(on_clip=lambda done, of: tell(T.MAKING.format(done=done, all=of), done, of)).study


def registered(name: str, tell: Tell) -> Study:
    """Returns a published study; it is fetched if it is not on this machine.

    Raises:
        ValueError: It cannot be fetched; says why, and what to do instead.
    """
    from qamro.studies.download import FetchError
    from qamro.studies.fetch import Progress, fetch
    from qamro.studies.registry import get_dataset, open_study

    data = get_dataset(name)
    if data.is_here:
        return open_study(name)

    def report(at: Progress) -> None:
        here = f"{at.bytes / 1e6:.1f} MB"
        size = T.OF_SIZE.format(here=here, size=f"{at.of_bytes / 1e6:.1f} MB") if at.of_bytes else here
        text = T.FETCHING.format(name=name, file=at.file, files=at.files, size=size)
        tell(text, *((at.bytes, at.of_bytes) if at.of_bytes else (at.file - 1, at.files)))

    try:
        return fetch(data, on_progress=report)
    except (FetchError, FileNotFoundError) as problem:
        raise ValueError(T.NO_FETCH.format(name=name, problem=problem, obtain=data.obtain).strip()) from problem
