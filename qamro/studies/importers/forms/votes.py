"""Votes as three data sets publish them: AIME's survey (parquet), MusicPrefs and a part of Music Arena's (CSV).

AIME and MusicPrefs are read as public scripts that download and join them do (``aime_join_survey.py`` and
``fit_pairwise_manifests.py`` of a project on losses of music's tokens); neither file was at hand.
"""

from __future__ import annotations

from pathlib import Path

from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need, read_table

AIME, ARENA, MUSICPREFS = "train-00000-of-00001.parquet", "ma_postcut_scored.csv", "human_preference.csv"
_SIDES = (("clip", "audio"), ("system", "system"))
_COLUMNS = ("question-type", "description", "model-1", "model-2", "track-1-id", "track-2-id", "answer")


def read_aime(path: Path) -> Study:
    """Reads AIME's survey: a row a vote, ``answer`` 1 or 2, clips by the ids of the data set AIME (five digits).

    Raises:
        StudyError: A column is missing, an answer is neither, or pyarrow is not installed.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except ImportError as problem:
        raise StudyError(f"{path.name} is a parquet file, which needs pyarrow: pip install pyarrow") from problem
    except (OSError, ValueError) as problem:
        raise StudyError(f"{path} cannot be read as parquet ({problem})") from problem
    need(table, list(_COLUMNS), path)
    answers = table["answer"].astype(str).str.strip()
    if odd := [i for i, answer in enumerate(answers) if answer not in ("1", "2")]:
        raise StudyError(f"{path}, row {odd[0] + 1}, column 'answer': {answers.iloc[odd[0]]!r} is neither 1 nor 2")
    votes = pd.DataFrame(
        {
            **{
                f"clip_{side}": [f"{int(each):05d}" for each in table[f"track-{n}-id"]]
                for side, n in (("a", 1), ("b", 2))
            },
            **{f"system_{side}": table[f"model-{n}"].astype(str) for side, n in (("a", 1), ("b", 2))},
            "rater": "",
            "axis": table["question-type"].astype(str),
            "winner": ["a" if answer == "1" else "b" for answer in answers],
        }
    )
    prompts = pd.concat(
        [
            pd.DataFrame({"clip": votes[f"clip_{s}"], "system": votes[f"system_{s}"], "prompt": table["description"]})
            for s in "ab"
        ]
    ).drop_duplicates("clip")
    clips = prompts.assign(path=[f"{clip}.wav" for clip in prompts["clip"]]).reset_index(drop=True)
    ratings = pd.DataFrame({"clip": [], "axis": [], "score": []})
    return Study(clips, ratings, votes=votes, name="aime", root=path.resolve().parent)


def read_musicprefs(path: Path) -> Study:
    """Reads MusicPrefs: a row a pair, ``audio_a`` and ``audio_b``, and the answers on ``musicality`` and ``fidelity``.

    ``a_wins`` and ``b_wins`` name the better clip; whatever names neither counts as a tie, as in public code.

    Raises:
        StudyError: A column is missing.
    """
    import pandas as pd

    from qamro.studies.importers.names import role_of

    questions = ("musicality", "fidelity")
    table = read_table(path)
    need(table, ["audio_a", "audio_b", "system_a", "system_b", *questions], path)
    prompt = next((name for name in table.columns if role_of(name) == "prompt"), "")
    parts = []
    for question in questions:
        said = table[question].str.strip().str.lower()
        a, b = said.str.contains("a_wins"), said.str.contains("b_wins")
        winner = pd.Series("tie", index=table.index).mask(a & ~b, "a").mask(b & ~a, "b")
        names = {f"{new}_{side}": table[f"{old}_{side}"] for new, old in _SIDES for side in "ab"}
        parts.append(pd.DataFrame(names | {"rater": "", "axis": question, "winner": winner}))
    votes = pd.concat(parts, ignore_index=True)
    sides = [table[[f"{old}_{side}" for _, old in _SIDES]].set_axis(["clip", "system"], axis=1) for side in "ab"]
    texts = table[prompt] if prompt else ""
    clips = pd.concat([side.assign(prompt=texts) for side in sides], ignore_index=True).drop_duplicates("clip")
    ratings = pd.DataFrame({"clip": [], "axis": [], "score": []})
    clips = clips.assign(path=clips["clip"]).reset_index(drop=True)
    return Study(clips, ratings, votes=votes, name="musicprefs", root=path.resolve().parent)


def read_arena(path: Path) -> Study:
    """Reads votes of Music Arena as TuneJury publishes them: ``system_a``, ``system_b``, ``preference``."""
    from qamro.studies.importers import read_ratings

    return read_ratings(path)
