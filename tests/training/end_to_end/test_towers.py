import pytest
import torch

from qamro.encoders import Clap
from qamro.encoders.tuned import FOLDER, open_tuned
from qamro.encoders.wavlm import WavLM
from qamro.heads import ScoreHead
from qamro.losses import qamro_loss
from qamro.training.end_to_end.gradient_cache import Part, backward
from qamro.training.end_to_end.network import Item, Network
from tests.training.end_to_end.conftest import PROMPTS, waves


def items(tower, count=5):
    clips = [tower.prepare(wave) for wave in waves(count, tower.sample_rate)]
    return [Item(clip, PROMPTS[k % 3]) for k, clip in enumerate(clips)]


def network(tower):
    torch.manual_seed(1)
    heads = {"MI": ScoreHead(tower.audio_dim, (8, 4), 0.0)}
    if tower.text_dim:
        heads["TA"] = ScoreHead(tower.audio_dim + tower.text_dim, (8, 4), 0.0)
    return Network(tower, heads)


def loss(answers):
    y = torch.tensor([1.0, 4.2, 3.0, 3.0, 2.2])
    return sum(qamro_loss(answers[name], y) for name in answers)


def test_embeddings_are_the_encoders(clap_tower, small_clap, small_tokenizer, wavlm_tower, wavlm_folder):
    for tower, encoder in (
        (clap_tower, Clap.from_checkpoint(small_clap, small_tokenizer)),
        (wavlm_tower, WavLM.from_checkpoint(wavlm_folder)),
    ):
        for seconds in (1.0, 11.0):
            clips = waves(2, tower.sample_rate, seconds)
            with torch.no_grad():
                found = tower.eval().embed_audio([tower.prepare(clip) for clip in clips])
            expected = encoder.embed_audio([(clip, tower.sample_rate) for clip in clips])
            torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
    with torch.no_grad():
        text = clap_tower.embed_text(PROMPTS)
    torch.testing.assert_close(text, Clap.from_checkpoint(small_clap, small_tokenizer).embed_text(PROMPTS))
    with pytest.raises(ValueError, match="reads no prompts"):
        wavlm_tower.embed_text(PROMPTS)


def gradients(net):
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def parts(clips, size):
    return [Part(rows, [clips[i] for i in rows], 5 + int(rows[0])) for rows in torch.arange(len(clips)).split(size)]


def test_gradients_of_micro_batches_are_those_of_the_whole_batch(tower):
    net, clips = network(tower).requires_grad_(True).eval(), items(tower)
    whole = loss(net(clips))  # dropout is off: its draws would differ between parts and the whole
    whole.backward()
    expected = gradients(net)
    net.zero_grad()
    value = backward(net, parts(clips, 2), loss)
    torch.testing.assert_close(value, whole.detach(), rtol=1e-4, atol=1e-5)
    assert len(expected) > 40
    largest = float(max(gradient.abs().max() for gradient in expected.values()))
    for name, gradient in gradients(net).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=1e-5 * largest, msg=name)


def test_checkpointed_activations_give_the_same_gradients_with_dropout(tower):
    net, clips = network(tower).requires_grad_(True).train(), items(tower)
    backward(net, parts(clips, 2), loss)
    expected = gradients(net)
    net.zero_grad()
    tower.checkpoint_activations()
    backward(net, parts(clips, 2), loss)
    for name, gradient in gradients(net).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-5, atol=1e-7, msg=name)


def test_relative_positions_and_prompts_are_trained(clap_tower):
    net = network(clap_tower)
    net.requires_grad_(True)
    loss(net.train()(items(clap_tower))).backward()
    for name in ("layers.0.blocks.1.attention.self.relative_position_bias_table", "patch_embed.proj.weight"):
        assert clap_tower.network.get_parameter(f"audio_model.audio_encoder.{name}").grad.abs().max() > 0
    assert clap_tower.network.get_parameter("text_model.embeddings.word_embeddings.weight").grad.abs().max() > 0


def test_the_last_stages_alone_are_trained(tower):
    trained = []
    for count in (0, 1, len(tower.stages()), None):
        tower.train_last(count)
        trained.append(sum(p.numel() for p in tower.parameters() if p.requires_grad))
    assert trained[0] == 0 < trained[1] < trained[2] <= trained[3] == sum(p.numel() for p in tower.parameters())
    with pytest.raises(ValueError, match="stages to train"):
        tower.train_last(99)
    tower.train_last(1)
    net, clips = network(tower), items(tower)
    backward(net, parts(clips, 3), loss)
    changed = {name for name, p in net.tower.named_parameters() if p.grad is not None}
    assert changed <= {name for name, p in net.tower.named_parameters() if p.requires_grad}
    assert changed


def test_batch_statistics_stay_as_they_were_pretrained(clap_tower):
    before = {name: value.clone() for name, value in clap_tower.named_buffers()}
    with torch.no_grad():
        clap_tower.train().embed_audio([clip for clip, _ in items(clap_tower)])
    for name, value in clap_tower.named_buffers():
        assert torch.equal(value, before[name]), name


def test_bfloat16_is_close_and_answers_in_float32(tower):
    net, clips = network(tower).eval(), items(tower)
    with torch.no_grad():
        exact = net(clips)["MI/score"]
        net.dtype = torch.bfloat16
        rounded = net(clips)["MI/score"]
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, atol=0.1, rtol=0.1)


def test_what_is_saved_opens_as_an_encoder_with_the_same_numbers(tower, tmp_path):
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    weights = tower.save(tmp_path / FOLDER)
    (tmp_path / "plain").touch()
    assert weights.stat().st_mode == (tmp_path / "plain").stat().st_mode, "whoever may read the folder may read it"
    assert not list(weights.parent.glob("*.part"))
    encoder = open_tuned(tmp_path, device="cpu", cache=False)
    clips = waves(3, tower.sample_rate)
    with torch.no_grad():
        expected = tower.eval().train_last(None) or tower.embed_audio([tower.prepare(clip) for clip in clips])
    found = encoder.embed_audio([(clip, tower.sample_rate) for clip in clips])
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
    assert encoder.revision != tower.source
    assert not encoder.published
    if tower.text_dim:
        with torch.no_grad():
            torch.testing.assert_close(encoder.embed_text(PROMPTS), tower.embed_text(PROMPTS), atol=1e-5, rtol=1e-4)
    assert weights.suffix == ".safetensors"
