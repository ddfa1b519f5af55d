"""The axes: the six of the field, and axes of one's own."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest

import qamro
from qamro.axes import AESTHETIC, AXES, NEEDS_PROMPT, axis_order, get_axis


def test_six_axes_with_their_scales():
    assert list(AXES) == ["MI", "TA", "PQ", "PC", "CE", "CU"]
    assert {key: (axis.low, axis.high) for key, axis in AXES.items()} == {
        "MI": (1, 5), "TA": (1, 5), "PQ": (1, 10), "PC": (1, 10), "CE": (1, 10), "CU": (1, 10),
    }  # fmt: skip
    assert AESTHETIC == ("PQ", "PC", "CE", "CU")
    assert all(axis.key == key and axis.has_range and axis.name and axis.definition for key, axis in AXES.items())
    assert all("\n" not in axis.definition for axis in AXES.values())


def test_colours_are_hex_and_distinct():
    own = [get_axis(name).colour for name in ("quality", "naturalness", "beauty")]
    colours = [axis.colour for axis in AXES.values()]
    assert all(re.fullmatch(r"#[0-9A-F]{6}", colour) for colour in colours + own)
    assert len(set(colours)) == 6
    assert not set(own) & set(colours)


def test_known_axis_is_returned_as_it_is():
    assert get_axis("MI") is AXES["MI"]


@pytest.mark.parametrize("name", ["quality", "mi", "Тест", "a b", "=1+1"])
def test_an_axis_of_your_own_has_no_range_and_a_lasting_colour(name):
    axis = get_axis(name)
    assert (axis.key, axis.name, axis.has_range) == (name, name, False)
    assert axis.colour == get_axis(name).colour


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_an_axis_needs_a_name(name):
    with pytest.raises(ValueError, match="needs a name"):
        get_axis(name)


def test_order_is_known_axes_first_whatever_comes_in():
    keys = ["zeal", "CU", "beauty", "MI", "TA"]
    for order in itertools.permutations(keys):
        assert axis_order(list(order)) == ["MI", "TA", "CU", "beauty", "zeal"]
    assert axis_order(["q", "q", "MI", "MI"]) == ["MI", "q"]
    assert axis_order([]) == []


def test_what_needs_the_prompt_is_said_by_the_axis_alone():
    """Nobody else compares an axis with TA to find out; a new axis that needs the prompt is one row."""
    assert NEEDS_PROMPT == ("TA",) == tuple(key for key in AXES if AXES[key].needs_prompt)
    assert not get_axis("quality").needs_prompt
    package = Path(qamro.__file__).parent
    for file in sorted(package.rglob("*.py")):
        text = file.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if '"TA"' in text else ():
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                parts = [part for side in sides for part in [side, *getattr(side, "elts", ())]]
                held = [part.value for part in parts if isinstance(part, ast.Constant)]
                assert "TA" not in held, f"{file}, line {node.lineno}"
