"""The encoders that heads can be trained on: what each needs, what it reads, and what its cards call it."""

from __future__ import annotations

from dataclasses import dataclass

from qamro.checkpoints import AUDIOBOX, CLAP, MUQ, ROBERTA, TOKENIZER, WAVLM, Weights


@dataclass(frozen=True)
class Trainable:
    """An encoder as far as it can be known without loading it.

    Attributes:
        title: What people read.
        card_name: What ``encoder.name`` says, and the cards of its heads.
        weights: The published weights that it needs.
        reads_prompts: Whether it embeds prompts, so that TA can be trained on it.
    """

    title: str
    card_name: str
    weights: tuple[Weights, ...] = ()
    reads_prompts: bool = False


TRAINABLE: dict[str, Trainable] = {
    "logmel": Trainable("Log-mel features", "LogMel", reads_prompts=True),
    "clap": Trainable("LAION-CLAP", "Clap", (CLAP, TOKENIZER), reads_prompts=True),
    "audiobox": Trainable("Audiobox-Aesthetics", "Audiobox", (AUDIOBOX,)),
    "wavlm": Trainable("WavLM", "WavLM", (WAVLM,)),
    "muq": Trainable("MuQ", "MuQ", (MUQ,)),
}
"""By the name that ``qamro.encoders.load_encoder`` takes."""

FRAME_WEIGHTS: dict[str, tuple[Weights, ...]] = {
    "logmel": (),
    "clap": (CLAP, TOKENIZER),
    "wavlm": (WAVLM, ROBERTA, TOKENIZER),
    "muq": (MUQ, ROBERTA, TOKENIZER),
}
"""By the name that ``qamro.encoders.frame_encoder`` takes, the published weights of both its parts."""


def by_card_name(name: str) -> str:
    """Returns what ``load_encoder`` calls an encoder that a card names; the card's own name where it is not known."""
    return next((key for key, encoder in TRAINABLE.items() if encoder.card_name == name), name)
