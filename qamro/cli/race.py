"""``race``: what rating where it matters, and stopping in time, would have saved in a finished study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import progress, say, wrong_use
from qamro.cli.inputs import open_ratings, ratings_options
from qamro.counts import count

if TYPE_CHECKING:
    from qamro.evaluation.race_replay import Replay


def race(
    *,
    ratings: options.Ratings,
    axis: Annotated[str, typer.Option(help="Axis to race on; the only one unless several are rated.")] = "",
    goal: Annotated[
        str,
        typer.Option(metavar="best|order|top:K|width:W", help="Find the best, the order, the top K, or each mean ± W."),
    ] = "best",
    alpha: Annotated[float, typer.Option(help="Chance of any wrong verdict in a race.", min=0.001, max=0.5)] = 0.05,
    equal_within: Annotated[
        float, typer.Option(help="Call two systems equal whose difference lies within ± this; 0 never does.", min=0)
    ] = 0.0,
    runs: Annotated[int, typer.Option(help="Races, each in another random order of the ratings.", min=1)] = 100,
    seed: options.DrawsSeed = 0,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write the figures as JSON.")] = None,
    column: options.Columns = None,
    scale: options.Scales = None,
    missing: options.Missing = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Replay a finished study as a race: systems that have lost get no more ratings, and it stops when the goal is met.

    Says which share of the ratings a race needs, how often it picks the system that all ratings call best, and how
    often an even spread of as many ratings does.
    """
    with wrong_use(OSError, ValueError):
        from qamro.evaluation.race_replay import replay
        from qamro.evaluation.racing import Goal

        aim = Goal.parse(goal)
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        study = open_ratings(ratings, told)
        if not axis and len(study.axes) != 1:
            raise ValueError(f"{study.name} is rated on {', '.join(study.axes)}; name one with --axis")
        with progress() as bar:
            task = bar.add_task("racing", total=runs)
            result = replay(
                study,
                axis or study.axes[0],
                aim,
                alpha=alpha,
                equal_within=equal_within,
                runs=runs,
                seed=seed,
                progress=lambda done: bar.update(task, completed=done),
            )
    _show(result, study.kind)
    if json_out is not None:
        everything: dict[str, object] = {"qamro": __version__, "ratings_from": ratings, "kind": study.kind}
        everything |= {"alpha": alpha, "equal_within": equal_within, "seed": seed, **result.summary()}
        with wrong_use(OSError):
            json_out.parent.mkdir(parents=True, exist_ok=True)
            json_out.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"written to {json_out}")


def _show(result: Replay, kind: str) -> None:
    told = result.summary()
    listeners = "simulated listeners" if kind == "simulated" else "people"
    say(
        f"{result.axis}, goal {result.goal}: {count(result.systems, 'system')}, "
        f"{count(result.ratings, 'rating')} by {listeners}; {len(result.runs)} races."
    )
    say(
        f"A race needs {told['share_used']:.0%} of the ratings on average and ends with {result.best}, the best by all "
        f"ratings, in {told['picked_best']:.0%} of the races; an even spread of as many ratings in "
        f"{told['picked_best_even']:.0%}.".replace("%", " %")
    )
    say(
        f"The best lost to no other system in {told['truth_kept']:.0%} of the races. The goal was reached beyond doubt "
        f"in {told['decided']:.0%}; in the others these clips leave systems that cannot be told apart.".replace(
            "%", " %"
        )
    )
