"""``plan``: how many clips, ratings and raters a listening study needs, before anybody listens."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_ratings, ratings_options

if TYPE_CHECKING:
    from qamro.evaluation.planning import Outlook
    from qamro.evaluation.variances import Estimated, Variances
    from qamro.studies import Study

_TYPED = {"between": "--between-sd", "clips": "--clips-sd", "raters": "--raters-sd", "rest": "--noise-sd"}
_WORDS = {"between": "between systems", "clips": "clips of a system", "raters": "raters", "rest": "noise of a rating"}
_Spread = float | None


def plan(
    *,
    ratings: Annotated[
        str,
        typer.Option(
            metavar="FILE|FOLDER|NAME",
            help="A pilot, or a study like the one that is planned; or type the standard deviations in.",
        ),
    ] = "",
    axis: Annotated[str, typer.Option(help="Its axis; the only one unless several are rated.")] = "",
    design: Annotated[
        list[str] | None,
        typer.Option(metavar="CLIPSxRATINGS[xRATERS]", help="Clips of each system, ratings of each. Repeatable."),
    ] = None,
    systems: Annotated[int, typer.Option(help="Systems to compare; the pilot's unless set.", min=0)] = 0,
    between_sd: Annotated[
        _Spread, typer.Option("--between-sd", "--between", help="Deviation of systems' true means.", min=0)
    ] = None,
    clips_sd: Annotated[_Spread, typer.Option(help="Of a system's clips, free of noise.", min=0)] = None,
    raters_sd: Annotated[_Spread, typer.Option(help="Of raters who are strict or mild.", min=0)] = None,
    noise_sd: Annotated[_Spread, typer.Option(help="Of one rating about all that.", min=0)] = None,
    goal: Annotated[
        str,
        typer.Option(metavar="pairs:SHARE|mean:W|difference:W|power:SHARE", help="Find the cheapest design for this."),
    ] = "",
    delta: Annotated[_Spread, typer.Option(help="A difference to be found: shows the power for it.")] = None,
    clip_price: Annotated[float, typer.Option(help="What a clip costs to make.", min=0)] = 0.0,
    rating_price: Annotated[float, typer.Option(help="What a rating costs.", min=0)] = 1.0,
    max_clips: Annotated[int, typer.Option(help="Clips of each system at most.", min=2)] = 1000,
    max_ratings: Annotated[int, typer.Option(help="Ratings of each clip at most.", min=1)] = 20,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write everything as JSON.")] = None,
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
    """Say what clips, ratings and raters will show, from a pilot or typed deviations, and find the cheapest design.

    Pairs are told apart by the rule of the reports: all at once with 95 % probability.
    """
    with wrong_use(OSError, ValueError):
        from qamro.evaluation.planning import Goal, plan_from

        aim = Goal.parse(goal) if goal else None
        typed = dict(zip(_TYPED, (between_sd, clips_sd, raters_sd, noise_sd), strict=True))
        told = ratings_options(column, axis, scale, missing, rows, delimiter, header, encoding, answer, ragged)
        study = open_ratings(ratings, told) if ratings else None
        prices = {"delta": delta, "clip_price": clip_price, "rating_price": rating_price}
        found = plan_from(study, axis, typed, systems, _TYPED | {"systems": "--systems"}, **prices)
        made, pilot, axis = found.plan, found.estimated, found.axis or axis
        asked = [found.design(text) for text in design or ["20x5"]]
        others = [each for each in made.alternatives(asked[0], most_clips=max_clips) if each not in asked]
        bounds = {"most_clips": max_clips, "most_ratings": max_ratings, "raters": asked[0].raters}
        best = made.cheapest(aim, **bounds) if aim else None
    shown = [made.outlook(each) for each in [*asked, *others]]
    say(_first(shown, made.systems))
    if aim:
        say(_goal_words(goal, best, max_clips, max_ratings))
    say(_basis(study, pilot, made.variances, typed, axis))
    ranges = [found.apart_range(each.design) for each in [*shown, *([best] if best else [])]]
    for line in _table([*shown, *([best] if best else [])], ranges, delta, cheapest=best is not None):
        say(line)
    if pilot:
        say("In brackets: what the pilot leaves open, for systems that vary as its systems do.")
    if json_out is not None:
        everything: dict[str, Any] = {"qamro": __version__, "ratings_from": ratings, "axis": axis}
        everything |= {"kind": study.kind if study else "typed", "systems": made.systems, "level": made.level}
        everything |= {"variances": asdict(made.variances), "low": pilot.low if pilot else {}, "delta": delta}
        ends = pilot.high.items() if pilot else ()
        everything |= {"high": {name: end if isfinite(end) else None for name, end in ends}, "goal": goal}
        each_one = [*shown, *([best] if best else [])]
        told_of = [_as_json(each, span) for each, span in zip(each_one, ranges, strict=True)]
        everything |= {"designs": told_of[: len(shown)], "cheapest": told_of[-1] if best else None}
        with wrong_use(OSError):
            json_out.parent.mkdir(parents=True, exist_ok=True)
            json_out.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"written to {json_out}")


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _first(shown: list[Outlook], systems: int) -> str:
    """The asked design beside the best of those that cost no more."""
    first, *others = shown
    others = [each for each in others if each.cost <= first.cost]
    pairs = systems * (systems - 1) // 2
    told = (
        f"{first.design.clips:,} clips of each system rated {_times(first.design.ratings)} tell about "
        f"{_share(first.apart)} of the {pairs:,} pairs apart"
        if pairs > 1
        else f"{first.design.clips:,} clips of each system rated {_times(first.design.ratings)} tell the two systems "
        f"apart with a chance of about {_share(first.apart)}"
    )
    best = max(others, key=lambda each: each.apart, default=None)
    by_rating = all(each.cost == each.total for each in shown)
    same = "as many ratings" if by_rating else "the same cost"
    if best is None or round(best.apart, 2) <= round(first.apart, 2):
        return f"{told}; no other spread of {same} that was tried tells more." if others else f"{told}."
    if best.cost < first.cost:
        same = f"a cost of {best.cost:,.6g} instead of {first.cost:,.6g}"
        if by_rating:
            same = f"fewer ratings ({best.total:,} instead of {first.total:,})"
    clips = f"{best.design.clips:,} clips rated {_times(best.design.ratings)}"
    verb = "tell" if pairs > 1 else "do so with"
    return f"{told}; {clips} {verb} {_share(best.apart)} for {same}."


def _goal_words(goal: str, best: Outlook | None, max_clips: int, max_ratings: int) -> str:
    if best is None:
        return f"No design of up to {max_clips:,} clips rated up to {_times(max_ratings)} reaches {goal}."
    return (
        f"The cheapest design that reaches {goal}: {best.design.clips:,} clips of each system rated "
        f"{_times(best.design.ratings)}, {best.total:,} ratings altogether."
    )


def _basis(
    study: Study | None, pilot: Estimated | None, variances: Variances, typed: dict[str, float | None], axis: str
) -> str:
    """Where the components come from, as standard deviations with their intervals."""
    told = []
    for name, words in _WORDS.items():
        value = getattr(variances, name) ** 0.5
        if pilot and typed[name] is None:
            if name in pilot.low:
                told.append(f"{words} {value:.2f} [{pilot.low[name] ** 0.5:.2f}, {pilot.high[name] ** 0.5:.2f}]")
        elif typed[name] is not None:
            told.append(f"{words} {value:.2f} (typed)")
    if study is None or pilot is None:
        return f"Standard deviations: {', '.join(told)}."
    from qamro.listeners import listeners

    anonymous = "" if pilot.named else "; raters are not named, so the noise holds what differs between them"
    return (
        f"Standard deviations on {axis} from {pilot.ratings:,} ratings by {listeners(study.kind)} "
        f"({study.name}, REML, 95 % intervals): {', '.join(told)}{anonymous}."
    )


def _table(
    shown: list[Outlook], ranges: list[tuple[float, float] | None], delta: float | None, *, cheapest: bool
) -> list[str]:
    """Lines of a table, the numbers flush right; the last one may be the cheapest design."""
    head = ["clips x ratings", "ratings", "cost", "± a mean", "± a difference", "pairs apart"]
    rows = []
    for each, span in zip(shown, ranges, strict=True):
        within = f" ({100 * span[0]:.0f} to {100 * span[1]:.0f})" if span else ""
        row = [str(each.design), f"{each.total:,}", f"{each.cost:,.6g}", f"{each.mean:.3f}", f"{each.difference:.3f}"]
        rows.append([*row, f"{_share(each.apart)}{within}"] + ([_share(each.power)] if delta else []))
    head += [f"power for {delta:g}"] if delta else []
    if cheapest:
        rows[-1][0] += ", cheapest"
    if all(each.cost == each.total for each in shown):
        head.pop(2)
        for row in rows:
            row.pop(2)
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = []
    for first, *rest in [head, *rows]:
        lines.append("  ".join([first.ljust(widths[0]), *map(str.rjust, rest, widths[1:])]))
    return lines


def _as_json(each: Outlook, span: tuple[float, float] | None) -> dict[str, Any]:
    numbers = {name: value for name, value in asdict(each).items() if name == "design" or isfinite(value)}
    return numbers | ({"apart_low": span[0], "apart_high": span[1]} if span else {})
