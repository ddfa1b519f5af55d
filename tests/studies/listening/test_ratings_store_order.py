"""Random orders and pairs, over many draws."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamro.studies.listening import PREFERENCE, Design
from qamro.studies.listening.design import GAP, plan
from qamro.studies.listening.methods.method import MOST_PAIRS, Clips, pairs

from .made import MI


@given(st.integers(1, 40), st.integers(0, 50), st.integers(0, 20), st.integers(0, 4), st.integers())
def test_plan_of_scores(clips, each, repeats, checks, seed):
    design = Design("x", scales=(MI,), each=each, repeats=repeats, checks=checks)
    items = [(i,) for i in range(clips)]
    tasks = plan(design, items, {}, {100: 2, 101: 5}, random.Random(seed))
    kinds = Counter(task.kind for task in tasks)
    asked = min(each, clips) if each else clips
    gap = min(GAP, asked // 2)
    assert kinds["first"] == asked
    assert kinds["check"] == checks
    assert kinds["repeat"] == min(repeats, asked - gap)
    assert tasks[0].kind == "first"
    firsts = [task.clips for task in tasks if task.kind == "first"]
    assert len(set(firsts)) == asked
    for position, task in enumerate(tasks):
        if task.kind == "repeat":
            before = next(i for i, other in enumerate(tasks) if other.clips == task.clips and other.kind == "first")
            assert position - before > gap or gap == 0
        if task.kind == "check":
            assert task.answer == {100: 2, 101: 5}[task.clips[0]]


def test_those_rated_least_come_first():
    design = Design("x", scales=(MI,), each=5)
    asked, rng = Counter(), random.Random(1)
    for _ in range(40):
        for task in plan(design, [(i,) for i in range(20)], asked, {}, rng):
            asked[task.clips] += 1
    assert set(asked.values()) == {10}, "200 tasks over 20 clips"


def test_sides_change_and_repeats_swap_them():
    design = Design("x", mode=PREFERENCE, repeats=3, checks=2)
    items = list(combinations(range(8), 2))
    tasks = plan(design, items, {}, {100: 3}, random.Random(3))
    firsts = [task.clips for task in tasks if task.kind == "first"]
    assert sorted(tuple(sorted(pair)) for pair in firsts) == items
    assert 5 < sum(a < b for a, b in firsts) < 23
    for task in tasks:
        if task.kind == "repeat":
            assert task.clips[::-1] in firsts
        if task.kind == "check":
            assert task.clips[int(task.answer)] == 100, "1 means left, and the beeps stand on the other side"


@pytest.mark.parametrize(
    ("systems", "contents", "expected"),
    [
        ("abab", "xxyy", {(0, 1), (2, 3)}),
        ("aabb", "xyxy", {(0, 2), (1, 3)}),
        ("aabb", "    ", {(0, 2), (0, 3), (1, 2), (1, 3)}),
        ("    ", "xxyy", {(0, 1), (2, 3)}),
        ("   ", "   ", {(0, 1), (0, 2), (1, 2)}),
        ("ab", "xy", {(0, 1)}),
        ("aa", "xx", set()),
    ],
)
def test_which_pairs_are_compared(systems, contents, expected):
    named = {i: s.strip() for i, s in enumerate(systems)}
    found = pairs(Clips(named, {i: c.strip() for i, c in enumerate(contents)}), random.Random(0))
    assert set(found) == expected


def test_of_too_many_pairs_a_part():
    found = pairs(Clips(dict.fromkeys(range(150), ""), {}), random.Random(0))
    assert len(set(found)) == len(found) == MOST_PAIRS
