"""Small random networks of the published classes, written as the publishers write theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qamro.encoders.transformers_folder import hide_broken_packages

RATE = 48_000

_LAION_NAMES = (
    (r"^audio_model\.audio_encoder\.", "audio_branch."),
    (r"^text_model\.", "text_branch."),
    (r"\.batch_norm\.", ".bn0."),
    (r"\.attention\.output\.dense\.(?=\w+$)", ".attn.proj."),
    (r"\.attention\.self\.relative", ".attn.relative"),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"\.output\.dense\.", ".mlp.fc2."),
    (r"_projection\.linear1\.", "_projection.0."),
    (r"_projection\.linear2\.", "_projection.2."),
)


def clap_model(seed: int = 0) -> Any:
    """A random ClapModel of 2 x 2 x 2 x 2 blocks; transformers' own attention is the oracle for ours."""
    hide_broken_packages()
    from transformers import ClapConfig, ClapModel

    torch.manual_seed(seed)
    text = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 96}
    text |= {"vocab_size": 300, "max_position_embeddings": 90, "layer_norm_eps": 1e-5}
    audio = {"hidden_size": 128, "patch_embeds_hidden_size": 16, "depths": [2, 2, 2, 2]}
    audio |= {"num_attention_heads": [1, 2, 4, 8]}
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=24)).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:  # transformers starts so close to zero that all clips would sound alike
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return model


def laion_state(model: Any, *, masks: bool) -> dict[str, torch.Tensor]:
    """A ClapModel's tensors under LAION's names, with what LAION's files hold besides."""
    source = model.state_dict()
    state: dict[str, torch.Tensor] = {}
    for key, value in source.items():
        if ".attention.self.query." in key and "audio" in key:
            parts = [source[key.replace("query", part)] for part in ("query", "key", "value")]
            key, value = key.replace("attention.self.query", "attn.qkv"), torch.cat(parts)
        elif re.search(r"audio.*\.attention\.self\.(key|value)\.", key):
            continue
        if key.startswith("text_model.encoder") or key.startswith("text_model.embeddings"):
            state["text_branch." + key.removeprefix("text_model.")] = value
            continue
        for pattern, name in _LAION_NAMES:
            key = re.sub(pattern, name, key)
        state[key] = value.clone()
    if masks:
        encoder = model.audio_model.audio_encoder
        for stage, layer in enumerate(encoder.layers):
            for i, block in enumerate(layer.blocks):
                block.set_shift_and_window_size(encoder.input_resolutions[stage])
                mask = block.get_attn_mask(*encoder.input_resolutions[stage], torch.float32, "cpu")
                if mask is not None:
                    state[f"audio_branch.layers.{stage}.blocks.{i}.attn_mask"] = mask
    state["audio_branch.tscam_conv.weight"] = torch.zeros(5, 128, 2, 3)
    state["audio_branch.logmel_extractor.melW"] = torch.zeros(513, 64)
    state["text_transform.sequential.0.weight"] = torch.zeros(24, 24)
    return state


def save_laion(state: dict[str, torch.Tensor], path: Path, **extra: Any) -> Path:
    """Writes a checkpoint as laion-clap's training does: with numpy numbers among the tensors."""
    state = {f"module.{key}": value for key, value in state.items()}
    content = {"epoch": 15, "name": "small", "state_dict": state, "best": np.float64(0.9), "steps": np.int64(3)}
    torch.save(content | extra, path)
    return path


def reference_audio(model: Any, clips: list[np.ndarray]) -> np.ndarray:
    """Embeds clips of up to 10 s with transformers' own feature extractor and model, 16 bits as laion-clap."""
    from transformers.models.clap.feature_extraction_clap import ClapFeatureExtractor

    extractor = ClapFeatureExtractor(frequency_min=50, frequency_max=14_000, truncation="rand_trunc")
    rounded = [(np.clip(clip, -1, 1) * 32767).astype(np.int16).astype(np.float32) / 32767 for clip in clips]
    mel = extractor(rounded, sampling_rate=RATE, return_tensors="pt")["input_features"].float()
    with torch.inference_mode():
        return model.get_audio_features(mel).pooler_output.numpy()


WAVLM = {
    "encoder_layers": 3,
    "encoder_embed_dim": 64,
    "encoder_ffn_embed_dim": 96,
    "encoder_attention_heads": 4,
    "conv_feature_layers": "[(24,10,5)] + [(24,3,2)] * 4 + [(24,2,2)] * 2",
}
"""Sizes of a small WavLM; the original package fixes them in its code, so tests exchange the constant."""

AES_CONFIG = {
    "proj_num_layer": 2,
    "proj_ln": True,
    "nth_layer": 4,
    "target_transform": {
        "CE": {"mean": 5.2, "std": 1.3},
        "CU": {"mean": 5.6, "std": 1.4},
        "PC": {"mean": 3.4, "std": 1.9},
        "PQ": {"mean": 6.3, "std": 1.1},
    },
}


def save_audiobox(folder: Path, config: dict[str, Any] | None = None, seed: int = 0) -> Path:
    """Writes a random AesMultiOutput as the hub has it."""
    hide_broken_packages()
    from audiobox_aesthetics.model.aes import AesMultiOutput
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    network = AesMultiOutput(**(config or AES_CONFIG))
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=1.5 * parameter[0].numel() ** -0.5)
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config or AES_CONFIG))
    return folder


def save_tokenizer(folder: Path) -> Path:
    """Writes a small tokenizer of roberta-base's kind as ``vocab.json`` and ``merges.txt``."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    texts = ["calm piano with soft strings", "fast drums and a loud guitar", "a dog barks in the rain"] * 3
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, vocab_size=300, min_frequency=2, special_tokens=marks, show_progress=False)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_model(str(folder))
    return folder


def save_wavlm(folder: Path, seed: int = 0, *, normalize: bool = False) -> Any:
    """Writes a random WavLM of three layers as Microsoft publishes theirs, and returns it.

    The published file was written by an older library: a pickle of tensors, positions under their old names, and
    without what transformers adds.
    """
    hide_broken_packages()
    from transformers import WavLMConfig, WavLMModel

    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
    sizes |= {"conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
    model = WavLMModel(WavLMConfig(**sizes)).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = {}
    for key, value in model.state_dict().items():
        for new, old in names.items():
            key = key.replace(new, old)
        state[key] = value.clone()
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": normalize, "sampling_rate": 16_000}))
    return model


def save_roberta(folder: Path, seed: int = 0) -> Any:
    """Writes a random RoBERTa of two layers, as on the hub, and returns it."""
    hide_broken_packages()
    from safetensors.torch import save_file
    from transformers import RobertaConfig, RobertaModel

    torch.manual_seed(seed)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 40}
    config = RobertaConfig(vocab_size=300, max_position_embeddings=90, **sizes)
    model = RobertaModel(config, add_pooling_layer=False).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    # The published file is of a language model: another prefix, and a head besides.
    state = {f"roberta.{key}": value.contiguous() for key, value in model.state_dict().items()}
    save_file(state | {"lm_head.bias": torch.zeros(300)}, folder / "model.safetensors", metadata={"format": "pt"})
    return model
