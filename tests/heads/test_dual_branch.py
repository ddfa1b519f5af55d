"""The dual-branch model: scores depend on their clip and prompt alone, and the outputs are what they say."""

import pytest
import torch
from torch.nn import functional

from qamro.heads.dual_branch import POOLINGS, BranchSettings, DualBranch, FrameScale, make_branch, positions
from qamro.heads.pooling import pad
from qamro.losses.distribution import coral_score, expected_score

FRAMES, TOKENS = 10, 12


def clips(lengths, width, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, width, generator=generator) for n in lengths]


def model(**choices):
    torch.manual_seed(0)
    made = DualBranch(
        {
            "MI": make_branch(BranchSettings(FRAMES, width=16, heads=2, layers=2, **choices)),
            "TA": make_branch(BranchSettings(FRAMES, TOKENS, width=16, heads=2, layers=1, **choices)),
        }
    )
    for branch in made.branches.values():
        branch.scale.calibrate(clips((30, 20), FRAMES, 9))
        for parameter in branch.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)  # DRASP's fine view starts at zero
    return made.eval()


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("output", ["distribution", "score", "coral"])
def test_padding_and_the_batch_change_no_score(pooling, output):
    made = model(pooling=pooling, output=output)
    sounds, prompts = clips((50, 3, 17, 1), FRAMES, 1), clips((4, 9, 1, 6), TOKENS, 2)
    with torch.inference_mode():
        together = made(*pad(sounds), *pad(prompts))
        for i, (sound, prompt) in enumerate(zip(sounds, prompts, strict=True)):
            alone = made(*pad([sound]), *pad([prompt]))
            for axis in ("MI", "TA"):
                torch.testing.assert_close(together[axis].score[i], alone[axis].score[0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(together["TA"].similarity[i], alone["TA"].similarity[0], atol=1e-5, rtol=1e-5)
        frames, mask = pad(sounds)
        frames[~mask] = 1e3  # whatever stands in the padding
        again = made(frames, mask, *pad(prompts))
    for axis in ("MI", "TA"):
        torch.testing.assert_close(together[axis].score, again[axis].score, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("output", "of", "count"), [("distribution", expected_score, 20), ("coral", coral_score, 19), ("score", None, 0)]
)
def test_scores_follow_from_the_logits(output, of, count):
    made = model(output=output)
    found = made(*pad(clips((9, 5), FRAMES, 1)), *pad(clips((3, 4), TOKENS, 2)))
    for answer in found.values():
        if of is None:
            assert answer.logits is None
        else:
            assert answer.logits.shape == (2, count)
            torch.testing.assert_close(answer.score, of(answer.logits, (1.0, 5.0)))
            assert ((answer.score >= 1) & (answer.score <= 5)).all()
    if output == "coral":
        assert (found["MI"].logits.diff(dim=1) < 0.5).all()


def test_the_similarity_is_the_cosine_of_the_two_means():
    branch = model().branches["TA"]
    sound, prompt = clips((8,), FRAMES, 3)[0], clips((5,), TOKENS, 4)[0]
    with torch.inference_mode():
        audio = branch.audio_projection(branch.temporal(branch.scale(sound[None]), torch.ones(1, 8, dtype=torch.bool)))
        text = branch.text_projection(prompt)
        expected = functional.cosine_similarity(audio[0].mean(0), text.mean(0), dim=0)
        found = branch(*pad([sound]), *pad([prompt])).similarity[0]
    torch.testing.assert_close(found, expected)
    assert model().branches["MI"](*pad([sound])).similarity is None


def test_without_prompts_only_what_needs_none_is_scored():
    made = model()
    assert set(made(*pad(clips((4,), FRAMES, 0)))) == {"MI"}
    with pytest.raises(ValueError, match="against a prompt"):
        made.branches["TA"](*pad(clips((4,), FRAMES, 0)))


def test_prompt_and_time_both_matter():
    made = model()
    sounds, prompts = clips((30,), FRAMES, 1), clips((4, 4), TOKENS, 2)
    with torch.inference_mode():
        one, other = (float(made(*pad(sounds), *pad([prompt]))["TA"].score) for prompt in prompts)
        forward, backward = (float(made(*pad([sound]))["MI"].score) for sound in (sounds[0], sounds[0].flip(0)))
    assert abs(one - other) > 1e-4
    assert abs(forward - backward) > 1e-5


def test_frames_are_standardised_by_the_training_clips():
    scale = FrameScale(3)
    parts = clips((40, 7), 3, 5)
    parts[1][:, 2] = parts[0][:, 2] = 4.0
    scale.calibrate(part.half() for part in parts)
    everything = torch.cat(parts).half().float()
    torch.testing.assert_close(scale.mean, everything.mean(0), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scale.deviation[:2], everything.std(0, correction=0)[:2], atol=1e-3, rtol=1e-3)
    assert scale.deviation[2] == 1
    assert scale(torch.full((1, 3), 1e6)).max() == 6


def test_positions_are_those_of_the_transformer_paper():
    found = positions(7, 8, torch.device("cpu"))
    for t in range(7):
        for k in range(4):
            angle = torch.tensor(t / 10_000 ** (2 * k / 8))
            torch.testing.assert_close(found[t, 2 * k], angle.sin(), atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(found[t, 2 * k + 1], angle.cos(), atol=1e-5, rtol=1e-5)


def test_impossible_models_are_refused():
    with pytest.raises(ValueError, match="at least one branch"):
        DualBranch({})
    with pytest.raises(ValueError, match="an output is one of"):
        make_branch(BranchSettings(FRAMES, output="rank"))
    with pytest.raises(ValueError, match="at least two bins"):
        make_branch(BranchSettings(FRAMES, bins=1))
