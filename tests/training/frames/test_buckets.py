import numpy as np
import pytest
import torch

from qamro.training.frames.buckets import bucketed, in_order_of_length


@pytest.mark.parametrize("count", [1, 7, 64, 1000])
def test_every_place_comes_once(count):
    lengths = np.random.default_rng(count).integers(1, 500, count).tolist()
    batches = bucketed(lengths, 16, torch.Generator().manual_seed(0))
    assert sorted(place for batch in batches for place in batch) == list(range(count))
    assert all(len(batch) <= 16 for batch in batches)
    ordered = in_order_of_length(lengths, 16)
    assert sorted(place for batch in ordered for place in batch) == list(range(count))


def test_little_of_a_batch_is_padding_and_no_two_epochs_are_alike():
    lengths = np.random.default_rng(0).integers(10, 600, 2000).tolist()

    def padding(batches):
        return sum(max(lengths[i] for i in b) * len(b) for b in batches) / sum(lengths) - 1

    generator = torch.Generator().manual_seed(0)
    first, second = bucketed(lengths, 32, generator), bucketed(lengths, 32, generator)
    assert padding(first) < 0.1
    shuffled = torch.randperm(2000).tolist()
    assert padding([shuffled[i : i + 32] for i in range(0, 2000, 32)]) > 0.5
    assert {frozenset(batch) for batch in first}.isdisjoint({frozenset(batch) for batch in second})
    assert bucketed(lengths, 32, torch.Generator().manual_seed(0)) == first
