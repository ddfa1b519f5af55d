"""Sound files: what they claim, what they hold, and windows of it.

>>> from qamro.audio import load, probe, split
"""

from qamro.audio.endings import AUDIO_ENDINGS
from qamro.audio.errors import AudioError, safe_name
from qamro.audio.limits import AudioInfo, Limits
from qamro.audio.load import load, probe
from qamro.audio.waveform import Waveform, content_key
from qamro.audio.windows import Window, split

__all__ = [
    "AUDIO_ENDINGS",
    "AudioError",
    "AudioInfo",
    "Limits",
    "Waveform",
    "Window",
    "content_key",
    "load",
    "probe",
    "safe_name",
    "split",
]
