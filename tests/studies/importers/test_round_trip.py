"""Studies written in every form, with other names, orders and noise, are read back as they were or refused."""

from __future__ import annotations

import csv
import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qamro.studies.importers import guess_and_read

SYNONYMS = {
    "clip": ["clip", "file", "Filename", "sample_id", "wav_name", "utteranceId", "Datei", "文件名"],
    "rater": ["rater", "listener_name", "IDListener", "WorkerId", "subject", "Hörer", "oyente"],
    "axis": ["axis", "dimension", "criterion"],
    "score": ["score", "rating", "MOS_score", "Bewertung", "puntuación"],
    "system": ["system", "model", "ConditionID"],
}
NOISE = {
    "listener_age": st.integers(18, 70),
    "duration": st.integers(1, 5),
    "rating_time": st.integers(1, 9),
    "trial_index": st.integers(0, 4),
    "email": st.just("a@b.c"),
    "n_plays": st.integers(1, 5),
    "comment": st.sampled_from(["", "ok", "too, long"]),
}


@st.composite
def studies(draw):
    clips = [f"{name}.wav" for name in draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=5, unique=True))]
    raters = draw(st.lists(st.sampled_from(["r1", "r2", "p_7", "anna", "Lq1xA"]), min_size=1, max_size=3, unique=True))
    axes = draw(st.sampled_from([["MI"], ["MI", "TA"], ["naturalness", "noise"], ["SIG", "BAK", "OVR"]]))
    score = st.integers(1, 5) if draw(st.booleans()) else st.integers(2, 10).map(lambda half: half / 2)
    rated = [(clip, rater, axis, float(draw(score))) for clip in clips for rater in raters for axis in axes]
    return rated, {clip: draw(st.sampled_from(["A", "B"])) for clip in clips}


def table(draw, rows: list[dict[str, object]], number: list[str]) -> str:
    """Writes rows with their columns shuffled, noise beside them, and any delimiter."""
    noise = draw(st.lists(st.sampled_from(sorted(NOISE)), max_size=3, unique=True))
    rows = [row | {name: draw(NOISE[name]) for name in noise} for row in rows]
    names = draw(st.permutations(list(rows[0])))
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    comma = delimiter != "," and draw(st.booleans())
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    index = draw(st.booleans())
    writer.writerow(([""] if index else []) + names)
    for place, row in enumerate(rows):
        cells = [f"{row[n]:g}".replace(".", "," if comma else ".") if n in number else row[n] for n in names]
        writer.writerow(([place] if index else []) + cells)
    return text.getvalue()


def check(tmp_path_factory, text: str, rated: list[tuple[str, str, str, float]]) -> bool:
    """Whether a table is read back; fails where it is read as another study."""
    path = tmp_path_factory.mktemp("made") / "test.csv"
    path.write_text(text, encoding="utf-8")
    study, _, problem = guess_and_read(path)
    if study is None:
        assert "cannot be read: " not in problem
        return False
    got = sorted(study.ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))
    assert got == sorted(rated), text
    kept = {*study.clips.columns, *study.ratings.columns}
    assert not kept & {"listener_age", "email"}
    return True


QUIET = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@QUIET
@given(made=studies(), data=st.data())
def test_a_row_a_rating(tmp_path_factory, made, data):
    rated, system = made
    name = {key: data.draw(st.sampled_from(names)) for key, names in SYNONYMS.items()}
    rows = [
        {name["clip"]: c, name["rater"]: r, name["axis"]: a, name["score"]: s, name["system"]: system[c]}
        for c, r, a, s in rated
    ]
    assert check(tmp_path_factory, table(data.draw, data.draw(st.permutations(rows)), [name["score"]]), rated)


@QUIET
@given(made=studies(), data=st.data())
def test_axes_side_by_side(tmp_path_factory, made, data):
    rated, _ = made
    clip, rater = (data.draw(st.sampled_from(SYNONYMS[key])) for key in ("clip", "rater"))
    axes = list(dict.fromkeys(a for _, _, a, _ in rated))
    keys = list(dict.fromkeys((c, r) for c, r, _, _ in rated))
    score = {(c, r, a): s for c, r, a, s in rated}
    rows = [{clip: c, rater: r} | {a: score[c, r, a] for a in axes} for c, r in keys]
    assert check(tmp_path_factory, table(data.draw, rows, axes), rated)


@QUIET
@given(made=studies(), data=st.data())
def test_axes_and_raters_in_one_header(tmp_path_factory, made, data):
    rated, _ = made
    clip, sign = data.draw(st.sampled_from(SYNONYMS["clip"])), data.draw(st.sampled_from([".", "/", ":"]))
    clips = list(dict.fromkeys(c for c, _, _, _ in rated))
    rows = [{clip: c} | {f"{a}{sign}{r}": s for d, r, a, s in rated if d == c} for c in clips]
    check(tmp_path_factory, table(data.draw, rows, [name for name in rows[0] if name != clip]), rated)


@QUIET
@given(made=studies(), data=st.data())
def test_a_row_a_rater(tmp_path_factory, made, data):
    rated, _ = made
    axis = rated[0][2]
    mine = [(c, r, "quality", s) for c, r, a, s in rated if a == axis]
    rater = data.draw(st.sampled_from(SYNONYMS["rater"]))
    raters = list(dict.fromkeys(r for _, r, _, _ in mine))
    rows = [{rater: r} | {c: s for c, other, _, s in mine if other == r} for r in raters]
    assert check(tmp_path_factory, table(data.draw, rows, [name for name in rows[0] if name != rater]), mine)


@QUIET
@given(made=studies(), data=st.data())
def test_raters_side_by_side(tmp_path_factory, made, data):
    rated, _ = made
    axis = rated[0][2]
    mine = [(c, r, "quality", s) for c, r, a, s in rated if a == axis]
    clip = data.draw(st.sampled_from(SYNONYMS["clip"]))
    clips = list(dict.fromkeys(c for c, _, _, _ in mine))
    rows = [{clip: c} | {r: s for d, r, _, s in mine if d == c} for c in clips]
    text = table(data.draw, rows, [name for name in rows[0] if name != clip])
    if len({r for _, r, _, _ in mine}) > 1:
        check(tmp_path_factory, text, mine)
