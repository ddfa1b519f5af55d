"""A folder of trained branches: the files of a folder of heads, with the branches' sizes beside the weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from qamro.heads.branch_settings import BranchSettings
from qamro.heads.card import CARD_FILE, Card, read_card, write_card
from qamro.heads.dual_branch import Branch, DualBranch, make_branch
from qamro.heads.tensor_file import HEADS_FILE, below, extra_of, need_files, write_tensors

_SETTINGS = "branches"
"""Key of the sizes in the header of the weights' file."""

_REMEDY = "train a model with `python -m qamro train-deramos --out {folder}`"


@dataclass
class FrameBundle:
    """Trained branches with their card.

    Attributes:
        heads: For each axis, its branch, in evaluation mode.
        card: Where they come from.
        extra: Further tensors that travel along, for example the encoder's answer to a probe.
        record: How the run that made them went; empty when unknown.
    """

    heads: dict[str, Branch]
    card: Card
    extra: dict[str, torch.Tensor] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> DualBranch:
        """The branches behind one call."""
        return DualBranch(self.heads).eval()

    def save(self, folder: Path | str) -> Path:
        """Writes the branches, the card as JSON and as a readable page, and the record where there is one."""
        folder = Path(folder)
        settings = {axis: asdict(branch.settings) for axis, branch in self.heads.items()}
        write_tensors(folder, self.heads, self.extra, {_SETTINGS: json.dumps(settings)})
        write_card(folder, self.card, self.record)
        return folder

    @classmethod
    def load(cls, folder: Path | str) -> FrameBundle:
        """Reads a folder of branches.

        Raises:
            FileNotFoundError: A file of the folder is missing.
            ValueError: The folder holds heads of another kind, or is not readable.
        """
        from safetensors import SafetensorError, safe_open

        folder = Path(folder)
        need_files(folder, (HEADS_FILE, CARD_FILE), _REMEDY.format(folder=folder))
        card, record = read_card(folder)
        try:
            with safe_open(folder / HEADS_FILE, "pt") as file:
                settings = json.loads((file.metadata() or {})[_SETTINGS])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a dict
            branches = {axis: make_branch(BranchSettings(**sizes)) for axis, sizes in settings.items()}
            for axis, branch in branches.items():
                branch.load_state_dict(below(tensors, axis))
                branch.eval()
        except (SafetensorError, KeyError, TypeError, RuntimeError) as problem:
            raise ValueError(
                f"{folder} holds no dual-branch model, or a damaged one ({str(problem).splitlines()[0]}); "
                "`python -m qamro train-deramos` makes one"
            ) from problem
        return cls(branches, card, extra_of(tensors), record)


def encoder_key(folder: Path | str) -> str:
    """Returns which encoder of frames a folder's model needs, as ``frame_encoder`` calls it.

    Raises:
        FileNotFoundError: The folder holds no card.
        ValueError: It holds heads of another kind.
    """
    folder = Path(folder)
    need_files(folder, (CARD_FILE,), _REMEDY.format(folder=folder))
    key = read_card(folder)[0].encoder.get("key")
    if not key:
        raise ValueError(f"{folder} holds heads on whole embeddings, not a dual-branch model; score with them as heads")
    return key


def is_frame_bundle(folder: Path | str) -> bool:
    """Whether a folder holds a dual-branch model, as far as its card tells."""
    try:
        return bool(encoder_key(folder))
    except (OSError, ValueError, AttributeError):
        return False
