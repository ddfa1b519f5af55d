"""Which published weights the project knows: where they come from, and what exactly they are.

Revisions, sizes and SHA-256 values were taken from public records of these very files and agree between several
independent ones; a download that differs by one byte is refused, so a mistake here can only refuse, never mislead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightFile:
    """One published file.

    Attributes:
        path: Its path in the repository, which is also its name on disk.
        size: Bytes; about that many where there is no ``sha256``.
        sha256: SHA-256 of its content, 64 hexadecimal digits; empty where only ``git_blob`` is known.
        git_blob: What git calls its content, 40 hexadecimal digits: SHA-1 over its length and its bytes.
        url: Its address, where it is not on the hub.
    """

    path: str
    size: int
    sha256: str
    git_blob: str = ""
    url: str = ""


@dataclass(frozen=True)
class Weights:
    """A set of files that belong together, at one pinned revision.

    Attributes:
        name: What the command line calls it.
        title: What it is, for people.
        repo: Repository on the hub.
        revision: Commit of the repository, 40 hexadecimal digits.
        licence: Licence as its model card states it.
        files: The files, the one that matters last.
        optional: Whether they are fetched only when named: no predictor of the catalogue needs them.
    """

    name: str
    title: str
    repo: str
    revision: str
    licence: str
    files: tuple[WeightFile, ...]
    optional: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def page(self) -> str:
        """Where a browser finds these files."""
        if self.files[0].url:
            return self.files[0].url
        return f"https://huggingface.co/{self.repo}/tree/{self.revision}"


CLAP = Weights(
    "clap",
    "LAION-CLAP, music checkpoint",
    "lukewys/laion_clap",
    "b3708341862f581175dba5c356a4ebf74a9b6651",
    "CC0-1.0",
    (
        WeightFile(
            "music_audioset_epoch_15_esc_90.14.pt",
            2_352_471_003,
            "fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd",
        ),
    ),
)
"""LAION-CLAP (arXiv 2211.06687): HTSAT-base and RoBERTa; most of the file is state of its training."""

TOKENIZER = Weights(
    "roberta-base",
    "Tokenizer of roberta-base, for prompts",
    "FacebookAI/roberta-base",
    "e2da8e2f811d1448a5b465c236feacd80ffbac7b",
    "MIT",
    (WeightFile("tokenizer.json", 1_355_863, "847bbeab6174d66a88898f729d52fa8d355fafe1bea101cf960dd404581df70e"),),
)
"""The tokenizer that LAION-CLAP was trained with; its network is not needed."""

AUDIOBOX = Weights(
    "audiobox",
    "Audiobox-Aesthetics",
    "facebook/audiobox-aesthetics",
    "9b1dd8e5df9af7216e836a98974fe3b82c56ded6",
    "CC-BY-4.0",
    (
        WeightFile("config.json", 492, "0b8eabc5ced92cefed116a3aca8f1e59d2a33dc4d376b9e86dfb9c072e1d280d"),
        WeightFile(
            "model.safetensors",
            415_472_992,
            "a5a3c2412649cc2384ec525ffd5180ce6c4778f43bed6108e0a1303de04d014e",
        ),
    ),
)
"""Audiobox-Aesthetics (arXiv 2502.05139): WavLM-base and four heads, trained by Meta on AES ratings."""

WAVLM = Weights(
    "wavlm",
    "WavLM base-plus",
    "microsoft/wavlm-base-plus",
    "4c66d4806a428f2e922ccfa1a962776e232d487b",
    "CC-BY-SA-3.0",
    (
        WeightFile("config.json", 2_232, "fea6df1c2700a3954fc07e70588aecc9055eeb28db2ff57151a2db0d19180ed4"),
        WeightFile("preprocessor_config.json", 215, "99272fe8ccfab114b68b478681ea47ee3a1ce62bb788cb92dd6e4f69fb1f1da2"),
        WeightFile(
            "pytorch_model.bin", 377_617_425, "3bb273a6ace99408b50cfc81afdbb7ef2de02da2eab0234e18db608ce692fe51"
        ),
    ),
    optional=True,
)
"""WavLM (arXiv 2110.13900), 94 million parameters; its model card names the licence of microsoft/UniSpeech."""

ROBERTA = Weights(
    "roberta-base-network",
    "RoBERTa-base, for prompts token by token",
    "FacebookAI/roberta-base",
    "e2da8e2f811d1448a5b465c236feacd80ffbac7b",
    "MIT",
    (
        WeightFile("config.json", 481, "ef0185e2aae6e06c5f105a285006952c340e20c7dbf43c86ec82601b13fc45e9"),
        WeightFile(
            "model.safetensors", 498_818_054, "5bde1d28afb363d0103324efeb5afc8b2b397fe5e04beabb9b1ef355255ade81"
        ),
    ),
    optional=True,
)
"""RoBERTa (arXiv 1907.11692), the text encoder of frame-level models on WavLM and MuQ."""

MUQ = Weights(
    "muq",
    "MuQ large, not for commercial use",
    "OpenMuQ/MuQ-large-msd-iter",
    "0562a57814f6f8bbd9fdea0a25921a2fce1a841a",
    "CC-BY-NC-4.0",
    (
        WeightFile("config.json", 3_133, "237335ee27d8fb951ce778701a12a79e06c51ae636dd786f97e45f51ce532543"),
        WeightFile(
            "model.safetensors", 1_333_825_096, "273febab2be02872c37d2c37e48a9d6c52c1c9392f3eeeabd498efa281ccb7a6"
        ),
    ),
    optional=True,
)
"""MuQ (arXiv 2501.01108), the audio encoder of the challenge's winner and of DeRA-MOS; needs the package ``muq``."""

TUNEJURY = Weights(
    "tunejury",
    "TuneJury, the head that reads CLAP alone",
    "yonghyunk1m/TuneJury",
    "e28474e06fdf4e21c7345a9a86d3af7c1e926b82",
    "Apache-2.0 by its checkpoints/README.md; its repository is CC-BY-NC-4.0",
    (
        WeightFile(
            "A1_clap_audio_only.pt",
            4_900_000,
            "",
            "75bc1f8cb3c8bca42f4a09be449b6cfac348ada5",
            "https://raw.githubusercontent.com/yonghyunk1m/TuneJury/e28474e06fdf4e21c7345a9a86d3af7c1e926b82/checkpoints/input_ablation/A1_clap_audio_only.pt",
        ),
    ),
    optional=True,
)
"""TuneJury's row A1: trained on 21,800 pairs of music of which people preferred one, on embeddings of ``CLAP``.

Taken from the repository, where git's own name of the content pins it; the same file on the hub (TuneJury/tunejury) has
no revision that could be confirmed.
"""

NISQA = Weights(
    "nisqa",
    "NISQA v2.0, not for commercial use",
    "gabrielmittag/NISQA",
    "fe84f0f252abec382b24367d5b22498a7ce34dbb",
    "CC-BY-NC-SA-4.0",
    (
        WeightFile(
            "nisqa.tar",
            1_051_663,
            "7ec4cf937514dd3f8860b21e66fabd8ca87a168572675ef8d979c4c4ad2e805c",
            "881056913cde094e3c6f4e16ca0e731a4b2ac2ee",
            "https://raw.githubusercontent.com/gabrielmittag/NISQA/fe84f0f252abec382b24367d5b22498a7ce34dbb/weights/nisqa.tar",
        ),
    ),
    optional=True,
)
"""NISQA (arXiv 2104.09494): quality of speech in five ways; for ``nisqa``, as torchmetrics computes it."""

SONGEVAL = Weights(
    "songeval",
    "SongEval's head, not for commercial use",
    "ASLP-lab/SongEval",
    "f8113118221285eabcbc2882093b0956b9661446",
    "CC-BY-NC-SA-4.0 by its README; its licence file is Apache-2.0",
    (
        WeightFile(
            "model.safetensors",
            100_800_000,
            "",
            "b25155b89115f2f36bcf367c6f3446ae7d6214cb",
            "https://raw.githubusercontent.com/ASLP-lab/SongEval/f8113118221285eabcbc2882093b0956b9661446/ckpt/model.safetensors",
        ),
    ),
    optional=True,
)
"""SongEval (arXiv 2505.10793): five sides of a song from ``MUQ``'s sixth layer; 25.2 million numbers by its shapes."""

WEIGHTS: dict[str, Weights] = {
    weights.name: weights for weights in (CLAP, TOKENIZER, AUDIOBOX, WAVLM, ROBERTA, MUQ, TUNEJURY, NISQA, SONGEVAL)
}
"""All published weights by name."""


def get_weights(name: str) -> Weights:
    """Returns the weights of this name.

    Raises:
        ValueError: There are none.
    """
    if name not in WEIGHTS:
        raise ValueError(f"there are no weights called {name!r}; choose one of {', '.join(WEIGHTS)}")
    return WEIGHTS[name]


def is_published(sha256: str) -> bool:
    """Whether a SHA-256 is that of a published file."""
    return any(file.sha256 == sha256 for weights in WEIGHTS.values() for file in weights.files)


def readable_size(size: float) -> str:
    """Writes bytes for people, in units of 1,000 as download pages do: ``"2.4 GB"``."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
