"""Runs the ITU's rater models as Netflix's ``sureal`` implements them, without its side effects."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

MODELS: dict[str, str] = {
    "P.910": "Maximum likelihood (ITU-T P.910 Annex E): finds every rater's bias and inconsistency, and weighs raters "
    "by their consistency instead of leaving any out.",
    "P.913": "Bias removal (ITU-T P.913, 12.4): subtracts every rater's mean distance to all raters, then leaves out "
    "raters who stray too often.",
    "BT.500": "Rejection (ITU-R BT.500): leaves out raters who stray from the others too often, in both directions.",
}
"""The rater models and what they do."""


def run(scores: np.ndarray, model: str) -> dict[str, Any]:
    """Fits a model.

    Args:
        scores: Ratings, NaN where there is none, shape (clips, raters); every clip and rater has one at least.
        model: A key of ``MODELS``.

    Returns:
        What sureal answers: ``quality_scores`` and ``quality_scores_std`` of the clips, and of the raters
        ``observer_bias``, ``observer_inconsistency``, ``observer_rejected``, as far as the model knows them.
    """
    sureal = _quiet_sureal()
    from sureal.dataset_reader import RawDatasetReader

    class Reader(RawDatasetReader):
        """Hands the array over; sureal's own reader would look up every cell of a list of dicts."""

        opinion_score_3darray = scores[:, :, None]

    clip = {"content_id": 0, "asset_id": 0, "path": "", "os": [0.0]}
    dataset = type("Dataset", (), {"ref_videos": [clip], "dis_videos": [clip]})()
    models = {"P.910": sureal.P910AnnexEModel, "P.913": sureal.P913124Model, "BT.500": sureal.BT500Model}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # constant raters and single ratings divide by zero; what comes out is checked
        return models[model](Reader(dataset)).run_modeling()


def _quiet_sureal() -> Any:
    import multiprocessing

    start = multiprocessing.get_start_method(allow_none=True)
    import sureal
    import sureal.subjective_model

    # Its import sets how the whole program starts processes, and its models print every iteration. Only its own
    # name for the standard output is silenced: other threads may be printing.
    multiprocessing.set_start_method(start, force=True)
    sureal.subjective_model.sys = _Silent
    return sureal


class _Silent:
    class stdout:  # noqa: N801 - stands in for sys.stdout
        @staticmethod
        def write(text: str) -> None:
            """Drops it."""

        @staticmethod
        def flush() -> None:
            """Does nothing."""
