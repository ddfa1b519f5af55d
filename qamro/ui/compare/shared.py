"""One comparison for all who look at the same tables: a class that opens one study works its numbers out once."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report import Comparison, Options
    from qamro.studies import Study

_KNOWN: WeakValueDictionary[bytes, Comparison] = WeakValueDictionary()
_MAKING: WeakValueDictionary[bytes, threading.Lock] = WeakValueDictionary()
_LOCK = threading.Lock()


def compare_once(study: Study, tables: Mapping[str, pd.DataFrame], options: Options) -> Comparison:
    """Returns what ``qamro.report.compare`` does; the same object while anybody holds one of the same content.

    Raises:
        ValueError: As ``compare`` does.
    """
    from qamro.report import compare

    key = _content(study, tables, options)
    with _LOCK:
        making = _MAKING.setdefault(key, threading.Lock())
    with making:  # who brings the same meanwhile waits for one, who brings something else does not
        found = _KNOWN.get(key)
        if found is None:
            found = _KNOWN[key] = compare(study, tables, options)
    return found


def _content(study: Study, tables: Mapping[str, pd.DataFrame], options: Options) -> bytes:
    """A hash of everything that a comparison shows. Equal content may come out unequal, which only costs time."""
    told = (study.name, study.kind, study.root, study.about, study.clips, study.ratings, study.votes)
    return blake2b(pickle.dumps((told, dict(tables), options), protocol=5), digest_size=32).digest()
