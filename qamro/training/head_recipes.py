"""Heads that are worth making once and using often: which study, which encoder, how. One row each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadRecipe:
    """How to make heads.

    Attributes:
        name: What it is called.
        study: The published study.
        encoder: What embeds the clips.
        axes: What is trained.
        preset: How (see ``qamro.training.presets``).
        seeds: Fits an axis; the best by validation is kept.
        hold_out: What no two parts share where the study has no official split.
        objective: An objective other than the preset's; one of pairs where ``axes`` names a question of votes.
        note: A sentence for people.
    """

    name: str
    study: str
    encoder: str
    axes: tuple[str, ...]
    preset: str = "default"
    seeds: int = 3
    hold_out: str = "content"
    objective: str = ""
    note: str = ""


RECIPES: dict[str, HeadRecipe] = {
    recipe.name: recipe
    for recipe in (
        HeadRecipe(
            "musiceval-clap", "musiceval", "clap", ("MI", "TA"), note="Music by text-to-music systems; official split."
        ),
        HeadRecipe(
            "songeval-clap",
            "songeval",
            "clap",
            ("Clarity", "Coherence", "Memorability", "Musicality", "Naturalness"),
            note="Whole songs; no split was published, whole songs are held out.",
        ),
        HeadRecipe(
            "aime-clap",
            "aime",
            "clap",
            ("Music Quality",),
            objective="pairs-logistic",
            note="Which of two pieces of music people chose, as the axis preference; descriptions are held out.",
        ),
        HeadRecipe(
            "audioeval-clap",
            "audioeval",
            "clap",
            ("TA", "PQ", "PC", "CE", "CU"),
            note="Sounds by text-to-audio systems; no split was published, prompts are held out.",
        ),
        HeadRecipe("singmos-speech", "singmos_pro", "distillmos", ("MOS",), hold_out="system", note="Singing voices."),
    )
}
"""By name."""


def get_recipe(name: str) -> HeadRecipe:
    """Returns a recipe.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in RECIPES:
        raise ValueError(f"there is no recipe {name!r}; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
