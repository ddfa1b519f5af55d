"""A comparison as files: tables as CSV, a record of how it was run, and one HTML page that fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.training.compare_objectives.pieces import Budget
from qamro.training.compare_objectives.sections import Finding, section, sensitivity_section
from qamro.training.compare_objectives.sensitivity import curves
from qamro.training.sweeps.seeds import hints_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

PAGE = "compare.html"


def write_results(
    folder: Path,
    findings: Sequence[Finding],
    turned: Sequence[tuple[Finding, pd.DataFrame]],
    *,
    study: Study,
    budget: Budget,
    about: dict[str, Any],
    notes: Sequence[str],
) -> list[str]:
    """Writes everything that a comparison found.

    Args:
        folder: Where to; it is made.
        findings: One an axis.
        turned: Sensitivity analyses: their findings, and the points of their curves.
        study: What it was run on.
        budget: What every objective got.
        about: Further entries of the record: encoder, split, seconds.
        notes: Paragraphs under the headline of the page.

    Returns:
        Names of the files.

    Raises:
        OSError: A file cannot be written.
    """
    import pandas as pd

    from qamro.studies.summary import study_summary
    from qamro.versions import versions

    folder.mkdir(parents=True, exist_ok=True)
    contests = [finding.contest for finding in findings]
    tables = {
        "standings": [finding.standings for finding in findings],
        "tests": [finding.tests for finding in findings],
        "runs": [contest.sweep.runs for contest in contests],
        "predictions": [contest.sweep.predictions for contest in contests],
        "rates": [contest.rates for contest in contests],
        "folds": [finding.blocks.reset_index().assign(axis=finding.contest.axis) for finding in findings],
        "sensitivity": [curves(finding.standings, points) for finding, points in turned],
        "sensitivity_tests": [finding.tests for finding, _ in turned],
    }
    tables = {name: parts for name, parts in tables.items() if parts}
    for name, parts in tables.items():
        pd.concat(parts, ignore_index=True).to_csv(folder / f"{name}.csv", index=False)
    objectives = {
        contest.axis: {variant.label: str(variant.objective) for variant in contest.variants} for contest in contests
    }
    record = {"study": study_summary(study), **about, "budget": asdict(budget), "objectives": objectives, **versions()}
    record["hints"] = {contest.axis: hints_of(contest.sweep.runs) for contest in contests}
    text = json.dumps(record, indent=1, ensure_ascii=False, default=list)
    (folder / "record.json").write_text(text + "\n", encoding="utf-8")
    _write_page(folder / PAGE, f"Objectives compared: {study.name}", findings, turned, notes)
    return [*(f"{name}.csv" for name in tables), "record.json", PAGE]


def _write_page(
    path: Path,
    title: str,
    findings: Sequence[Finding],
    turned: Sequence[tuple[Finding, pd.DataFrame]],
    notes: Sequence[str],
) -> None:
    from qamro.figures.page import write_page
    from qamro.report.html import section_html

    sections = [section(finding) for finding in findings]
    sections += [sensitivity_section(finding, points) for finding, points in turned]
    contents = "".join(f'<li><a href="#{each.id}">{escape(each.title)}</a></li>' for each in sections)
    body = [f"<header><h1>{escape(title)}</h1>", *(f"<p>{escape(note)}</p>" for note in notes), "</header>"]
    body.append(f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav><main>')
    body += [section_html(each) for each in sections]
    write_page(path, title, "\n".join([*body, "</main>"]))
