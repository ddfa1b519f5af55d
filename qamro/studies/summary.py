"""What cards, records and reports say of a study: its counts and its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.studies.study import Study


def study_hash(study: Study) -> str:
    """Returns a SHA-256 over the clips' names, systems and prompts, all ratings and votes, whatever their order."""
    clips = study.clips[["clip", "system", "prompt"]].sort_values("clip")
    ratings = study.ratings[["clip", "rater", "axis", "score"]].sort_values(["clip", "axis", "rater", "score"])
    text = clips.to_csv(index=False) + ratings.to_csv(index=False)
    if study.votes is not None:
        columns = ["clip_a", "clip_b", "system_a", "system_b", "rater", "axis", "winner"]
        text += study.votes[columns].sort_values(columns).to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def study_summary(study: Study) -> dict[str, Any]:
    """Returns what a card says of its study; a clip that is rated against several prompts is one clip."""
    catches = int((study.clips["catch_of"] != "").sum()) if "catch_of" in study.clips else 0
    return {
        "name": study.name,
        "kind": study.kind,
        "clips": len(study.clips) - catches,
        "systems": len(study.systems),
        "ratings": len(study.counted),
        **({"votes": len(study.votes)} if study.votes is not None else {}),
        **({"repeated_ratings": study.repeats} if study.repeats else {}),
        "hash": study_hash(study),
        **{key: value for key, value in study.about.items() if isinstance(value, str)},
    }
