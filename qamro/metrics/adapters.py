"""The metrics as other evaluation libraries call them; each adapter knows the interface and not the library."""

from __future__ import annotations

from typing import Any

from qamro.metrics.metric import Metric

_NAMES = {"predictions": "preds", "references": "target"}


class EvaluateStyle:
    """A metric as ``evaluate.load`` returns one: ``add_batch`` and ``compute`` with predictions and references."""

    def __init__(self, metric: Metric) -> None:
        """Wraps a metric; what ``evaluate`` calls predictions and references are its preds and target."""
        self.metric = metric

    def add_batch(self, **given: Any) -> None:
        """Takes a batch: ``predictions`` and ``references``, or the metric's own names."""
        self.metric.update(**{_NAMES.get(name, name): value for name, value in given.items()})

    def compute(self, **given: Any) -> dict[str, float]:
        """Returns the value of everything that was added (and of what is given here), and begins anew."""
        if given:
            self.add_batch(**given)
        value = self.metric.compute()
        self.metric.reset()
        found = value if isinstance(value, dict) else {type(self.metric).__name__: value}
        return {name: float(part) for name, part in found.items()}


class LightevalStyle:
    """A metric as lighteval calls one on a sample: ``compute(model_response=…, doc=…)``, a dict of floats.

    Args:
        metric: The metric.
        arguments: From a response and its document to what the metric's ``update`` takes.
    """

    def __init__(self, metric: Metric, arguments: Any) -> None:
        self.metric, self.arguments = metric, arguments

    def compute(self, *, model_response: Any, doc: Any, **_: Any) -> dict[str, float]:
        """Returns the value of this sample; the metric keeps the corpus's."""
        value = self.metric(**self.arguments(model_response, doc))
        found = value if isinstance(value, dict) else {type(self.metric).__name__: value}
        return {name: float(part) for name, part in found.items()}
