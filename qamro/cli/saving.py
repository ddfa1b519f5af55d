"""Where a training verb writes: a folder of the user's, a name among the saved predictors, or both."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Destination:
    """Where what is trained goes.

    Attributes:
        folder: Where it is written, and where a killed run goes on.
        name: What it is then saved as; empty for nothing.
        replace: Whether what has that name may go.
        passing: Whether the folder is removed when it is saved.
    """

    folder: Path
    name: str = ""
    replace: bool = False
    passing: bool = False

    def finish(self, what: str, predict: str) -> str:
        """Saves what was trained, if it is to have a name, and says in a line where it is and how to score with it.

        Args:
            what: What was written, for the line.
            predict: The options of ``predict`` that take the folder.

        Raises:
            ValueError: Somebody has taken the name meanwhile.
            OSError: The disk is full, or the folder may not be written.
        """
        lines = []
        if not self.passing:
            lines.append(f"{what} written to {self.folder}; score with `python -m qamro {predict} {self.folder} ...`")
        if self.name:
            from qamro.predictors.saved import NameTakenError, save_folder

            try:
                key = save_folder(self.folder, self.name, overwrite=self.replace).key
            except NameTakenError as problem:
                raise ValueError(
                    f"{problem} since this training began; what was trained is in {self.folder}"
                ) from problem
            if self.passing:
                shutil.rmtree(self.folder)
            how = f"score with `python -m qamro predict --predictor {key} ...`"
            lines.append(f"saved as {key}, which the app's Predict tab offers, too; {how}")
        return "\n".join(lines)


def destination(out: Path | None, save: str, *, replace: bool) -> Destination:
    """Settles where to write, before anything is trained.

    Args:
        out: The option ``--out``; without it, training happens below the cache.
        save: The option ``--save``; empty for none.
        replace: Whether what has that name may go.

    Raises:
        ValueError: There is neither, the name cannot be used, or it is taken.
    """
    if not save:
        if out is None:
            raise ValueError("say where to write: --out FOLDER, or --save NAME for a predictor of that name")
        return Destination(out)
    from qamro.paths import cache_path
    from qamro.predictors.saved import NameTakenError, check_free
    from qamro.predictors.saved_names import clean_name

    try:
        name = clean_name(save) if replace else check_free(save)
    except NameTakenError as problem:
        raise ValueError(f"{problem}; choose another name for --save, or say --replace") from problem
    return Destination(out or cache_path("unfinished", name), name, replace, passing=out is None)
