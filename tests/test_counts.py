"""How many there are: one helper writes it, so that nothing says "1 systems"."""

import ast
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qamro
from qamro.counts import count
from qamro.evaluation import evaluate
from qamro.evaluation.agreement import agreement
from qamro.evaluation.levels import hint, rests_on, too_few
from qamro.report import Options, compare
from qamro.studies import Study

THINGS = "systems|clips|raters|ratings|predictions|pairs|seeds|draws|axes|times"
ONE = re.compile(rf"(?<![\d.,])1 (?:(?:rated|repeated|more) )?(?:{THINGS})\b")
COUNTED = re.compile(r" (?:rated )?(?:systems|clips|raters|ratings|predictions|pairs)\b")


@pytest.mark.parametrize(
    ("n", "what", "expected"),
    [(0, "clip", "0 clips"), (1, "rated clip", "1 rated clip"), (1234, "study", "1,234 studies"), (2, "axis", "2 axes"),
     (2, "day", "2 days"), (np.int64(1), "system", "1 system")],
)  # fmt: skip
def test_plurals(n, what, expected):
    assert count(n, what) == expected


def test_hints_and_reasons_know_the_singular():
    assert hint(1, "system") == "1 system: a hint"
    assert too_few(1, "clip") == "1 clip is too few for an order"
    assert too_few(0, "clip") == "no clips"
    assert rests_on("system", 0) == "no systems are named"
    assert rests_on("utterance", 1, "MSE") == "1 clip: a hint"


def small(systems: int, clips: int, raters: int) -> Study:
    rng = np.random.default_rng(systems * 10 + clips)
    names = [(f"s{k}/c{c}", f"s{k}") for k in range(systems) for c in range(clips)]
    ratings = [
        (clip, f"r{r}", "MI", float(np.clip(rng.normal(3, 1), 1, 5))) for clip, _ in names for r in range(raters)
    ]
    table = pd.DataFrame({"clip": [n for n, _ in names], "path": "", "system": [s for _, s in names], "prompt": ""})
    return Study(table, pd.DataFrame(ratings, columns=["clip", "rater", "axis", "score"]), name="small")


@pytest.mark.parametrize(("systems", "clips", "raters"), [(1, 1, 1), (1, 2, 1), (1, 4, 2), (2, 1, 1), (3, 1, 1)])
def test_no_sentence_note_or_title_of_tiny_studies_counts_wrongly(systems, clips, raters):
    study = small(systems, clips, raters)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"clip": study.clips["clip"], "MI": rng.normal(3, 1, len(study.clips))})
    other = table.assign(MI=rng.normal(3, 1, len(table)))
    extra = pd.concat([table, pd.DataFrame({"clip": ["stray"], "MI": [1.0]})])
    notes = [*evaluate(study, extra, draws=10).table["note"], *agreement(study, draws=10)["note"]]
    comparison = compare(study, {"a": extra, "b": other}, Options(draws=10))
    for section in comparison.sections():
        notes += [section.title, *section.sentences]
        for part in section:
            notes += [part.title, part.note, getattr(part, "alt", "")]
            if hasattr(part, "frame"):
                notes += part.frame.astype(str).to_numpy().ravel().tolist()
    assert not [line for line in map(str, notes) if ONE.search(line)]


def test_evaluation_and_report_leave_plurals_to_the_helper():
    """No f-string there puts a plural straight behind a whole number."""
    wrong = []
    root = Path(qamro.__file__).parent
    for path in [*root.glob("evaluation/**/*.py"), *root.glob("report/**/*.py"), root / "cli" / "evaluate.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for before, after in zip(node.values, node.values[1:], strict=False) if is_text(node) else ():
                number = isinstance(before, ast.FormattedValue) and not rounded(before)
                if number and isinstance(after, ast.Constant) and COUNTED.match(after.value):
                    wrong.append(f"{path.relative_to(root)}:{node.lineno}")
    assert not wrong


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr)


def rounded(part: ast.FormattedValue) -> bool:
    """Whether a number is written with a format of its own, such as ``.3g``: a mean."""
    return isinstance(part.format_spec, ast.JoinedStr) and ast.unparse(part.format_spec) != "f','"
