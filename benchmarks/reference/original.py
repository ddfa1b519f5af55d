"""Runs laion-clap 1.1.7 unchanged, without its downloads. Runs in the environment of requirements-reference.txt only.

.venv-reference/bin/python benchmarks/reference/original.py FOLDER            writes a checkpoint and its answers
.venv-reference/bin/python benchmarks/reference/original.py FOLDER --time N   times the batch call, N windows a call
"""

import argparse
import json
import resource
import sys
import time
import types
from pathlib import Path

import numpy as np
import torch
from transformers import BartTokenizer, BertTokenizer, RobertaConfig, RobertaModel, RobertaTokenizer

ROBERTA_BASE = {
    "vocab_size": 50265,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
"""config.json of roberta-base, as far as it differs from the defaults."""

TRAINING_ONLY = (
    "PIL",
    "braceexpand",
    "h5py",
    "pandas",
    "torchvision",
    "torchvision.datasets",
    "torchvision.ops",
    "torchvision.ops.misc",
    "torchvision.transforms",
    "webdataset",
    "wget",
)
"""What laion_clap imports on loading and uses for training and downloads only."""


class Absent(types.ModuleType):
    """Stands for a module that is imported and never used."""

    __path__: list = []  # noqa: RUF012

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def load_original():
    """Imports laion_clap and builds HTSAT-base with RoBERTa, random and without the network."""
    for tokenizer in (BartTokenizer, BertTokenizer, RobertaTokenizer):
        tokenizer.from_pretrained = lambda *_, **__: None
    RobertaModel.from_pretrained = lambda *_, **__: RobertaModel(RobertaConfig(**ROBERTA_BASE))
    for name in TRAINING_ONLY:
        sys.modules[name] = Absent(name)
    import laion_clap

    return laion_clap.CLAP_Module(enable_fusion=False, amodel="HTSAT-base", tmodel="roberta", device="cpu").eval()


def randomise(model):
    """Gives every weight a size at which different clips get different answers."""
    torch.manual_seed(0)
    for name, value in model.named_parameters():
        if value.dim() > 1 and "spectrogram" not in name and "melW" not in name:
            torch.nn.init.normal_(value, std=value[0].numel() ** -0.5)
        elif value.dim() == 1:
            value.data += 0.05 * torch.randn_like(value)
    norm = model.audio_branch.bn0
    norm.running_mean.normal_(-20, 5)
    norm.running_var.uniform_(50, 500)


def save_checkpoint(model, path):
    """Writes the checkpoint as laion's training does, buffers, numpy numbers and all."""
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    state["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    content = {"epoch": 15, "name": "random", "state_dict": state, "top_k": {"recall": np.float64(0.5)}}
    torch.save(content, path)


def clips():
    """Clips of several lengths up to 10 s, one of them loud beyond full scale, one quieter than 16 bits can say."""
    rng = np.random.default_rng(3)
    found = []
    for seconds, level in ((10.0, 0.3), (0.21, 0.2), (3.7, 2.5), (9.99, 0.1), (6.0, 1e-5)):
        time_ = np.arange(round(seconds * 48_000)) / 48_000
        tone = np.sin(2 * np.pi * rng.uniform(80, 4000) * time_ * (1 + 0.1 * time_))
        found.append((level * (tone + 0.2 * rng.standard_normal(len(time_)))).astype(np.float32))
    return found


def tokens():
    """Token ids of four texts of different lengths, padded to 77 as laion_clap's tokenizer pads."""
    rng = np.random.default_rng(4)
    ids, mask = np.ones((4, 77), dtype=np.int64), np.zeros((4, 77), dtype=np.int64)
    for row, length in enumerate((2, 9, 30, 77)):
        ids[row, :length] = [0, *rng.integers(4, 50_000, length - 2), 2]
        mask[row, :length] = 1
    return ids, mask


@torch.no_grad()
def answer(clap, folder):
    """Writes the checkpoint, the questions and laion_clap's answers."""
    randomise(clap.model)
    save_checkpoint(clap.model, folder / "clap.pt")
    clap.load_ckpt(str(folder / "clap.pt"), verbose=False)
    audio, (ids, mask) = clips(), tokens()
    embedded = clap.get_audio_embedding_from_data(audio)
    given = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    text = clap.get_text_embedding(["", "", "", ""], tokenizer=lambda _: given)
    rounded = (np.clip(audio[0], -1, 1) * 32767.0).astype(np.int16)
    wave = torch.from_numpy((rounded / 32767.0).astype(np.float32))[None]
    branch = clap.model.audio_branch
    mel = branch.logmel_extractor(branch.spectrogram_extractor(wave))[0, 0]
    numbered = {f"audio_{i}": clip for i, clip in enumerate(audio)}
    np.savez(
        folder / "answers.npz",
        audio=embedded,
        text=text,
        mel=mel.numpy(),
        input_ids=ids,
        attention_mask=mask,
        **numbered,
    )


def measure(clap, folder, at_once):
    """Times laion_clap's own batch call on windows of 10 s that are decoded already."""
    clap.load_ckpt(str(folder / "clap.pt"), verbose=False)
    torch.set_num_threads(json.loads((folder / "threads.json").read_text()))
    audio = np.load(folder / "windows.npy", mmap_mode="r")
    clap.get_audio_embedding_from_data(audio[:1])
    start = time.perf_counter(), time.process_time()
    parts = [clap.get_audio_embedding_from_data(audio[i : i + at_once]) for i in range(0, len(audio), at_once)]
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    np.save(folder / "embedded.npy", np.concatenate(parts))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--time", type=int, metavar="WINDOWS")
    options = parser.parse_args()
    if options.time:
        measure(load_original(), options.folder, options.time)
    else:
        answer(load_original(), options.folder)
