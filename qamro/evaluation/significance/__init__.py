"""What can be claimed: tests, corrections, and systems that cannot be told apart."""

from qamro.evaluation.significance.compare import Comparison, claim, compare
from qamro.evaluation.significance.hypothesis_tests import (
    CriticalDifference,
    NoBlocks,
    WilliamsTest,
    blocks_of,
    bootstrap_p,
    critical_difference,
    holm,
    williams,
)
from qamro.evaluation.significance.tell_apart import SystemPairs, compare_systems, tell_apart

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
