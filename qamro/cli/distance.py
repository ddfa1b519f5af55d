"""``distance``: a set of clips against another, or against their prompts, on an encoder's embeddings."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import FAILED, fail, progress, say, warn, wrong_use
from qamro.cli.inputs import gather
from qamro.counts import count

if TYPE_CHECKING:
    import numpy as np

    from qamro.cli.inputs import Clip

ENCODERS = {"clap": "clap", "logmel": "logmel", "audiobox": "audiobox", "speech": "wavlm"}
"""What ``--encoder`` takes here, and what each is called elsewhere."""

_BATCH = 16


def distance(
    clips: Annotated[Path, typer.Argument(metavar="FOLDER", help="The clips: a folder, or a manifest with a path.")],
    reference: Annotated[
        Path | None, typer.Argument(metavar="[REFERENCE]", help="What they are held against: likewise.")
    ] = None,
    *,
    encoder: Annotated[
        str, typer.Option(metavar="clap|logmel|audiobox|speech", help="What embeds both; speech is WavLM.")
    ] = "clap",
    clap_score: Annotated[
        bool,
        typer.Option("--clap-score", help="Also the mean cosine of clips and their prompts (FOLDER is a manifest)."),
    ] = False,
    draws: Annotated[int, typer.Option(help="Draws of clips for the intervals; 0 leaves them out.", min=0)] = 200,
    seed: options.DrawsSeed = 0,
    device: options.Device = "cpu",
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write everything as JSON.")] = None,
) -> None:
    """Fréchet distance (also extrapolated to infinitely many clips) and kernel distance of two sets of clips.

    They know no ratings: compare systems by them only within one encoder, one reference and sets of one size.
    """
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, OSError, WeightsError, ImportError):
        if encoder not in ENCODERS:
            raise ValueError(f"there is no encoder {encoder!r} here; --encoder takes {', '.join(ENCODERS)}")
        if reference is None and not clap_score:
            raise ValueError("name a REFERENCE to hold the clips against, or ask for --clap-score")
        if clap_score and encoder != "clap":
            raise ValueError("--clap-score needs --encoder clap, which reads prompts")
        mine = gather([clips], whole=True)
        theirs = gather([reference], whole=True) if reference is not None else []
        if clap_score and (silent := sum(not clip.prompt for clip in mine)):
            raise ValueError(f"{clips}: {silent} of {count(len(mine), 'clip')} have no prompt; give a column prompt")
        from qamro.encoders import load_encoder

        model = load_encoder(ENCODERS[encoder], device=device)
    from qamro.evaluation.distance import clap_score as cosines
    from qamro.evaluation.distance import distances, mean_clap_score

    about = describe(model, encoder)
    audio, kept = embed(model, mine)
    with wrong_use(ValueError):
        found = distances(audio, embed(model, theirs)[0], draws=draws, seed=seed) if theirs else []
        if clap_score:
            text = model.embed_text([mine[k].prompt for k in kept]).double().cpu().numpy()
            found.append(mean_clap_score(cosines(audio, text), draws=draws, seed=seed))
    say(f"{about['encoder']} r{about['revision']} ({about['hash'][:12]}); {count(len(kept), 'clip')}"
        + (f" against {len(theirs):,}" if theirs else ""))  # fmt: skip
    for each in found:
        ends = "" if math.isnan(each.low) else f" [{each.low:.5g}, {each.high:.5g}]"
        say(f"  {each.name}: {each.value:.5g}{ends}")
    for note in dict.fromkeys(note for each in found for note in each.note.split("; ") if note):
        warn(note)
    if json_out is not None:
        from qamro.evaluation.evaluate import finite

        rows = [finite(asdict(each)) for each in found]
        everything = {"qamro": __version__, "clips": str(clips), "reference": str(reference or ""), **about}
        everything |= {"n": len(kept), "n_reference": len(theirs), "draws": draws, "seed": seed, "distances": rows}
        with wrong_use(OSError):
            json_out.parent.mkdir(parents=True, exist_ok=True)
            json_out.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"written to {json_out}")


def describe(model: Any, name: str) -> dict[str, Any]:
    """Name, revision, settings and a hash of an encoder: of all that, and of what it makes of a fixed sound."""
    from qamro.encoders.clips import probe_embedding

    settings = str(getattr(model, "settings", ""))
    digest = hashlib.sha256(json.dumps([model.name, model.revision, settings]).encode())
    digest.update(probe_embedding(model).numpy().round(4).tobytes())
    return {"encoder": model.name, "called": name, "revision": model.revision, "settings": settings,
            "published": getattr(model, "published", True), "hash": digest.hexdigest()}  # fmt: skip


def embed(model: Any, clips: list[Clip]) -> tuple[np.ndarray, list[int]]:
    """Embeds clips; returns (n, dim) in float64 and which of them could be read. Those that cannot are named."""
    import numpy as np

    from qamro.audio import AudioError
    from qamro.audio.guarded import load

    rows, kept = [], list[int]()
    with progress("clips") as bar:
        task = bar.add_task("Embedding", total=len(clips))
        for start in range(0, len(clips), _BATCH):
            waves = []
            for number, clip in enumerate(clips[start : start + _BATCH], start):
                try:
                    wave = load(clip.path, model.sample_rate)
                except (AudioError, OSError) as problem:
                    warn(f"left out: {problem}")
                    continue
                waves.append((wave.samples, wave.sample_rate))
                kept.append(number)
            if waves:
                rows.append(model.embed_audio(waves))
            bar.update(task, completed=min(start + _BATCH, len(clips)))
    if not rows:
        fail("not one clip could be read", FAILED)
    return np.concatenate([part.double().cpu().numpy() for part in rows]), kept
