"""True scores: documented formulas of what really sounds in a clip."""

from __future__ import annotations

from qamro.axes import AXES
from qamro.studies.simulated.rendering import Facts


def true_scores(facts: Facts) -> dict[str, float]:
    """Returns a clip's true score on all six axes (docs/simulated-study.md says it in words).

    Every axis is its scale's low end plus its range times a share in [0, 1]. With the levels n (noise), b
    (bandwidth), c (clipping), d (drop-outs), w (wrong notes), t (timing), the number L of layers and
    r = notes per second / 40 (at most 1):

    - fidelity f = (1 - .75 n)(1 - .65 b)(1 - .65 c)(1 - .75 d), and PQ = f
    - PC = .85 (L - 1) / 5 + .15 r
    - TA = .35 instrument + .25 layers + .2 tempo + .2 mood (each the share that was honoured)
    - playing p = (1 - .7 w)(1 - .35 t); richness ρ = 1 - |L - 4| / 5
    - MI = p (.55 + .45 f) (.7 + .3 ρ)
    - CE = p^.5 f^.6 (.5 + .5 ρ)
    - CU = f (1 - .3 w)(1 - .3 t)(1 - .35 max(0, L - 3) / 3)

    Args:
        facts: What really sounds.

    Returns:
        Axis to score, on the axis's scale.
    """
    fidelity = (
        (1 - 0.75 * facts.noise)
        * (1 - 0.65 * facts.bandwidth)
        * (1 - 0.65 * facts.clipping)
        * (1 - 0.75 * facts.dropouts)
    )
    playing = (1 - 0.7 * facts.wrong_notes) * (1 - 0.35 * facts.timing)
    richness = 1 - abs(facts.layers - 4) / 5
    crowded = max(0, facts.layers - 3) / 3
    shares = {
        "MI": playing * (0.55 + 0.45 * fidelity) * (0.7 + 0.3 * richness),
        "TA": 0.35 * facts.instrument_match
        + 0.25 * facts.layers_match
        + 0.2 * facts.tempo_match
        + 0.2 * facts.mood_match,
        "PQ": fidelity,
        "PC": 0.85 * (facts.layers - 1) / 5 + 0.15 * min(1.0, facts.notes_per_second / 40),
        "CE": playing**0.5 * fidelity**0.6 * (0.5 + 0.5 * richness),
        "CU": fidelity * (1 - 0.3 * facts.wrong_notes) * (1 - 0.3 * facts.timing) * (1 - 0.35 * crowded),
    }
    return {key: AXES[key].low + (AXES[key].high - AXES[key].low) * share for key, share in shares.items()}
