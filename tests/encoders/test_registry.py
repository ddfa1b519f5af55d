"""Every row of the table of encoders leads to what it names."""

from __future__ import annotations

import pytest

import qamro.encoders
from qamro.encoders.registry import ENCODERS, by_card_name, encoder_entry
from qamro.plugins import opened

CLASSES = {"logmel": "LogMel", "clap": "Clap", "audiobox": "Audiobox", "wavlm": "WavLM", "muq": "MuQ",
           "distillmos": "DistillMos"}  # fmt: skip


@pytest.mark.parametrize("entry", ENCODERS.values(), ids=lambda entry: entry.name)
def test_a_row_says_what_its_encoder_is(entry):
    for where in (entry.vectors, entry.frames, entry.tower, entry.tuned):
        assert where is None or callable(opened(where))
    assert entry.note.endswith(".")
    encoder = getattr(qamro.encoders, CLASSES[entry.name])
    assert encoder.name == entry.card_name
    assert hasattr(encoder, "embed_text") == entry.reads_prompts
    assert hasattr(encoder, "embed_frames") == (entry.frames is not None)
    assert set(entry.weights) - set(entry.frame_weights) == set() or entry.frames is None
    assert (entry.tower is None) == (entry.tuned is None), "what is trained end to end must open again"
    assert by_card_name(entry.card_name) == entry.name


def test_unknown_names():
    assert by_card_name("Ears") == "Ears"
    with pytest.raises(ValueError, match="no encoder 'ears'; choose one of logmel, clap, .*, distillmos"):
        encoder_entry("ears")
