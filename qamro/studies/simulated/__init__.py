"""A simulated listening study: music, systems with known faults, and listeners; the true scores are known.

Nothing in it is evidence about people. docs/simulated-study.md has the formulas.
"""

from qamro.studies.simulated.build import GENERATOR, SimulatedStudy, build
from qamro.studies.simulated.composition import INSTRUMENTS, LAYERS, MOODS, TEMPI, Prompt, draw_prompt
from qamro.studies.simulated.instruments import SAMPLE_RATE, SECONDS
from qamro.studies.simulated.listeners import Listener, draw_listener, rate, rate_all
from qamro.studies.simulated.rendering import Facts, judge, render, true_scores
from qamro.studies.simulated.streaming import Rendered, clip_name, stream
from qamro.studies.simulated.systems import FAULTS, System, draw_system

__all__ = [
    "FAULTS",
    "GENERATOR",
    "INSTRUMENTS",
    "LAYERS",
    "MOODS",
    "SAMPLE_RATE",
    "SECONDS",
    "TEMPI",
    "Facts",
    "Listener",
    "Prompt",
    "Rendered",
    "SimulatedStudy",
    "System",
    "build",
    "clip_name",
    "draw_listener",
    "draw_prompt",
    "draw_system",
    "judge",
    "rate",
    "rate_all",
    "render",
    "stream",
    "true_scores",
]
