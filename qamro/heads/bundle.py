"""A folder of trained heads or branches: ``heads.safetensors`` and the card that says where they come from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qamro.heads.card import CARD_FILE, Card, HeadsError, read_card, write_card
from qamro.heads.distribution_head import DistributionHead
from qamro.heads.dual_branch import Branch, BranchSettings, DualBranch, make_branch
from qamro.heads.fold_heads import PREFIX, FoldHeads
from qamro.heads.score_head import ScoreHead, drawn_by


@dataclass
class HeadBundle:
    """Trained heads with their card.

    Attributes:
        heads: For each axis, its head.
        card: Where they come from.
        extra: Further tensors that travel along, for example the encoder's answer to a probe.
        record: How the run that made them went, ready for JSON (see ``qamro.training.cards``); empty when unknown.
    """

    heads: Mapping[str, AnyHead]
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
                raise HeadsError(
                    f"the heads in {folder} were trained on encoder {what} {card.encoder.get(what)!r}, not {wanted!r}",
                    "train them again on this encoder",
                )
        try:
            tensors = load_file(folder / HEADS_FILE)
            heads = {axis: head_from_state(below(tensors, axis)) for axis in card.axes}
        except (SafetensorError, KeyError, TypeError, RuntimeError) as problem:
            raise HeadsError(
                f"{folder / HEADS_FILE} is damaged or holds no heads ({str(problem).splitlines()[0]})",
                "train them again",
            ) from problem
        return cls(heads, card, extra_of(tensors), record)


# A folder of trained branches: the files of a folder of heads, with the branches' sizes beside the weights.

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
            raise HeadsError(
                f"{folder} holds no dual-branch model, or a damaged one ({str(problem).splitlines()[0]})",
                "`python -m qamro train-deramos` makes one",
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


# The file of weights in a folder of heads: one module an axis, and further tensors.

HEADS_FILE = "heads.safetensors"

_EXTRA = "extra"


def write_tensors(
    folder: Path,
    modules: Mapping[str, nn.Module],
    extra: Mapping[str, torch.Tensor],
    metadata: dict[str, str] | None = None,
) -> None:
    """Writes the weights of modules as ``AXIS.NAME`` and further tensors as ``extra.NAME``, whole or not at all.

    Args:
        folder: Where to; it is made.
        modules: For each axis, its module.
        extra: Further tensors by name.
        metadata: What the header says.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{axis}.{key}": value for axis, module in modules.items() for key, value in module.state_dict().items()}
    tensors |= {f"{_EXTRA}.{key}": value for key, value in extra.items()}
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, metadata)
    # safetensors' own writer makes files that only their owner may read, whatever the umask.
    part = folder / f"{HEADS_FILE}.part"
    part.write_bytes(content)
    os.replace(part, folder / HEADS_FILE)


def below(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Returns the tensors whose names start with a prefix and a point, without them."""
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}


def extra_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Returns the further tensors that ``write_tensors`` was given."""
    return below(tensors, _EXTRA)


def need_files(folder: Path, files: tuple[str, ...], remedy: str) -> None:
    """Refuses a folder that lacks a file.

    Args:
        folder: The folder.
        files: What it must hold.
        remedy: What makes the files, for the message.

    Raises:
        FileNotFoundError: Names the file and what makes it.
    """
    for file in files:
        if not (folder / file).is_file():
            raise FileNotFoundError(f"{folder} holds no {file}; {remedy}")


# Which head: a score, or a distribution over scores, with or without a common space of sound and prompt.

Head = ScoreHead | DistributionHead

AnyHead = Head | FoldHeads
"""What a folder may hold for an axis: a head, or those of several folds."""


def head_for(
    *,
    logits: bool,
    similarity: bool,
    dim: int,
    text_dim: int = 0,
    hidden: tuple[int, int] = (128, 64),
    dropout: float = 0.1,
    scale: tuple[float, float] | None = None,
) -> Head:
    """Makes the head that an objective needs.

    Args:
        logits: Whether it must answer with a distribution (``Objective.needs_logits``).
        similarity: Whether it must compare sound and prompt (``Objective.needs_similarity``).
        dim: Length of an embedding, that of the prompt included.
        text_dim: Length of the prompt's embedding at its end; 0 where the axis is judged without a prompt.
        hidden: Widths of the hidden layers.
        dropout: Share of hidden units left out in training.
        scale: (low, high) of the axis; None takes it from the training MOS.

    Raises:
        ValueError: Sound and prompt are to be compared, and there is no prompt.
    """
    if similarity and not text_dim:
        raise ValueError("SAMA compares a clip with its prompt; this axis or this encoder has none")
    if logits or similarity:
        return DistributionHead(dim, hidden, dropout, text_dim=text_dim, scale=scale)
    return ScoreHead(dim, hidden, dropout)


def head_from_state(state: dict[str, Tensor]) -> AnyHead:
    """Rebuilds a head of any kind from its saved tensors.

    Raises:
        ValueError: The tensors are no head's.
    """
    if any(key.startswith(PREFIX) for key in state):
        return FoldHeads.from_state(state)
    return plain_head(state)


def plain_head(state: dict[str, Tensor]) -> Head:
    """Rebuilds a single head from its saved tensors.

    Raises:
        ValueError: The tensors are no head's.
    """
    with drawn_by(0):
        return (DistributionHead if "layers.logits.weight" in state else ScoreHead).from_state(state)
