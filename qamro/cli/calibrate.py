"""``calibrate``: a predictor mapped onto some ratings of one's own, and kept as a predictor."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qamro.cli import options
from qamro.cli.console import progress, say, warn, wrong_use
from qamro.cli.inputs import open_audible
from qamro.cli.options import check_device, parse_axes
from qamro.cli.train import command_line


def calibrate(
    *,
    predictor: Annotated[str, typer.Option(help="What is calibrated: a predictor as for predict, or saved:NAME.")],
    ratings: options.Ratings,
    save: options.Save,
    axis_map: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS=RATED", help="MI=quality: predicted MI is mapped onto rated quality. Repeatable."),
    ] = None,
    hold_out: Annotated[
        str, typer.Option(help="Intervals are for clips of a new one: content or system.", metavar="content|system")
    ] = "content",
    device: Annotated[
        str | None, typer.Option(help="Where to compute, for example cuda.", callback=check_device)
    ] = None,
    replace: options.Replace = False,
) -> None:
    """Map a predictor onto some 30 to 200 ratings of your own and keep it as the predictor saved:NAME.

    The map of each axis never falls, so the ranking stays. Intervals come from the errors on the rated clips, each
    mapped without its own group.
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, OSError, WeightsError):
        from qamro.predictors.saved import NameTakenError, check_free, save_heads
        from qamro.predictors.saved_card import clean_name
        from qamro.training.splits import check_hold_out

        check_hold_out(hold_out)
        more, mapped = parse_axes(axis_map or [], "--axis-map")
        if more:
            raise ValueError(f"--axis-map {more[0]!r} is not a pair such as MI=quality")
        try:
            name = clean_name(save) if replace else check_free(save)
        except NameTakenError as problem:
            raise ValueError(f"{problem}; choose another name for --save, or say --replace") from problem
        if predictor == f"saved:{name}":
            raise ValueError(f"{predictor} would be replaced by what is made of it; choose another name for --save")
        study = open_audible(ratings)
        from qamro.predictors import load

        model = load(predictor, **({"device": device} if device else {}))
        from qamro.training.calibrate import calibrate as fit

        key = predictor if predictor.startswith("saved:") else model.name
        with progress("clips") as bar:
            task = bar.add_task("Scoring", total=study.ratings["clip"].nunique())

            def tick(row: dict[str, Any]) -> None:
                bar.advance(task)

            bundle = fit(
                model, study, axis_map=mapped, key=key, hold_out=hold_out, command=command_line(), on_clip=tick
            )
        kept = save_heads(bundle, name, overwrite=replace)
    _report(bundle, key)
    say(f"saved as {kept.key}, which the app's Predict tab offers, too; score with predict --predictor {kept.key}")


def _report(bundle: Any, key: str) -> None:
    from qamro.predictors.calibrated import in_words

    card = bundle.card
    for axis, told in card.objective.items():
        line = f"{axis}: {in_words(card, axis)}, {told}"
        error = card.training["mean error"][axis]
        line += f"; mean error {error:.2f} points on {card.held_out}" if error is not None else ""
        say(line)
        if len(bundle.maps[axis].x) == 1:
            warn(f"{axis}: {key} does not rise with these ratings; every clip gets their mean")
    say(card.interval)
