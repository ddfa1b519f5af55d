"""The languages of the rater's pages: a file of words each, beside this one; a new language is one more file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_FIRST = "en"

LANGUAGES = (_FIRST, *sorted(path.stem for path in _FOLDER.glob("*.toml") if path.stem != _FIRST))
"""Codes of the languages, English first."""


@cache
def words(code: str) -> dict[str, str]:
    """Returns the texts of a language by their keys; what its file lacks is English.

    Raises:
        KeyError: There is no such language.
    """
    if code not in LANGUAGES:
        raise KeyError(f"there is no language {code!r}; there are {', '.join(LANGUAGES)}")
    own = tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    return own if code == _FIRST else words(_FIRST) | own


def choose(asked: Any, design: str, browser: Any) -> str:
    """Chooses a language: what the link asks for, else what the study's set-up says, else the browser's, else English.

    Args:
        asked: The link's ``lang``, from the page; may be anything.
        design: The design's language; empty leaves it open.
        browser: The browser's languages, the most wanted first, for example ``["de-CH", "fr"]``; may be anything.
    """
    wanted = [asked, design, *(browser if isinstance(browser, list) else [])]
    for each in wanted:
        code = str(each or "").replace("_", "-").split("-")[0].lower()
        if code in LANGUAGES:
            return code
    return _FIRST
