"""Checkpoints: the published weights, where they lie, how they come here, and whether they are what was published."""

from qamro.checkpoints.fetch import FetchCancelledError, HubUnreachableError, fetch
from qamro.checkpoints.manifest import (
    AUDIOBOX,
    CLAP,
    MUQ,
    NISQA,
    ROBERTA,
    SONGEVAL,
    TOKENIZER,
    TUNEJURY,
    WAVLM,
    WEIGHTS,
    WeightFile,
    Weights,
    get_weights,
    is_published,
    readable_size,
)
from qamro.checkpoints.state import FileState, WeightsError, is_ready, look, require, sha256_of

__all__ = [
    "AUDIOBOX",
    "CLAP",
    "MUQ",
    "ROBERTA",
    "TOKENIZER",
    "NISQA",
    "SONGEVAL",
    "TUNEJURY",
    "WAVLM",
    "WEIGHTS",
    "FetchCancelledError",
    "FileState",
    "HubUnreachableError",
    "WeightFile",
    "Weights",
    "WeightsError",
    "fetch",
    "get_weights",
    "is_published",
    "is_ready",
    "look",
    "readable_size",
    "require",
    "sha256_of",
]
