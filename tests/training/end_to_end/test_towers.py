import pytest
import torch

from qamro.encoders import Audiobox, Clap
from qamro.encoders.audiobox_network import load_original
from qamro.encoders.loading import FOLDER, open_tuned
from qamro.encoders.wavlm import WavLM
from qamro.heads import ScoreHead
from qamro.losses import qamro_loss
from qamro.training.end_to_end.network import Item, Network, Part, backward
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


def test_embeddings_are_the_encoders(
    clap_tower, small_clap, small_tokenizer, wavlm_tower, wavlm_folder, audiobox_tower, small_audiobox
):
    for tower, encoder in (
        (audiobox_tower, Audiobox.from_checkpoint(small_audiobox)),
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
        torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=3e-5 * largest, msg=name)


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


def test_audioboxs_transformer_is_trained_as_the_original_would_be(audiobox_tower, small_audiobox, small_wavlm):
    """The original network, with dropout off, is the oracle of every gradient: positions and layer weights included."""
    original = load_original(small_audiobox).requires_grad_(True)
    axes, wave = original.axes_name, waves(1, 16_000)[0]
    seen = []
    for axis in axes:
        original.proj_layer[axis].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    original.freeze_encoder = False
    original.train()
    for module in original.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    original.wavlm_model.encoder.layerdrop, original.wavlm_model.encoder.dropout = 0.0, 0.0
    original.wavlm_model.feature_grad_mult = 1.0
    window = torch.zeros(1, 1, 160_000)
    window[0, 0, : wave.size] = torch.from_numpy(wave)
    original({"wav": window, "mask": (torch.arange(160_000) < wave.size)[None, None]})
    direction = torch.randn(len(axes), seen[0].shape[1], generator=torch.Generator().manual_seed(3))
    (torch.cat(seen) * direction).sum().backward()

    tower = audiobox_tower.requires_grad_(True).train()
    found = tower.embed_audio([tower.prepare(wave)])
    torch.testing.assert_close(found.view(len(axes), -1), torch.cat(seen), atol=2e-5, rtol=1e-4)
    (found.view(len(axes), -1) * direction).sum().backward()

    theirs_first, theirs_convolution = original.wavlm_model.encoder.layers[0], original.wavlm_model.feature_extractor
    attention = original.wavlm_model.encoder.layers[1].self_attn
    theirs = torch.cat([part.weight.grad for part in (attention.q_proj, attention.k_proj, attention.v_proj)])
    pairs = [
        (tower.network.layers[1].self_attn.qkv.weight.grad, theirs),
        (tower.relative.weight.grad, theirs_first.self_attn.relative_attention_bias.weight.grad),
        (tower.network.convolutions[0].weight.grad, theirs_convolution.conv_layers[0][0].weight.grad),
        *((tower.layer_weights[axis].grad, original.layer_weights[axis].grad) for axis in axes),
    ]
    for ours, expected in pairs:
        assert expected.abs().max() > 0
        torch.testing.assert_close(ours, expected, rtol=2e-3, atol=2e-4 * float(expected.abs().max()))


def test_a_trained_audiobox_is_written_under_the_originals_names(audiobox_tower, small_audiobox, small_wavlm, tmp_path):
    before = load_original(small_audiobox).state_dict()
    audiobox_tower.save(tmp_path)
    after = load_original(tmp_path).state_dict()
    assert list(after) == list(before)
    for name, value in before.items():
        if "pos_conv.0.weight_" not in name:  # the direction's length is free where a weight is normed
            assert torch.equal(value, after[name]), name
    with torch.no_grad():
        audiobox_tower.layer_weights["PQ"].add_(1 + torch.arange(4.0))
        audiobox_tower.network.layers[0].self_attn.qkv.weight.mul_(2)
    audiobox_tower.save(tmp_path)
    newest = load_original(tmp_path).state_dict()
    changed = {name for name, value in newest.items() if not torch.equal(value, after[name])}
    start = "wavlm_model.encoder.layers.0.self_attn"
    assert changed == {"layer_weights.PQ", *(f"{start}.{name}_proj.weight" for name in "qkv")}
