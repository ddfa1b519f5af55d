"""A study without some of its raters, which says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from qamro.studies import Study

NOTE = "left_out_raters"
"""The key of ``Study.about`` that names the raters who are missing."""

_NAMED = 6


def leave_out(study: Study, raters: Collection[str]) -> Study:
    """Returns the study without some raters' ratings; ``about["left_out_raters"]`` names everybody who is missing.

    Clips that nobody else rated stay in the clips table without a rating.

    Raises:
        ValueError: A name is not among the raters.
    """
    gone = {str(rater) for rater in raters}
    voted = set(study.votes["rater"]) if study.votes is not None else set()
    unknown = gone - set(study.ratings["rater"]) - voted
    if unknown or "" in gone:
        raise ValueError(f"study {study.name!r} has no rater {min(unknown or {''})!r}")
    kept = study.ratings[~study.ratings["rater"].isin(gone)]
    about = study.about | {NOTE: sorted(gone | set(study.about.get(NOTE, ())))}
    votes = study.votes
    if votes is not None:
        votes = votes[~votes["rater"].isin(gone)]
    return study.replace(ratings=kept, about=about, votes=votes)


def left_out_note(study: Study) -> str:
    """What every figure and table of this study has to say of missing raters; empty when nobody was left out.

    The last names of a long list become a count; ``about["left_out_raters"]`` has them all.
    """
    gone = list(study.about.get(NOTE, ()))
    if not gone:
        return ""
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"without rater{'s' * (len(gone) > 1)} {', '.join(gone[:_NAMED])}{more}"
