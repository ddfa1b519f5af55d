"""Builds ``transformers.ClapModel`` around a checkpoint's tensors, in the sizes that the tensors have."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from qamro.checkpoints import WeightsError
from qamro.encoders.clap_attention import WindowAttention
from qamro.encoders.quick_import import import_clap

_AUDIO, _TEXT = "audio_model.audio_encoder.", "text_model."


def build(tensors: dict[str, torch.Tensor]) -> Any:
    """Builds the network; no weight is copied or initialised.

    Args:
        tensors: From ``clap_checkpoint.load_converted``.

    Returns:
        A ``transformers.ClapModel`` in evaluation mode.

    Raises:
        WeightsError: A tensor is missing or has another shape than its neighbours call for.
    """
    clap = import_clap()
    try:
        joint = len(tensors["audio_projection.linear2.weight"])
        audio, text = _audio_sizes(tensors), _text_sizes(tensors)
        config = clap.ClapConfig(audio_config=audio, text_config=text, projection_dim=joint)
        with torch.device("meta"):
            network = clap.ClapModel(config)
        own = {key for key in tensors if key.endswith(".attn_mask") or ".attention.self.qkv." in key}
        found = network.load_state_dict({k: v for k, v in tensors.items() if k not in own}, strict=False, assign=True)
        _fuse_attention(network.audio_model.audio_encoder, tensors)
    except (KeyError, RuntimeError, ZeroDivisionError) as problem:
        raise WeightsError(f"the checkpoint's tensors do not fit together: {problem}") from problem
    if found.unexpected_keys:
        raise WeightsError(f"the checkpoint holds unknown tensors: {', '.join(found.unexpected_keys[:3])} …")
    _fill_buffers(network.text_model.embeddings)
    missing = [name for name, value in [*network.named_parameters(), *network.named_buffers()] if value.is_meta]
    if missing:
        raise WeightsError(f"the checkpoint lacks tensors: {', '.join(missing[:3])} …")
    return network.eval().requires_grad_(False)


def _audio_sizes(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Reads the sizes of the audio tower off its tensors."""
    width, _, patch, _ = tensors[_AUDIO + "patch_embed.proj.weight"].shape
    blocks: dict[int, int] = {}
    for key in tensors:
        if place := re.match(re.escape(_AUDIO) + r"layers\.(\d+)\.blocks\.(\d+)\.", key):
            stage, block = map(int, place.groups())
            blocks[stage] = max(blocks.get(stage, 0), block + 1)
    table = "blocks.0.attention.self.relative_position_bias_table"
    tables = [tensors[f"{_AUDIO}layers.{stage}.{table}"] for stage in sorted(blocks)]
    return {
        "patch_embeds_hidden_size": width,
        "hidden_size": width * 2 ** (len(blocks) - 1),
        "depths": [blocks[stage] for stage in sorted(blocks)],
        "num_attention_heads": [table.shape[1] for table in tables],
        "window_size": (int(tables[0].shape[0] ** 0.5) + 1) // 2,
        "patch_size": patch,
        "patch_stride": [patch, patch],
        "num_mel_bins": len(tensors[_AUDIO + "batch_norm.weight"]),
    }


def _text_sizes(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Reads the sizes of the text tower off its tensors."""
    vocabulary, width = tensors[_TEXT + "embeddings.word_embeddings.weight"].shape
    layers = {key.split(".")[3] for key in tensors if key.startswith(_TEXT + "encoder.layer.")}
    return {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": width // 64,  # as in every RoBERTa
        "intermediate_size": len(tensors[_TEXT + "encoder.layer.0.intermediate.dense.weight"]),
        "max_position_embeddings": len(tensors[_TEXT + "embeddings.position_embeddings.weight"]),
        "layer_norm_eps": 1e-5,  # roberta-base's; transformers' default for CLAP is 1e-12, 8e-5 off in the embedding
    }


def _fuse_attention(tower: Any, tensors: dict[str, torch.Tensor]) -> None:
    """Replaces the attention of every block."""
    for stage, layer in enumerate(tower.layers):
        for number, block in enumerate(layer.blocks):
            name = f"{_AUDIO}layers.{stage}.blocks.{number}"
            weight, bias = (tensors[f"{name}.attention.self.qkv.{part}"] for part in ("weight", "bias"))
            qkv = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
            qkv.load_state_dict({"weight": weight, "bias": bias}, assign=True)
            old = block.attention.self
            index, mask = old.create_relative_position_index(), tensors.get(f"{name}.attn_mask")
            if mask is None:  # an unshifted block, or a file without its buffers
                grid = tower.input_resolutions[stage]
                block.set_shift_and_window_size(grid)
                mask = block.get_attn_mask(*grid, dtype=torch.float32, device="cpu")
            block.attention.self = WindowAttention(qkv, old.relative_position_bias_table, index, mask)
            block.get_attn_mask = _no_mask  # it is part of the bias already


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def _fill_buffers(embeddings: Any) -> None:
    """Makes the text tower's two buffers, which checkpoints may leave out."""
    positions = embeddings.position_embeddings.num_embeddings
    embeddings.position_ids = torch.arange(positions).expand((1, -1))
    embeddings.token_type_ids = torch.zeros(1, positions, dtype=torch.long)
