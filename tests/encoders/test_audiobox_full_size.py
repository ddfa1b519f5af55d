"""Audiobox-Aesthetics at full size against the stored answers of audiobox_aesthetics 0.0.4."""

import numpy as np
import pytest

from qamro.encoders import Audiobox


@pytest.fixture(scope="module")
def audiobox(seeded_audiobox):
    return Audiobox.from_checkpoint(seeded_audiobox)


def test_scores_equal_the_original_alone_and_together(audiobox, shared):
    answers = np.load(shared / "reference" / "aes_reference.npz")
    clips = [(answers[f"audio_{i}"], int(answers["sample_rate"])) for i in range(3)]
    for found in (audiobox.score(clips), [audiobox.score([clip])[0] for clip in clips]):
        scores = np.array([[row[axis] for axis in answers["axes"]] for row in found])
        np.testing.assert_allclose(scores, answers["scores"], atol=1e-4)
