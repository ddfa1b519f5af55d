"""What can be claimed: tests, corrections, and systems that cannot be told apart."""

from qamro.evaluation.significance.claims import claim
from qamro.evaluation.significance.compare import Comparison, compare
from qamro.evaluation.significance.critical_difference import (
    CriticalDifference,
    NoBlocks,
    blocks_of,
    critical_difference,
)
from qamro.evaluation.significance.holm import holm
from qamro.evaluation.significance.paired import bootstrap_p
from qamro.evaluation.significance.tell_apart import SystemPairs, compare_systems, tell_apart
from qamro.evaluation.significance.williams import WilliamsTest, williams

__all__ = [
    "Comparison",
    "CriticalDifference",
    "NoBlocks",
    "SystemPairs",
    "WilliamsTest",
    "blocks_of",
    "bootstrap_p",
    "claim",
    "compare",
    "compare_systems",
    "critical_difference",
    "holm",
    "tell_apart",
    "williams",
]
