"""A folder of trained heads: ``heads.safetensors`` and the card that says where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from qamro.heads.card import CARD_FILE, Card, read_card, write_card
from qamro.heads.kinds import Head, head_from_state
from qamro.heads.tensor_file import HEADS_FILE, below, extra_of, need_files, write_tensors


@dataclass
class HeadBundle:
    """Trained heads with their card.

    Attributes:
        heads: For each axis, its head.
        card: Where they come from.
        extra: Further tensors that travel along, for example the encoder's answer to a probe.
        record: How the run that made them went, ready for JSON (see ``qamro.training.record``); empty when unknown.
    """

    heads: dict[str, Head]
    card: Card
    extra: dict[str, torch.Tensor] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path | str) -> Path:
        """Writes the heads, the card as JSON and as a readable page, and the record of the run where there is one."""
        folder = Path(folder)
        write_tensors(folder, self.heads, self.extra)
        write_card(folder, self.card, self.record)
        return folder

    @classmethod
    def load(cls, folder: Path | str, encoder: str | None = None, revision: str | None = None) -> HeadBundle:
        """Reads a folder of heads.

        Args:
            folder: Where ``save`` wrote.
            encoder: Name of the encoder that will feed the heads; checked against the card when given.
            revision: Its revision, checked likewise.

        Raises:
            FileNotFoundError: A file of the folder is missing.
            ValueError: The heads were trained on another encoder, or are not readable.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        folder = Path(folder)
        need_files(folder, (HEADS_FILE, CARD_FILE), f"train heads with `python -m qamro train --out {folder}`")
        card, record = read_card(folder)
        for what, wanted in (("name", encoder), ("revision", revision)):
            if wanted is not None and card.encoder.get(what) != wanted:
                raise ValueError(
                    f"the heads in {folder} were trained on encoder {what} {card.encoder.get(what)!r}, not {wanted!r}; "
                    "train them again on this encoder"
                )
        try:
            tensors = load_file(folder / HEADS_FILE)
            heads = {axis: head_from_state(below(tensors, axis)) for axis in card.axes}
        except (SafetensorError, KeyError, TypeError, RuntimeError) as problem:
            raise ValueError(
                f"{folder / HEADS_FILE} is damaged or holds no heads ({str(problem).splitlines()[0]}); train them again"
            ) from problem
        return cls(heads, card, extra_of(tensors), record)
