"""The predictor of speech quality, trained on people's ratings, and the routing that keeps it to speech.

Distill-MOS (see ``qamro.encoders.distillmos``) answers whatever it hears, and on music what it answers misleads. So
each clip is listened to first: only speech is scored by it, and only what is not goes to the heads for music and sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.predictors.base import Predictor, Score
from qamro.predictors.clips import Item, Sound
from qamro.predictors.head_predictor import HeadPredictor
from qamro.predictors.provenance import Provenance, encoder_label

if TYPE_CHECKING:
    import pandas as pd

    from qamro.audio import Waveform

NOT_SPEECH = "no speech heard"
"""Why a clip has no speech quality."""

IS_SPEECH = "speech, scored on SQ"
"""Why speech has no score on the axes of music and sound."""

TRAINED_ON = (
    "trained by Microsoft on speech rated by people: PSTN, NISQA, VoiceMOS 2022, ConferencingSpeech 2022 and others, "
    "distilled"
)
NO_INTERVAL = "no interval: none was published"


class SpeechScores(Predictor):
    """What Distill-MOS says of each clip, speech or not, as its package gives it.

    Attributes:
        encoder: A ``DistillMos``.
    """

    axes = ("SQ",)

    def __init__(self, encoder: Any, name: str = "speech") -> None:
        """Takes the encoder.

        Args:
            encoder: A ``DistillMos``. Its scores count as trained on people's ratings only with the package's weights.
            name: What the predictor is called.
        """
        self.name, self.encoder = name, encoder
        self.sample_rate = encoder.sample_rate
        label = encoder_label(encoder)
        if encoder.published:
            origin = Provenance("human", label, "its own head", TRAINED_ON, NO_INTERVAL)
        else:
            origin = Provenance("unverified", label, "its own head")
        self.provenance = dict.fromkeys(self.axes, origin)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; prompts are not read. See ``Predictor.score``."""
        rows = self.encoder.score([(wave.samples, wave.sample_rate) for wave in waveforms])
        return [{axis: Score(row[axis]) for axis in self.axes} for row in rows]


class ByVoice(Predictor):
    """Gives clips that are speech to one predictor, and all others to another one or to none.

    Attributes:
        speech: Scores speech.
        rest: Scores what is not speech; None leaves it without a score.
        detector: A ``VoiceDetector``.
        parts: Both that are there.
    """

    def __init__(self, name: str, speech: Predictor, rest: Predictor | None, detector: Any) -> None:
        """Puts them together.

        Args:
            name: What the predictor is called.
            speech: For clips that are speech.
            rest: For the others, or None.
            detector: Says which are which.
        """
        self.name, self.speech, self.rest, self.detector = name, speech, rest, detector
        self.parts = parts = [part for part in (rest, speech) if part is not None]
        self.axes = tuple(axis_order([axis for part in parts for axis in part.axes]))
        self.provenance = {axis: part.provenance[axis] for part in parts for axis in part.axes}
        rates = {part.sample_rate for part in parts}
        self.sample_rate = rates.pop() if len(rates) == 1 else None
        self.batch_size = max(part.batch_size for part in parts)
        self.note = "Clips in which speech is heard are scored on SQ alone."

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Axes that are for clips of the other kind say so."""
        heard = self.detector.is_speech([(wave.samples, wave.sample_rate) for wave in waveforms])
        return self._parted(
            [bool(speech) for speech in heard],
            lambda part, places: part.score([waveforms[i] for i in places], [prompts[i] for i in places]),
        )

    def recall(self, items: Sequence[Item]) -> list[Sound]:
        """Returns what is known of clips: an embedding only of those in which nobody was heard to speak."""
        if self._store is None or self.rest is None:
            return super().recall(items)
        known = self.rest.recall(items)
        voices = self._store.get(self._voices, [sound.key for sound in known if sound.key], kept_as="u1")
        silent = [sound.key in voices and not voices[sound.key][0] for sound in known]
        return [
            replace(sound, audio=sound.audio if none else None, speech=False if none else None)
            for sound, none in zip(known, silent, strict=True)
        ]

    def hear(self, item: Item, known: Sound) -> Sound:
        """Decodes a clip and listens for speech; what is none is embedded at once where the rest can."""
        sound = super().hear(item, known)
        if (wave := sound.wave) is None:
            return sound
        sound = replace(sound, speech=bool(self.detector.is_speech([(wave.samples, wave.sample_rate)])[0]))
        return self.rest.embedded(sound) if isinstance(self.rest, HeadPredictor) and not sound.speech else sound

    def score_sounds(self, sounds: Sequence[Sound], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores what ``recall`` or ``hear`` returned; what was heard is remembered by the clips' files."""
        import numpy as np

        if self._store is not None:
            fresh = {sound.key: sound.speech for sound in sounds if sound.key and sound.wave is not None}
            fresh |= {sound.key: sound.speech for sound in sounds if sound.key and sound.content}
            if fresh:
                kept = {key: np.array([bool(speech)], dtype="u1") for key, speech in fresh.items()}
                self._store.put(self._voices, kept, kept_as="u1")
        return self._parted(
            [bool(sound.speech) for sound in sounds],
            lambda part, places: part.score_sounds([sounds[i] for i in places], [prompts[i] for i in places]),
        )

    @property
    def _store(self) -> Any:
        return getattr(getattr(self.rest, "encoder", None), "store", None)

    @property
    def _voices(self) -> str:
        from qamro.audio.decode import decoder_versions

        return f"speech heard by Silero {self.detector.revision}, {decoder_versions()}"

    def _parted(
        self, heard: Sequence[bool], score: Callable[[Predictor, list[int]], list[dict[str, Score]]]
    ) -> list[dict[str, Score]]:
        results: list[dict[str, Score]] = [{} for _ in heard]
        for kind, part, why in ((True, self.speech, IS_SPEECH), (False, self.rest, NOT_SPEECH)):
            places = [i for i, is_speech in enumerate(heard) if is_speech == kind]
            own = part.axes if part is not None else ()
            foreign = {axis: Score(float("nan"), why=why) for axis in self.axes if axis not in own}
            scored = score(part, places) if part is not None and places else [{} for _ in places]
            for i, scores in zip(places, scored, strict=True):
                results[i] = foreign | scores
        return results

    def windows(self, clip: str | Path, prompt: str | None = None, *, seconds: float = 3.0) -> pd.DataFrame:
        """Scores windows of one clip by what the whole clip is; see ``Predictor.windows``."""
        import pandas as pd

        item = Item(Path(clip).name, str(clip))
        wave, (known,) = item.decode(self.sample_rate), self.recall([item])
        if known.speech is None:
            known = replace(known, speech=bool(self.detector.is_speech([(wave.samples, wave.sample_rate)])[0]))
        part = self.speech if known.speech else self.rest
        return pd.DataFrame() if part is None else part.windows_of(wave, prompt, seconds=seconds)


def speech_scores(*, device: str | None = None, cache: bool = True) -> SpeechScores:
    """Makes what scores any clip as if it were speech.

    Raises:
        WeightsError: The packages are not installed; the message says what to install.
    """
    from qamro.encoders.loading import distillmos

    return SpeechScores(distillmos(device=device, cache=cache))


def load_speech(*, heads: Path | str | None = None, check: bool = True, **options: Any) -> Predictor:
    """Loads the predictor ``"speech"``.

    Args:
        heads: Folder of heads of your own, trained on this encoder; they score every clip.
        check: Whether clips in which no speech is heard are left without a score.
        **options: ``device``, ``cache``; ``precision`` is always float32.

    Raises:
        WeightsError: The packages are not installed; the message says what to install.
        FileNotFoundError: A folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    from qamro.encoders.loading import distillmos
    from qamro.encoders.voice import VoiceDetector

    options.pop("precision", None)
    if heads is not None:
        return HeadPredictor("speech", distillmos(**options), heads)
    scores = speech_scores(**options)
    return ByVoice("speech", scores, None, VoiceDetector()) if check else scores


def with_speech(rest: Predictor, **options: Any) -> Predictor:
    """Lets a predictor of music and sound leave speech to ``"speech"``, where its packages are installed.

    Args:
        rest: The predictor.
        **options: ``device``, ``cache``.

    Returns:
        A predictor of the same name; ``rest`` itself, with a note, where the packages are missing.
    """
    from qamro.encoders.packaged import DISTILLMOS, INSTALL, SILERO
    from qamro.encoders.voice import VoiceDetector

    if not (DISTILLMOS.is_here and SILERO.is_here):
        rest.note = f"Speech gets the scores of people-trained weights once they are installed: {INSTALL}"
        return rest
    return ByVoice(rest.name, speech_scores(**options), rest, VoiceDetector())
