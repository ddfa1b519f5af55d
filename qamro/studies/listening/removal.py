"""Taking a study off the server: its ratings, its raters and the copies of its clips, all or nothing."""

from __future__ import annotations

from qamro.studies.listening.export import owner_only
from qamro.studies.listening.store import RatingStore

_OF_THE_STUDY = (
    "DELETE FROM predictions WHERE clip IN (SELECT id FROM clips WHERE study = :study)",
    "DELETE FROM ratings WHERE task IN"
    " (SELECT tasks.id FROM tasks JOIN raters ON raters.id = tasks.rater WHERE study = :study)",
    "DELETE FROM tasks WHERE rater IN (SELECT id FROM raters WHERE study = :study)",
    "DELETE FROM raters WHERE study = :study",
    "DELETE FROM items WHERE study = :study",
    "DELETE FROM clips WHERE study = :study",
    "DELETE FROM studies WHERE id = :study",
)


def delete_study(store: RatingStore, study: str, token: str) -> int:
    """Deletes a study for good; for the owner only. Links for its raters lead nowhere afterwards.

    A backup on the hub follows with its next commit; older commits there keep what they hold.

    Args:
        store: Where the study is.
        study: Its id.
        token: The owner's.

    Returns:
        How many ratings went with it.

    Raises:
        ListeningError: Not the owner's token, or there is no such study.
    """
    owner_only(token)
    store.design(study)
    with store.transaction() as db:
        files = [row["file"] for row in db.execute("SELECT file FROM clips WHERE study = ?", (study,))]
        counts = [db.execute(statement, {"study": study}).rowcount for statement in _OF_THE_STUDY]
    for file in files:  # a kill in between leaves sound that nothing names any more, and no rating without its clip
        (store.folder / "audio" / file).unlink(missing_ok=True)
    return counts[1]
