"""Votes as two data sets publish them: AIME's survey (parquet) and a part of Music Arena's (CSV)."""

from __future__ import annotations

from pathlib import Path

from qamro.studies.study import Study
from qamro.studies.tables import StudyError, need

AIME, ARENA = "train-00000-of-00001.parquet", "ma_postcut_scored.csv"
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


def read_arena(path: Path) -> Study:
    """Reads votes of Music Arena as TuneJury publishes them: ``system_a``, ``system_b``, ``preference``."""
    from qamro.studies.importers import read_ratings

    return read_ratings(path)
