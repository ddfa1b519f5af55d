"""Turns prompts into the token ids that LAION-CLAP's text tower reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from qamro.checkpoints import WeightsError

MOST_TOKENS = 77
"""laion-clap cuts prompts off here, start and end marks included."""

_START, _PAD, _END = 0, 1, 2


class RobertaTokens:
    """The tokenizer of roberta-base, from its files."""

    def __init__(self, folder: Path | str) -> None:
        """Reads ``tokenizer.json``, or ``vocab.json`` and ``merges.txt``.

        Raises:
            FileNotFoundError: The folder holds neither.
            WeightsError: The files are no tokenizer.
        """
        folder = Path(folder)
        try:
            self._tokenizer = _read(folder)
        except FileNotFoundError:
            raise
        except Exception as problem:  # the library raises bare Exceptions
            raise WeightsError(f"the tokenizer in {folder} cannot be read: {problem}") from problem
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.enable_padding(pad_id=_PAD, pad_token="<pad>")

    def __call__(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokenizes texts, padded to the longest of them.

        laion-clap always pads to 77; padding is masked and the embedding is the same without it.

        Returns:
            Token ids and attention mask, each (N, L), int64.
        """
        found = self._tokenizer.encode_batch(list(texts))
        return torch.tensor([one.ids for one in found]), torch.tensor([one.attention_mask for one in found])


def _read(folder: Path) -> Any:
    from tokenizers import ByteLevelBPETokenizer, Tokenizer
    from tokenizers.processors import RobertaProcessing

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    if not (vocabulary.is_file() and merges.is_file()):
        raise FileNotFoundError(
            f"{folder} holds neither tokenizer.json nor vocab.json and merges.txt; "
            "fetch them with `python -m qamro weights fetch roberta-base`"
        )
    tokenizer = ByteLevelBPETokenizer(str(vocabulary), str(merges))
    marks = RobertaProcessing(("</s>", _END), ("<s>", _START), trim_offsets=True, add_prefix_space=False)
    tokenizer._tokenizer.post_processor = marks
    return tokenizer
