"""Endings by which a file is taken for sound where only its name is known; what it holds, decoding finds out."""

from __future__ import annotations

AUDIO_ENDINGS = (
    *(".wav", ".wave", ".flac", ".aif", ".aiff", ".au", ".caf"),
    *(".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".webm", ".mka", ".wma"),
    *(".mp4", ".mov"),
)
"""In lower case, those first that are preferred where a recording lies there in several formats: what keeps every
sample, what does not, and videos with sound."""
