"""QAMRO: predict how people would rate generated audio, and check whether they would agree.

Nothing heavy is imported here. Pick a room by its name: ``qamro.losses``, ``qamro.studies``,
``qamro.predictors``, ``qamro.evaluation``, ``qamro.training``; ``docs/architecture.md`` is the map.
"""

__version__ = "0.1.0"
