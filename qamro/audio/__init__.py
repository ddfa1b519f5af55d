"""Sound files: what they claim, what they hold, and windows of it.

>>> from qamro.audio import load, probe, split
"""

from qamro.audio.decode import file_key, load, probe, resample
from qamro.audio.info import AUDIO_ENDINGS, AudioError, AudioInfo, Limits, safe_name
from qamro.audio.waveform import Waveform, Window, content_key, split

__all__ = [
    "AUDIO_ENDINGS",
    "AudioError",
    "AudioInfo",
    "Limits",
    "Waveform",
    "Window",
    "content_key",
    "file_key",
    "load",
    "probe",
    "resample",
    "safe_name",
    "split",
]
