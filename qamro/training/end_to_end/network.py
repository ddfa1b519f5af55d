"""Encoder and heads as one network: clips and prompts in, the answers of every axis out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import nn

from qamro.axes import NEEDS_PROMPT
from qamro.encoders.transformers_folder import autocast
from qamro.heads.bundle import SingleHead
from qamro.heads.score_head import BranchOutput
from qamro.training.distributed import ALONE, World
from qamro.training.end_to_end.tower import Prepared, Tower, device_of
from qamro.training.objective import Objective
from qamro.training.trainer import Scored

if TYPE_CHECKING:
    from qamro.studies import Study


class Item(NamedTuple):
    """A clip as the network takes it, and its prompt (empty for none)."""

    clip: Prepared
    prompt: str


class Network(nn.Module):
    """A tower with one head an axis; the audio embedding goes to each, the prompt's besides to those that need it.

    Attributes:
        tower: The encoder.
        heads: For each axis, its head.
        dtype: What matrix products are computed in.
    """

    def __init__(self, tower: Tower, heads: Mapping[str, SingleHead], dtype: torch.dtype = torch.float32) -> None:
        """Puts them together."""
        super().__init__()
        self.tower, self.dtype = tower, dtype
        self.axes = list(heads)
        self._heads = nn.ModuleList(heads.values())

    @property
    def heads(self) -> dict[str, SingleHead]:
        """For each axis, its head."""
        return {axis: cast("SingleHead", head) for axis, head in zip(self.axes, self._heads, strict=True)}

    def features(self, items: Sequence[Item]) -> dict[bool, torch.Tensor]:
        """Embeds items: under False the sound, (N, dim), under True with the prompt behind it, where it is needed."""
        with autocast(device_of(self), self.dtype):
            audio = self.tower.embed_audio([item.clip for item in items]).float()
            found = {False: audio}
            if any(axis in NEEDS_PROMPT for axis in self.axes):
                text = self.tower.embed_text([item.prompt for item in items]).float()
                found[True] = torch.cat([audio, text], dim=1)
        return found

    def forward(self, items: Sequence[Item]) -> Answers:
        """Answers for N items: tensors (N, …) under ``AXIS/score``, ``AXIS/logits``, ``AXIS/similarity``."""
        features = self.features(items)
        answers: Answers = {}
        for axis, head in self.heads.items():
            output = head.answer(features[axis in NEEDS_PROMPT])
            answers |= {f"{axis}/{name}": value for name, value in output._asdict().items() if value is not None}
        return answers


def loss_of(
    heads: Mapping[str, SingleHead],
    objectives: Mapping[str, Objective],
    answers: Answers,
    targets: Mapping[str, torch.Tensor],
) -> torch.Tensor:
    """Returns the sum over axes of each one's loss.

    Args:
        heads: For each axis, its head, which knows the scale of the scores.
        objectives: For each axis, its objective.
        answers: For B clips.
        targets: For each axis (B,) MOS; NaN where a clip is not rated on it.
    """
    losses = []
    for axis, head in heads.items():
        rated = ~torch.isnan(targets[axis])
        if rated.any():
            extra = [answers.get(f"{axis}/{name}") for name in ("logits", "similarity")]
            logits, similarity = [None if value is None else value[rated][None] for value in extra]
            answer = BranchOutput(answers[f"{axis}/score"][rated][None], logits, similarity)
            scored = Scored(answer, head.out_mean, head.out_std, head.scale)
            losses.append(scored.losses([objectives[axis]], targets[axis][rated])[0])
    return torch.stack(losses).sum() if losses else next(iter(answers.values())).sum() * 0


# Gradient accumulation that keeps the ranking pairs of the whole batch.
#
# A ranking loss couples all clips of a batch, so the gradients of micro-batches cannot simply be added up. Here the
# batch is predicted part by part without a graph; the loss of all predictions together gives its gradient with
# respect to each; and each part is predicted once more, now with a graph, to carry its share of that gradient back to
# the weights. Memory is that of one part, the gradient is that of the whole batch (Gao et al., "Scaling Deep
# Contrastive Learning Batch Size under Memory Limited Setup", 2021, do the same for contrastive losses).
#
# Random numbers (dropout) of a part follow from its seed, so that both passes draw the same, and so that it does not
# matter which process computes which part.

Answers = dict[str, torch.Tensor]
"""What a network answers for n clips: tensors whose first dimension is n."""


class Part(NamedTuple):
    """A micro-batch.

    Attributes:
        rows: Its places in the batch, (n,), int64.
        inputs: What the network takes.
        seed: Of its random numbers.
    """

    rows: torch.Tensor
    inputs: Any
    seed: int


def backward(
    predict: Callable[[Any], Answers],
    parts: Sequence[Part],
    loss: Callable[[Answers], torch.Tensor],
    *,
    parameters: Sequence[torch.nn.Parameter] = (),
    world: World = ALONE,
) -> torch.Tensor:
    """Adds the gradient of a batch's loss to ``.grad``, computing with one part of the batch at a time.

    Args:
        predict: The network; a clip's answer must not depend on the other clips of its part (no batch statistics).
        parts: Disjoint parts that make up the batch; all processes give the same ones and share the work.
        loss: From the answers for the whole batch to a scalar.
        parameters: What is trained; needed with several processes, whose gradients are added up. Their ``.grad`` must
            be None or zero before.
        world: The processes.

    Returns:
        The loss, without graph.
    """
    total = sum(len(part.rows) for part in parts)
    if len(parts) == 1 and world.size == 1:
        (part,) = parts
        with seeded(part.seed):
            value = loss(_placed(predict(part.inputs), part.rows, total))
        value.backward()
        return value.detach()
    whole = {name: at.requires_grad_(at.is_floating_point()) for name, at in predicted(predict, parts, world).items()}
    value = loss(whole)
    value.backward()
    for part in parts[world.rank :: world.size]:
        with seeded(part.seed):
            answers = predict(part.inputs)
        wanted = {name: at.grad for name, at in whole.items() if at.grad is not None and answers[name].requires_grad}
        if wanted:
            rows = {name: gradient[part.rows] for name, gradient in wanted.items()}
            torch.autograd.backward([answers[name] for name in rows], list(rows.values()))
    world.sum_gradients(parameters)
    return value.detach()


@torch.no_grad()
def predicted(predict: Callable[[Any], Answers], parts: Sequence[Part], world: World = ALONE) -> Answers:
    """Predicts a batch part by part, without a graph; the arguments are those of ``backward``.

    Returns:
        The answers for the whole batch, in every process.
    """
    total = sum(len(part.rows) for part in parts)
    own = parts[world.rank :: world.size]
    whole: Answers = {}
    for part in own or parts[:1]:  # who has no part of its own learns the shapes from another's
        with seeded(part.seed):
            answers = predict(part.inputs)
        for name, values in answers.items():
            at = whole.setdefault(name, values.new_zeros(total, *values.shape[1:]))
            if own:
                at[part.rows] = values
    return {name: world.sum(values) for name, values in whole.items()}


def _placed(answers: Answers, rows: torch.Tensor, total: int) -> Answers:
    return {
        name: values.new_zeros(total, *values.shape[1:]).index_put((rows,), values) for name, values in answers.items()
    }


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draws what a seed gives, on every device, and leaves the caller's random numbers as they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


# The clips of a study, decoded ahead of the network and kept as long as memory allows.

MEMORY = 4 << 30
"""Bytes of prepared clips that are kept; others are decoded again when their turn comes."""


class Clips:
    """Prepared clips by name.

    Attributes:
        failed: For each clip that could not be read, why.
    """

    def __init__(self, study: Study, tower: Tower, *, memory: int = MEMORY, workers: int = 2) -> None:
        """Takes a study with audio.

        Args:
            study: Its clips.
            tower: Prepares them.
            memory: Bytes of prepared clips to keep.
            workers: Threads that decode.
        """
        self.failed: dict[str, str] = {}
        self._study, self._tower, self._room = study, tower, memory
        self._prompts = dict(zip(study.clips["clip"], study.clips["prompt"], strict=True))
        self._pool = ThreadPoolExecutor(workers)
        self._kept: dict[str, Prepared] = {}
        self._coming: dict[str, Future[Prepared]] = {}

    def readable(
        self, names: Sequence[str], *, on_clip: Callable[[int, int], bool | None] | None = None, ahead: int = 8
    ) -> list[str]:
        """Returns the clips that can be read; ``failed`` says of the others why not.

        Args:
            names: Clips to try.
            on_clip: Called with (clips done, clips in all); returning True stops.
            ahead: How many are decoded before they are needed.

        Raises:
            InterruptedError: ``on_clip`` asked to stop.
        """
        from qamro.audio import AudioError

        good = []
        for done, name in enumerate(names, 1):
            self.expect(names[done - 1 : done - 1 + ahead])
            try:
                self._take(name)
                good.append(name)
            except (AudioError, OSError) as problem:
                self.failed[name] = str(problem)
            self._coming.pop(name, None)
            if on_clip is not None and on_clip(done, len(names)):
                raise InterruptedError(f"stopped after {done} of {len(names)} clips")
        return good

    def prompt(self, name: str) -> str:
        """Returns a clip's prompt; empty for none."""
        return self._prompts[name] or ""

    def expect(self, names: Iterable[str]) -> None:
        """Starts decoding clips that will be asked for."""
        for name in names:
            if name not in self._kept and name not in self._coming:
                self._coming[name] = self._pool.submit(self._prepare, name)

    def items(self, names: Sequence[str]) -> list[Item]:
        """Returns clips with their prompts; they are there until ``release``."""
        self.expect(names)
        return [Item(self._take(name), self.prompt(name)) for name in names]

    def release(self) -> None:
        """Forgets clips that were not kept: the batch is done."""
        self._coming.clear()

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, name: str) -> Prepared:
        if name in self._kept:
            return self._kept[name]
        clip = self._coming[name].result()
        size = sum(window.nbytes for window, _ in clip)
        if size <= self._room:
            self._kept[name] = clip
            self._room -= size
            self._coming.pop(name, None)
        return clip

    def _prepare(self, name: str) -> Prepared:
        from qamro.audio import load

        return self._tower.prepare(load(self._study.audio_path(name), sample_rate=self._tower.sample_rate).samples)
