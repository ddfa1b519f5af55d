"""A download that a visitor asked for, told to the page as it goes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from qamro.checkpoints import FetchCancelledError, WeightsError, readable_size
from qamro.predictors import PredictorState
from qamro.ui import choices
from qamro.ui.predict.views import status
from qamro.ui.texts import Predict as T
from qamro.ui.visitor import Visitor


def downloading(visitor: Visitor, entry: PredictorState) -> Iterator[str]:
    """Downloads what a predictor or an encoder needs; yields how far it is, and at last how it ended.

    Args:
        visitor: Is busy until the end; ``stopping`` ends it, and the next download goes on from there.
        entry: What needs the weights.
    """
    visitor.busy, visitor.stopping = True, False
    try:
        with contextlib.closing(choices.fetching(entry.name, lambda: visitor.stopping)) as progress:
            for done, total in progress:
                sizes = {"done": readable_size(done), "all": readable_size(total or entry.bytes)}
                yield status(T.FETCHING.format(title=entry.title, **sizes), done, total or entry.bytes)
        said = status(T.FETCHED.format(title=entry.title))
    except FetchCancelledError:
        said = status(T.FETCH_STOPPED)
    except (WeightsError, OSError) as problem:
        said = status(T.FETCH_FAILED.format(problem=problem), calm=False)
    finally:
        visitor.busy = False
    yield said
