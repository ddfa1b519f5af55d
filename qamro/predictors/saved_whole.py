"""Whether a file of weights is all there: seen from its header, without the library and without reading the weights."""

from __future__ import annotations

import json
from pathlib import Path


def is_whole(file: Path) -> bool:
    """Whether a safetensors file holds as many bytes as its header says.

    Source: the format's description, https://huggingface.co/docs/safetensors: eight bytes with the length of the
    header, the header as JSON with the place of each tensor, the tensors.
    """
    size = file.stat().st_size
    with file.open("rb") as content:
        length = int.from_bytes(content.read(8), "little")
        if 8 + length > size:
            return False
        try:
            header = dict(json.loads(content.read(length)))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            return 8 + length + max(ends, default=0) == size
        except (ValueError, KeyError, TypeError, IndexError):
            return False
