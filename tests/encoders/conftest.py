"""Checkpoints for the tests of encoders."""

from tests.encoders.fixtures import (  # noqa: F401
    seeded_audiobox,
    seeded_clap,
    small_audiobox,
    small_clap,
    small_tokenizer,
    small_wavlm,
)
