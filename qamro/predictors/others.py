"""Predictors of others, through the packages that their authors made; nothing is fetched unasked.

A package downloads its weights when it is first used; here it is used only where they are on this machine already, and
else the message says how to get them, how large they are, and their licence.
"""

from __future__ import annotations

import math
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.checkpoints import NISQA, WeightsError, readable_size, require
from qamro.predictors.base import Predictor, Score
from qamro.predictors.provenance import Provenance

if TYPE_CHECKING:
    from qamro.audio import Waveform

NO_INTERVAL = "no interval: none was published"

NISQA_AXES = ("SQ", "noisiness", "discontinuity", "coloration", "loudness")
"""What NISQA answers, in its order: the quality of speech, and four sides of it; 5 is best on each."""


MUQ_EVAL = "MUQ_EVAL_DIR"
"""The variable that says where MuQ-Eval's repository was cloned."""

_MUQ_EVAL_HUB, _MUQ_EVAL_SECONDS = "zhudi2825/MuQ-Eval-A1", 10

_UTMOS = "https://huggingface.co/sarulab-speech/UTMOSv2/resolve/main/fold0_s42_best_model.pth"
_UTMOS_SIZE = 818_531_314


class Foreign(Predictor):
    """Scores with a function of somebody else's package.

    Attributes:
        ask: Gets samples of a clip, float32 of shape (T,), and its rate in Hz; answers a number an axis.
    """

    batch_size = 1

    def __init__(
        self, name: str, axes: tuple[str, ...], ask: Callable[[Any, int], Sequence[float]], origin: Provenance,
        sample_rate: int | None,
    ) -> None:  # fmt: skip
        """Takes the function, what it answers, and where that comes from."""
        self.name, self.axes, self.ask, self.sample_rate = name, axes, ask, sample_rate
        self.provenance = dict.fromkeys(axes, origin)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; prompts are not read. A clip that the package refuses says why."""
        results = []
        for wave in waveforms:
            try:
                answer = self.ask(wave.samples, wave.sample_rate)
                results.append({axis: Score(float(value)) for axis, value in zip(self.axes, answer, strict=True)})
            except RuntimeError as problem:  # too short or too long, in the package's words
                results.append({axis: Score(math.nan, why=str(problem)) for axis in self.axes})
        return results


def load_nisqa(*, device: str | None = None, check: bool = True) -> Predictor:
    """Loads NISQA v2.0 (arXiv 2104.09494) as torchmetrics has it: speech, at its own rate, up to 52 s.

    Args:
        device: torchmetrics computes it on the processor, whatever this says.
        check: Whether clips in which no speech is heard are left without a score.

    Raises:
        WeightsError: The packages or the weights are not on this machine; the message says how to get them.
    """
    _installed(("torchmetrics", "librosa", "requests"), "pip install 'qamro[nisqa]'")
    (weights,) = require(NISQA)
    import torch

    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()  # torchmetrics imports transformers where that is installed
    from torchmetrics.functional.audio import nisqa

    nisqa.NISQA_DIR = str(weights.parent)  # where the package looks before it downloads

    def ask(samples: Any, rate: int) -> Sequence[float]:
        answer = nisqa.non_intrusive_speech_quality_assessment(torch.from_numpy(samples), rate)
        return [float(value) for value in answer]

    told = "trained by G. Mittag and others on speech rated by people: NISQA corpus; weights CC BY-NC-SA 4.0"
    scores = Foreign("nisqa", NISQA_AXES, ask, Provenance("human", "NISQA v2.0", "its own", told, NO_INTERVAL), None)
    return _speech_alone(scores) if check else scores


def load_utmosv2(*, device: str | None = None, check: bool = True) -> Predictor:
    """Loads UTMOSv2 (arXiv 2409.09305), fold 0, one repetition: naturalness of synthetic speech.

    It hears a stretch drawn at random; here the draw is the same for every clip, so that a file keeps its score.

    Args:
        device: Where to compute.
        check: Whether clips in which no speech is heard are left without a score.

    Raises:
        WeightsError: The package or weights are not on this machine; the message says how to get them.
    """
    home = Path(os.environ.get("UTMOSV2_CHACHE", "~/.cache/utmosv2")).expanduser()
    place = home / "models" / "fusion_stage3" / "fold0_s42_best_model.pth"
    _installed(("utmosv2",), "pip install git+https://github.com/sarulab-speech/UTMOSv2.git")
    if not place.is_file() or place.stat().st_size != _UTMOS_SIZE:
        raise WeightsError(
            f"UTMOSv2's weights ({readable_size(_UTMOS_SIZE)}, MIT) are not at {place}; fetch them with: "
            f"curl -L --create-dirs -o {place} {_UTMOS}"
        )
    import numpy as np

    device = device or "cpu"
    try:
        with _offline():
            import utmosv2

            model = utmosv2.create_model(checkpoint_path=place, device=device)
    except (OSError, ValueError) as problem:
        raise WeightsError(
            f"UTMOSv2 needs networks of others that are not on this machine ({problem}); fetch them once with: "
            'python -c "import utmosv2; utmosv2.create_model()"'
        ) from problem

    def ask(samples: Any, rate: int) -> Sequence[float]:
        before = np.random.get_state()
        np.random.seed(0)
        try:
            found = model.predict(data=samples, sr=rate, device=device, num_workers=0, batch_size=1, verbose=False)
        finally:
            np.random.set_state(before)
        return [float(np.ravel(found)[0])]

    told = "trained by SaruLab, The University of Tokyo, on speech rated by people: VoiceMOS, SOMOS and others"
    origin = Provenance("human", "UTMOSv2 fusion_stage3, fold 0", "its own", told, NO_INTERVAL)
    scores = Foreign("utmosv2", ("SQ",), ask, origin, 16_000)
    return _speech_alone(scores) if check else scores


def load_muqeval(*, device: str | None = None) -> Predictor:
    """Loads MuQ-Eval A1 (arXiv 2603.22677): musical impression of the first 10 s, trained on MusicEval.

    Public programs that use it agree on the names: ``MusicQualityModel(config)`` of the repository's ``src/model.py``,
    its ``configs/base.yaml`` under the hub's ``config.yaml``, the hub's ``model_state_dict.pt``; sound of shape (1, T)
    at 24 kHz, at most 10 s, gives a dict with ``MI``. What else it answers is left out: it reads no prompt.

    Args:
        device: Where to compute.

    Raises:
        WeightsError: The repository, packages or weights are not on this machine; the message says how to get them.
    """
    home = Path(os.environ.get(MUQ_EVAL, "") or "MuQ-Eval").expanduser().absolute()
    if not (home / "src" / "model.py").is_file():
        raise WeightsError(
            f"MuQ-Eval's repository (MIT) is not at {home}; get it with: git clone https://github.com/dgtql/MuQ-Eval; "
            f"and say where it is: export {MUQ_EVAL}=FOLDER"
        )
    _installed(("omegaconf", "muq"), f"pip install -r {home}/requirements.txt")
    import torch
    from huggingface_hub import try_to_load_from_cache
    from omegaconf import OmegaConf

    settings, tensors = (try_to_load_from_cache(_MUQ_EVAL_HUB, name) for name in ("config.yaml", "model_state_dict.pt"))
    if not isinstance(settings, str) or not isinstance(tensors, str):
        raise WeightsError(
            f"MuQ-Eval's weights (1.3 GB, MIT, on MuQ's of CC BY-NC 4.0) are not on this machine; fetch them with: "
            f"hf download {_MUQ_EVAL_HUB} config.yaml model_state_dict.pt; hf download OpenMuQ/MuQ-large-msd-iter"
        )
    own = OmegaConf.load(settings)
    own.pop("defaults", None)
    sys.path.insert(0, str(home))
    try:
        with _offline():
            from src.model import MusicQualityModel

            model = MusicQualityModel(OmegaConf.merge(OmegaConf.load(home / "configs" / "base.yaml"), own))
        model.load_state_dict(torch.load(tensors, map_location="cpu", weights_only=True))
    except (ImportError, OSError, ValueError, RuntimeError, pickle.UnpicklingError) as problem:
        raise WeightsError(f"MuQ-Eval at {home} cannot be loaded ({problem})") from problem
    finally:
        sys.path.remove(str(home))
    where = device or "cpu"
    model = model.eval().to(where)

    def ask(samples: Any, rate: int) -> Sequence[float]:
        with torch.inference_mode():
            heard = torch.from_numpy(samples[: _MUQ_EVAL_SECONDS * rate])[None].to(where)
            return [float(model(heard)["MI"])]

    told = "trained by D. Zhu and Z. Li on MusicEval, rated by experts; hears the first 10 s; data CC BY-NC 4.0"
    origin = Provenance("human", "MuQ-Eval A1", "its own", told, NO_INTERVAL)
    return Foreign("muqeval", ("MI",), ask, origin, 24_000)


def _speech_alone(scores: Predictor) -> Predictor:
    from qamro.encoders.voice import VoiceDetector
    from qamro.predictors.speech import ByVoice

    return ByVoice(scores.name, scores, None, VoiceDetector())


def _installed(packages: Sequence[str], install: str) -> None:
    """Checks that packages are here, without importing them.

    Raises:
        WeightsError: They are not; the message says what installs them.
    """
    if missing := [package for package in packages if find_spec(package) is None]:
        raise WeightsError(f"{', '.join(missing)} is not installed: {install}")


@contextmanager
def _offline() -> Iterator[None]:
    """Keeps what packages load from the hub to what is on this machine."""
    from huggingface_hub import constants

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
