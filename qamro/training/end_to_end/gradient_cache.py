"""Gradient accumulation that keeps the ranking pairs of the whole batch.

A ranking loss couples all clips of a batch, so the gradients of micro-batches cannot simply be added up. Here the
batch is predicted part by part without a graph; the loss of all predictions together gives its gradient with respect
to each; and each part is predicted once more, now with a graph, to carry its share of that gradient back to the
weights. Memory is that of one part, the gradient is that of the whole batch (Gao et al., "Scaling Deep Contrastive
Learning Batch Size under Memory Limited Setup", 2021, do the same for contrastive losses).

Random numbers (dropout) of a part follow from its seed, so that both passes draw the same, and so that it does not
matter which process computes which part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from qamro.training.distributed import ALONE, World

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
