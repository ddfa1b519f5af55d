"""``heads``: heads made by a recipe, put on the hub, and fetched from there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from qamro.cli import options
from qamro.cli.console import FAILED, err, fail, say, tell, wrong_use
from qamro.counts import count

heads = typer.Typer(help="Make heads by a recipe, share and fetch them.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Heads on the hub.")]


@heads.command("list")
def list_recipes() -> None:
    """List the recipes: study, encoder, axes, and the licence of the ratings."""
    from qamro.studies.registry import datasets
    from qamro.training.head_recipes import RECIPES

    for recipe in RECIPES.values():
        data = datasets()[recipe.study]
        here = (
            "on this machine" if data.is_here else f"{data.megabytes:,} MB to fetch" if data.megabytes else "to fetch"
        )
        say(f"{recipe.name}: {' '.join(recipe.axes)} on {recipe.encoder}, {data.name} ({here}, {data.licence})")
        say(f"  {recipe.note}", "dim")
    say("Make one with: python -m qamro heads make RECIPE")


@heads.command("make")
def make_heads(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A name from heads list.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the heads; else below the cache.", file_okay=False)
    ] = None,
    save: options.Save = "",
    clips: Annotated[int, typer.Option(help="Train on so many clips only; 0 for all.", min=0)] = 0,
    device: options.Device = "cpu",
) -> None:
    """Fetch a study, embed it, train heads and test them on its official split. Killed, it goes on where it was."""
    from qamro.cli.train import train
    from qamro.paths import cache_path
    from qamro.studies.fetch import FetchError, Part, Progress, fetch
    from qamro.studies.registry import get_dataset
    from qamro.training.head_recipes import get_recipe

    with wrong_use(ValueError, FileNotFoundError, OSError, kept="what has arrived is kept; the same command goes on"):
        chosen = get_recipe(recipe)
        data = get_dataset(chosen.study)
        say(f"{data.title}. Licence of the ratings: {data.licence}; it holds for what these heads are used for, too.")
        with err.status("Fetching") as status:

            def told(at: Progress) -> None:
                status.update(f"{at.file} of {count(at.files, 'file')}, {at.bytes / 1e6:.1f} MB")
                tell("Fetching", at.bytes, at.of_bytes)

            try:
                study = fetch(data, part=Part(clips=clips), on_progress=told)
            except FetchError as problem:
                fail(problem, FAILED)
        place = out or cache_path("recipes", recipe)
        name = chosen.study
        if lost := set(study.missing_audio()):
            name = str(place / "study")
            study.of_clips(clip for clip in study.clips["clip"] if clip not in lost).save(Path(name))
    train(
        typer.Context(TyperCommand("train"), obj={}),
        study=name, out=place, save=save, axis=list(chosen.axes), encoder=chosen.encoder, preset=chosen.preset,
        objective=chosen.objective, seeds=chosen.seeds, hold_out=chosen.hold_out, device=device,
    )  # fmt: skip
    say(f"Put them on the hub with: python -m qamro heads push OWNER/NAME --folder {place}")


@heads.command("push")
def push_heads(
    name: Name,
    folder: Annotated[Path, typer.Option(help="What train or heads make wrote.", exists=True, file_okay=False)],
    private: Annotated[bool, typer.Option("--private", help="Only you may see them.")] = False,
) -> None:
    """Put heads on the hub with a model card: data and its licence, results with intervals, the encoder's hash."""
    from qamro.checkpoints import WeightsError
    from qamro.predictors.hub_heads import push

    with wrong_use(ValueError, OSError):
        try:
            say(f"written to {push(folder, name, private=private)}")
        except WeightsError as problem:
            fail(problem, FAILED)


@heads.command("pull")
def pull_heads(name: Name) -> None:
    """Fetch heads, or their newer commit; predict --heads hub:OWNER/NAME then uses these and asks nobody."""
    from qamro.checkpoints import WeightsError
    from qamro.predictors.hub_heads import pull, record_of
    from qamro.predictors.saved_card import read_saved

    with wrong_use(ValueError, OSError):
        try:
            folder = pull(name, fresh=True)
        except WeightsError as problem:
            fail(problem, FAILED)
        said = read_saved(folder)
        say(f"{name} at {record_of(folder)['commit']}: {said.about}")
        say(f"Licence of the ratings: {said.card['study'].get('licence') or 'not stated'}")
        say(f"Score with: python -m qamro predict --heads hub:{name} --predictor PREDICTOR ...")
