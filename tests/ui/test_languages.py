"""Every language says everything that English says, with the same numbers in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from qamro.ui.annotate import languages
from qamro.ui.annotate.languages import LANGUAGES, choose, words

FOLDER = Path(languages.__file__).parent


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_language_says_all_of_it(code):
    own = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    english = words("en")
    assert own.keys() == english.keys()
    for key, text in own.items():
        assert sorted(re.findall(r"{.*?}", text)) == sorted(re.findall(r"{.*?}", english[key])), key
        assert text.strip(), key
        if key.startswith("keys_"):
            assert text.count(";") == english[key].count(";"), key
            assert all(part.count("|") == 1 for part in text.split(";")), key
    same = [key for key, text in own.items() if text == english[key]]
    assert len(same) < 0.15 * len(own), f"still English: {same}"


def test_what_every_kind_of_test_needs_is_there():
    from qamro.studies.listening.methods import METHODS

    for method in METHODS.values():
        assert {f"intro_{method.key}", f"keys_{method.key}", *method.names} <= words("en").keys()
        assert method.key == "scores" or f"question_{method.key}" in words("en")


@pytest.mark.parametrize(
    ("asked", "design", "browser", "expected"),
    [
        ("", "", [], "en"),
        (None, "", None, "en"),
        ("de", "fr", ["ja"], "de"),
        ("xx", "fr", ["ja"], "fr"),
        ("", "", ["pt-BR", "zh-Hant-TW", "de"], "zh"),
        ("ES-mx", "", [], "es"),
        ({"x": 1}, "", "de", "en"),
    ],
)
def test_the_link_comes_first_then_the_design_then_the_browser(asked, design, browser, expected):
    assert choose(asked, design, browser) == expected


def test_a_language_that_is_not_there():
    with pytest.raises(KeyError, match="no language 'xx'"):
        words("xx")
