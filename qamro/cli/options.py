"""Options that several verbs take, so that they are described and checked alike; each verb has defaults of its own."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from qamro.training.objective.table import Parameter


def check_device(name: str | None) -> str | None:
    """Refuses a device that this machine has not, before anything is read or computed.

    Raises:
        typer.BadParameter: It has not, or there is no device of that name.
    """
    if name is None or name == "cpu":
        return name
    import torch

    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError) as problem:
        why = str(problem).splitlines()[0]
        raise typer.BadParameter(f"{name} cannot be used on this machine ({why}); take cpu") from problem
    return name


# What a verb reads.
Ratings = Annotated[
    str,
    typer.Option(
        metavar="FILE|FOLDER|NAME",
        help="Study folder or zip, a table of ratings, webMUSHRA results, Audiobox-Aesthetics JSONL, MusicEval "
        "list, or the name of a fetched study.",
    ),
]
# What it is told about a file of ratings.
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=MEANING",
        help="What a column of the ratings is: clip, system, rater, axis, score, note, content, path, prompt, count or "
        "drop; axis:QUALITY, rater:WHO, clip:NAME or system:NAME where it holds the ratings of one. Repeatable.",
    ),
]
RatedAxis = Annotated[str, typer.Option("--axis", metavar="AXIS", help="What the axis is where the file does not say.")]
Scales = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="AXIS=LOW..HIGH",
        help="Scale that ratings were given on; 0..100->1..5 also moves them along a straight line. Repeatable.",
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="SCORE", help="Score that means 'no answer', for example -1; keep keeps all. Repeatable."),
]
Rows = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Only rows with that cell; COLUMN!=VALUE for those without. Repeatable."),
]
Delimiter = Annotated[str, typer.Option(metavar="SIGN", help="What separates columns: , ; tab space |.")]
Header = Annotated[int | None, typer.Option(metavar="0|1|2|3", help="Lines of header in the file of ratings.")]
Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="WORD=NUMBER",
        help="What a word of the ratings stands for; in votes WORD=a, b, tie or both_bad. Repeatable.",
    ),
]
Ragged = Annotated[
    str,
    typer.Option(
        metavar="drop|fill",
        help="Rows with more or fewer cells than the header: leave them out, or fill them with empty cells.",
    ),
]
ClipColumn = Annotated[
    str, typer.Option(metavar="NAME", help="Column of the predictions that names the clips, where nothing says it.")
]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="How letters are stored, where it is not UTF-8: latin-1 …")]

TrainingStudy = Annotated[str, typer.Option(metavar="simulated|FOLDER|FILE|NAME", help="What to train on.")]
SplitStudy = Annotated[str, typer.Option(metavar="NAME|FILE|FOLDER", help="What to train and test on.")]
TrainedAxes = Annotated[list[str] | None, typer.Option(help="Axis to train; all that are rated unless set.")]
Encoder = Annotated[str, typer.Option(help="Which encoder embeds the clips.")]

# What it holds out.
HoldOut = Annotated[str, typer.Option(help="content, system or both: what no two parts share.")]
FoldsHoldOut = Annotated[str, typer.Option(help="content, system, or auto: the published split, else content.")]
Folds = Annotated[int, typer.Option(help="Folds where no split was published; 1 splits once.", min=1)]

# How it trains.
Optimizer = Annotated[str, typer.Option(help="sgd (the paper's) or adamw.")]
LearningRate = Annotated[float, typer.Option(help="Learning rate.")]
BatchSize = Annotated[int, typer.Option(help="Clips a step; 0 ranks all of them in every step.", min=0)]
Epochs = Annotated[int, typer.Option(help="At most this many.", min=1)]
Patience = Annotated[int, typer.Option(help="Epochs without a better one until training stops.", min=1)]
StopBy = Annotated[
    str,
    typer.Option(
        help="Best epoch by validation: loss (each objective by its own) or srcc (common to all).", metavar="loss|srcc"
    ),
]
ObjectiveSeeds = Annotated[int, typer.Option(help="Fits of every objective.", min=1)]
AxisSeeds = Annotated[int, typer.Option(help="Fits an axis; the best by what --stop-by says is kept.", min=1)]
Device = Annotated[str, typer.Option(help="cpu or cuda.", callback=check_device)]
Resume = Annotated[
    bool,
    typer.Option("--resume/--restart", help="Go on where a killed run with the same --out ended, or begin anew."),
]

# Where it writes.
TrainingOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder for what is trained; not needed with --save.", file_okay=False),
]
Save = Annotated[
    str,
    typer.Option(metavar="NAME", help="Keep it as the predictor saved:NAME, which the app's Predict tab offers, too."),
]
Replace = Annotated[bool, typer.Option("--replace", help="With --save: what has that name may go.")]

# The simulated corpus that it renders.
Systems = Annotated[int, typer.Option(help="Of the simulated corpus.", min=8)]
Prompts = Annotated[int, typer.Option(help="For each system of the simulated corpus.", min=1)]
Workers = Annotated[int, typer.Option(help="Processes that render the simulated corpus.", min=0)]

# What follows it.
Track = Annotated[
    str,
    typer.Option(
        metavar="trackio|wandb|tensorboard",
        help="Also hand curves, settings, results, figures and the worst clips' sound to a tracker.",
    ),
]

# What it draws and where it writes.
Draws = Annotated[int, typer.Option(help="Bootstrap draws; 0 leaves the intervals out.", min=0)]
DrawsSeed = Annotated[int, typer.Option(help="Seed of the draws.")]
ResultsFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.", file_okay=False)]


# The parameters of the table of objectives as options.


class ObjectiveCommand(TyperCommand):
    """A verb with an option for every parameter of the table of objectives, other packages' among them.

    The table is asked when the verb is called or its help is shown, not when the program starts. What was said is in
    the context's ``obj``, by the parameter's name.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Returns the verb's own options, then those of the table."""
        *own, last = super().get_params(ctx)  # the last is --help
        return [*own, *_parameter_options(), last]

    def invoke(self, ctx: Any) -> Any:
        """Calls the verb without them, which the context keeps."""
        from qamro.training.objective.table import PARAMETERS

        said = {name: ctx.params.pop(name) for name in PARAMETERS}
        ctx.obj = {name: value for name, value in said.items() if value is not None}
        return super().invoke(ctx)


def _parameter_options() -> list[Any]:
    from qamro.training.objective.table import PARAMETERS

    def verb(**said: Any) -> None:
        """Takes every parameter."""

    kinds: dict[str, Any] = {
        name: Annotated[str | None if parameter.choices else float | None, typer.Option(help=_help(parameter))]
        for name, parameter in PARAMETERS.items()
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    taken = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in kinds.items()]
    vars(verb).update(__signature__=inspect.Signature(taken))
    verb.__annotations__ = kinds
    app = typer.Typer(add_completion=False)
    app.command()(verb)
    return list(typer.main.get_command(app).params)


def _help(parameter: Parameter) -> str:
    if parameter.choices:
        return f"{parameter.help} {' or '.join(name for _, name in parameter.choices)}."
    named = parameter.label.startswith(parameter.name)
    return parameter.help if named else f"{parameter.label[:1].upper()}{parameter.label[1:]}. {parameter.help}"


# The option ``--axis``: names, and pairs such as ``MI=quality``.


def parse_axes(given: Iterable[str], option: str = "--axis") -> tuple[list[str], dict[str, str]]:
    """Reads axes and pairs of a predicted and a rated axis.

    Args:
        given: What the user wrote, for example ``["PQ", "MI=quality"]``.
        option: What the option is called, for errors.

    Returns:
        The axes with one name, and the pairs from predicted to rated axis.

    Raises:
        ValueError: A text is neither, or an axis is paired twice.
    """
    axes: list[str] = []
    pairs: dict[str, str] = {}
    for text in given:
        predicted, equals, rated = (part.strip() for part in text.partition("="))
        if not predicted or (equals and not rated):
            raise ValueError(f"{option} {text!r} is not an axis or a pair such as MI=quality")
        if predicted in pairs:
            raise ValueError(f"{option} {text!r}: {predicted} is paired with {pairs[predicted]!r} already")
        if equals:
            pairs[predicted] = rated
        else:
            axes.append(predicted)
    return axes, pairs
