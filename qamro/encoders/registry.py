"""The encoders, in one table: what each is called, needs and reads, and how it is opened. Nothing heavy is loaded.

A new encoder is a file of its own and a row of ``ENCODERS``, or an entry point of another package
(``qamro.plugins``).
"""

from __future__ import annotations

from dataclasses import dataclass

from qamro import plugins
from qamro.checkpoints import AUDIOBOX, CLAP, MUQ, ROBERTA, TOKENIZER, WAVLM, Weights
from qamro.encoders.packaged import DISTILLMOS, Packaged
from qamro.plugins import Where


@dataclass(frozen=True)
class EncoderEntry:
    """An encoder as far as it can be known without loading it.

    Attributes:
        name: What ``load_encoder`` and ``--encoder`` call it.
        title: What people read.
        note: A sentence or two about it, for the app.
        card_name: What ``encoder.name`` says, and the cards of its heads.
        vectors: Makes the encoder; takes ``device`` and what else ``load_encoder`` is given.
        weights: The published weights that it needs.
        packaged: What else it needs, which comes with packages.
        reads_prompts: Whether it embeds prompts, so that axes that need one can be trained on it.
        frames: Makes the pair (audio, text) that ``frame_encoder`` puts together; None where it gives no frames.
        frame_weights: The published weights of both.
        tower: Opens it as a trainable ``Tower`` from ``(weights, tokenizer)``, each None for the published ones; None
            where it cannot be trained. A place such as ``"module:function"`` only: towers belong to a higher layer.
        tuned: Opens from a folder, with ``device`` and ``precision``, what its tower saved there; answers None where
            the folder holds another encoder.
    """

    name: str
    title: str
    note: str
    card_name: str
    vectors: Where
    weights: tuple[Weights, ...] = ()
    packaged: tuple[Packaged, ...] = ()
    reads_prompts: bool = False
    frames: Where | None = None
    frame_weights: tuple[Weights, ...] = ()
    tower: Where | None = None
    tuned: Where | None = None


_LOADING = "qamro.encoders.loading"
_FRAMES = "qamro.encoders.frames"
_TOWERS = "qamro.training.end_to_end.towers"

ENCODERS: dict[str, EncoderEntry] = {
    entry.name: entry
    for entry in (
        EncoderEntry(
            "logmel",
            "Log-mel features",
            "Fixed statistics of the spectrum. Nothing to fetch, a hundred clips in seconds.",
            "LogMel",
            "qamro.encoders.logmel:LogMel",
            reads_prompts=True,
            frames=f"{_FRAMES}:logmel_frames",
        ),
        EncoderEntry(
            "clap",
            "LAION-CLAP",
            "A network that hears music and reads prompts: the paper's encoder. Slow without a GPU.",
            "Clap",
            f"{_LOADING}:clap",
            weights=(CLAP, TOKENIZER),
            reads_prompts=True,
            frames=f"{_FRAMES}:clap_frames",
            frame_weights=(CLAP, TOKENIZER),
            tower=f"{_TOWERS}:open_clap",
            tuned=f"{_LOADING}:tuned_clap",
        ),
        EncoderEntry(
            "audiobox",
            "Audiobox-Aesthetics",
            "The network behind the four aesthetic axes. It reads no prompts: no TA.",
            "Audiobox",
            f"{_LOADING}:audiobox",
            weights=(AUDIOBOX,),
            tower=f"{_TOWERS}:open_audiobox",
            tuned=f"{_LOADING}:tuned_audiobox",
        ),
        EncoderEntry(
            "wavlm",
            "WavLM",
            "A network trained on speech. It reads no prompts: no TA.",
            "WavLM",
            f"{_LOADING}:wavlm",
            weights=(WAVLM,),
            frames=f"{_FRAMES}:wavlm_frames",
            frame_weights=(WAVLM, ROBERTA, TOKENIZER),
            tower=f"{_TOWERS}:open_wavlm",
            tuned=f"{_LOADING}:tuned_wavlm",
        ),
        EncoderEntry(
            "muq",
            "MuQ",
            "A network trained on music; for non-commercial use. It reads no prompts: no TA.",
            "MuQ",
            f"{_LOADING}:muq",
            weights=(MUQ,),
            frames=f"{_FRAMES}:muq_frames",
            frame_weights=(MUQ, ROBERTA, TOKENIZER),
        ),
        EncoderEntry(
            "distillmos",
            "Distill-MOS (speech)",
            "A small network trained on rated speech; for speech only. It reads no prompts: no TA.",
            "DistillMos",
            f"{_LOADING}:distillmos",
            packaged=(DISTILLMOS,),
        ),
    )
}
"""Our own, by name, in the order in which the app offers them."""


def encoders() -> dict[str, EncoderEntry]:
    """Returns every encoder by name, those of other packages last."""
    return plugins.table(plugins.ENCODERS, ENCODERS, EncoderEntry)


def encoder_entry(name: str) -> EncoderEntry:
    """Returns a row of the table.

    Raises:
        ValueError: There is no such encoder.
    """
    if name in ENCODERS:
        return ENCODERS[name]
    if name not in encoders():
        raise plugins.unknown(plugins.ENCODERS, "encoder", name, encoders())
    return encoders()[name]


def by_card_name(name: str) -> str:
    """Returns what ``load_encoder`` calls an encoder that a card names; the card's own name where it is not known."""
    return next((entry.name for entry in encoders().values() if entry.card_name == name), name)
