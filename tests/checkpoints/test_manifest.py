import re

import pytest

from qamro.checkpoints import (
    AUDIOBOX,
    CLAP,
    MUQ,
    ROBERTA,
    TOKENIZER,
    WAVLM,
    WEIGHTS,
    get_weights,
    is_published,
    readable_size,
)


def test_every_entry_is_pinned_in_full() -> None:
    for weights in WEIGHTS.values():
        assert re.fullmatch(r"[0-9a-f]{40}", weights.revision)
        assert weights.licence
        for file in weights.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256) or re.fullmatch(r"[0-9a-f]{40}", file.git_blob)
            assert file.size > 0
    optional = {"wavlm", "roberta-base-network", "muq", "tunejury", "nisqa", "songeval"}
    assert set(WEIGHTS) == {"clap", "roberta-base", "audiobox"} | optional
    assert {name for name, weights in WEIGHTS.items() if weights.optional} == optional


def test_names_are_those_of_the_publishers() -> None:
    assert (CLAP.repo, CLAP.files[0].path) == ("lukewys/laion_clap", "music_audioset_epoch_15_esc_90.14.pt")
    assert [file.path for file in AUDIOBOX.files] == ["config.json", "model.safetensors"]
    assert TOKENIZER.repo == ROBERTA.repo == "FacebookAI/roberta-base"
    assert (WAVLM.repo, WAVLM.files[-1].path) == ("microsoft/wavlm-base-plus", "pytorch_model.bin")
    assert (MUQ.repo, MUQ.licence) == ("OpenMuQ/MuQ-large-msd-iter", "CC-BY-NC-4.0")


def test_unknown_weights_are_named() -> None:
    with pytest.raises(ValueError, match="no weights called 'clip'; choose one of clap, roberta-base, audiobox"):
        get_weights("clip")


def test_only_published_hashes_count_as_published() -> None:
    assert is_published(CLAP.files[0].sha256)
    assert not is_published("0" * 64)


@pytest.mark.parametrize(
    ("size", "text"),
    [(8, "8 B"), (999, "999 B"), (300_000, "300 kB"), (415_472_992, "415 MB"), (2_352_471_003, "2.4 GB")],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable_size(size) == text
