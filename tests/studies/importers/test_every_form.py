"""Studies drawn by chance, written in every form that the field writes, are read back as they were or refused.

Columns are shuffled and called by other names, with noise beside them: ages, times, counters, addresses, ids, measures.
``QAMRO_FUZZ`` sets how many studies each form gets (a few unless set).
"""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qamro.studies.importers import Options, guess_and_read, read_predictions, score_columns

Rated = tuple[str, str, str, float]
EXAMPLES = int(os.environ.get("QAMRO_FUZZ", "5"))
FUZZED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="QAMRO_FUZZ" not in os.environ,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
Q = "quality"
CLIP = "clip file Filename sample_id wav_name utteranceId Datei stimulus fichier archivo brano arquivo 文件名 ファイル名 파일명 файл"
RATER = "rater listener_name IDListener WorkerId subject Hörer oyente auditeur ascoltatore ouvinte 评分者 評価者 평가자 слушатель vp_nr"
SCORE = "score rating MOS_score Bewertung puntuación punteggio 评分 評価値 점수 оценка"
AXIS = "axis dimension criterion Merkmal 维度 項目"
SYSTEM = "system model ConditionID Verfahren modèle 系统 システム"
NOISE: dict[str, st.SearchStrategy[object]] = {
    "listener_age": st.integers(18, 70),
    "Höreralter": st.integers(18, 70),
    "年齢": st.integers(18, 70),
    "idade": st.integers(18, 70),
    "geslacht": st.sampled_from(["m", "v"]),
    "duration": st.integers(1, 5),
    "Dauer (s)": st.integers(1, 5),
    "rating_time": st.integers(1, 9),
    "reaction_time_ms": st.integers(1, 5),
    "trial_index": st.integers(0, 4),
    "order": st.integers(1, 5),
    "progress": st.integers(1, 100),
    "email": st.sampled_from(["a@b.cd", "x.y@z.org"]),
    "Contact": st.sampled_from(["a@b.cd", "x.y@z.org"]),
    "IP": st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    "browser": st.sampled_from(["Firefox", "Chrome"]),
    "user_agent": st.sampled_from(["Mozilla/5.0", "x"]),
    "n_plays": st.integers(1, 5),
    "n_votes": st.integers(2, 5),
    "timestamp": st.integers(1700000000, 1700000100),
    "seed": st.integers(1, 5),
    "PESQ": st.integers(1, 4),
    "UTMOS": st.integers(1, 4),
    "SNR": st.integers(1, 5),
    "comment": st.sampled_from(["", "ok", "too, long", 'a "quoted" one', "two\nlines"]),
}
PRIVATE = {"listener_age", "Höreralter", "年齢", "idade", "geslacht", "email", "Contact", "IP", "browser", "user_agent"}
CLIPS = ["a.wav", "b.wav", "sub/c.wav", "d e.wav", "f.mp3", "g.flac", "ü.wav", "k-7.wav", "012.wav", "m_1.ogg"]
RATERS = ["r1", "r2", "p_7", "anna", "Lq1xA", "5f3a9c", "甲", "W10"]


class Made:
    """A study drawn by chance, and how a file of it is written."""

    def __init__(self, data: st.DataObject, axes: list[list[str]] | None = None, halves: bool = True) -> None:
        self.draw, self.pick = (
            data.draw,
            lambda of: data.draw(st.sampled_from(of.split() if isinstance(of, str) else of)),
        )
        self.clips = self.some(CLIPS, 2, 5)
        self.raters = self.some(RATERS, 1, 4)
        self.axes = self.pick(axes or [["MI"], ["MI", "TA"], ["naturalness", "noise"], ["SIG", "BAK", "OVR"]])
        half = halves and data.draw(st.booleans())
        score = st.integers(2, 10).map(lambda n: n / 2) if half else st.integers(1, 5)
        self.score = {
            (c, r, a): float(data.draw(score)) for c in self.clips for r in self.raters for a in self.axes
        }  # fmt: skip
        self.system = {clip: self.pick(["A", "B", "S3"]) for clip in self.clips}

    def some(self, of: list[str], least: int, most: int) -> list[str]:
        return self.draw(st.lists(st.sampled_from(of), min_size=least, max_size=most, unique=True))

    def rated(self, axis: str = "") -> set[Rated]:
        return {(c, r, axis or a, s) for (c, r, a), s in self.score.items() if not axis or a == self.axes[0]}

    def table(self, rows: list[dict[str, object]], noise: bool = True, delimiters: str = ",;\t") -> str:
        """Writes rows with their columns shuffled, noise beside them, and any delimiter."""
        names = self.some(list(NOISE), 0, 3) if noise else []
        rows = [row | {name: self.draw(NOISE[name]) for name in names if name not in row} for row in rows]
        header = self.draw(st.permutations(list(dict.fromkeys(name for row in rows for name in row))))
        delimiter = self.pick(list(delimiters))
        comma = delimiter != "," and self.draw(st.booleans())
        index = noise and self.draw(st.booleans())
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(([""] if index else []) + header)
        for place, row in enumerate(rows):
            cells = [row.get(name, "") for name in header]
            told = [f"{c:g}".replace(".", ",") if comma and isinstance(c, float) else c for c in cells]
            told = [f"{c:g}" if isinstance(c, float) else c for c in told]
            writer.writerow(([place] if index else []) + told)
        return text.getvalue()


Written = tuple[str, str | bytes, set[Rated]]
FORMS: dict[str, Callable[[Made], Written]] = {}


def form(write: Callable[[Made], Written]) -> Callable[[Made], Written]:
    FORMS[write.__name__.replace("_", " ")] = write
    return write


@form
def a_row_a_rating(m: Made) -> Written:
    clip, rater, axis, score, system = (m.pick(names) for names in (CLIP, RATER, AXIS, SCORE, SYSTEM))
    rows = [{clip: c, rater: r, axis: a, score: s, system: m.system[c]} for (c, r, a), s in m.score.items()]
    return "ratings.csv", m.table(m.draw(st.permutations(rows))), m.rated()


@form
def a_row_a_rating_in_utf_16(m: Made) -> Written:
    name, text, rated = a_row_a_rating(m)
    return name, str(text).encode("utf-16"), rated


@form
def a_row_a_rating_below_excels_sep(m: Made) -> Written:
    clip, rater, score = m.pick(CLIP), m.pick(RATER), m.pick(SCORE)
    rows = [{clip: c, rater: r, score: s} for (c, r, a), s in m.score.items() if a == m.axes[0]]
    return "s.csv", "sep=;\n" + m.table(rows, delimiters=";"), m.rated(Q)


@form
def a_row_a_rating_in_latin_1(m: Made) -> Written:
    rows = [
        {"Datei": c, "Hörer": r, "Bewertung": s} for (c, r, a), s in m.score.items() if a == m.axes[0] and r != "甲"
    ]
    rated = {rating for rating in m.rated(Q) if rating[1] != "甲"}
    return "latin.csv", m.table(rows, noise=False).encode("latin-1"), rated


@form
def axes_side_by_side(m: Made) -> Written:
    clip, rater = m.pick(CLIP), m.pick(RATER)
    rows = [{clip: c, rater: r} | {a: m.score[c, r, a] for a in m.axes} for c in m.clips for r in m.raters]
    return "wide.csv", m.table(rows), m.rated()


@form
def means_side_by_side(m: Made) -> Written:
    m.raters[1:] = []
    clip = m.pick(CLIP)
    rows = [{clip: c} | {a: m.score[c, m.raters[0], a] for a in m.axes} for c in m.clips]
    return "means.csv", m.table(rows), {(c, "", a, m.score[c, m.raters[0], a]) for c in m.clips for a in m.axes}


@form
def raters_side_by_side(m: Made) -> Written:
    clip, people = m.pick(CLIP), [f"{m.pick(['listener_', 'subject_', 'r'])}{n}" for n in range(1, 4)]
    rows = [{clip: c} | {p: float(m.draw(st.integers(1, 5))) for p in people} for c in m.clips]
    return "raters.csv", m.table(rows), {(row[clip], p, Q, row[p]) for row in rows for p in people}


@form
def axes_and_raters_in_one_header(m: Made) -> Written:
    clip, sign = m.pick(CLIP), m.pick(list("./:"))
    rows = [{clip: c} | {f"{a}{sign}{r}": m.score[c, r, a] for a in m.axes for r in m.raters} for c in m.clips]
    return "grid.csv", m.table(rows), m.rated()


@form
def a_row_a_rater(m: Made) -> Written:
    rater = m.pick(RATER)
    rows = [{rater: r} | {c: m.score[c, r, m.axes[0]] for c in m.clips} for r in m.raters]
    return "people.csv", m.table(rows), m.rated(Q)


@form
def google_forms(m: Made) -> Written:
    ask = m.pick(["How is {}?", "{}", "Rate the clip {}", "Wie klingt {}?", "Qualité : {}"])
    rows = [
        {"Timestamp": "2024/05/02 10:00:00", "Email Address": f"{n}@b.cd"}
        | {ask.format(c): m.score[c, r, m.axes[0]] for c in m.clips}
        for n, r in enumerate(m.raters)
    ]
    rated = {(c, f"row {m.raters.index(r) + 1}", Q, s) for c, r, _, s in m.rated(Q)}
    text = m.table(rows, noise=False, delimiters=",")
    return "forms.csv", text, {(c, r, "Qualité" if ask.startswith("Q") else a, s) for c, r, a, s in rated}


def qualtrics(m: Made, lines: int) -> Written:
    names = ["StartDate", "Status", "IPAddress", "Progress", "Finished", "ResponseId", "RecipientEmail"]
    asked = [f"Q{n}_1" for n in range(len(m.clips))]
    text = io.StringIO()
    out = csv.writer(text)
    if lines == 1:
        asked = [f"Sound {c}" for c in m.clips]
    out.writerow(names + asked)
    if lines > 1:
        out.writerow(["Start Date", "Response Type", "IP Address", "Progress", "Finished", "Response ID", "Recipient Email"]
                     + [f"How is it? - {c}" for c in m.clips])  # fmt: skip
    if lines > 2:
        out.writerow([json.dumps({"ImportId": name}) for name in names + asked])
    for n, r in enumerate(m.raters):
        scores = [f"{m.score[c, r, m.axes[0]]:g}" for c in m.clips]
        out.writerow(["2024-01-01", "0", "1.2.3.4", "100", "1", f"R_{n}", "a@b.cd", *scores])
    return "q.csv", text.getvalue(), {(c, f"R_{m.raters.index(r)}", a, s) for c, r, a, s in m.rated(Q)}


@form
def qualtrics_with_one_line(m: Made) -> Written:
    return qualtrics(m, 1)


@form
def qualtrics_with_two_lines(m: Made) -> Written:
    return qualtrics(m, 2)


@form
def qualtrics_with_three_lines(m: Made) -> Written:
    return qualtrics(m, 3)


@form
def limesurvey(m: Made) -> Written:
    rows = [
        {"id": n + 1, "submitdate": "2024-01-01", "lastpage": 3, "startlanguage": "de", "seed": 99}
        | {f"Q1[{c}]. Rate": m.score[c, r, m.axes[0]] for c in m.clips}
        for n, r in enumerate(m.raters)
    ]
    rated = {(c, f"row {m.raters.index(r) + 1}", a, s) for c, r, a, s in m.rated(Q)}
    return "lime.csv", m.table(rows, noise=False), rated


@form
def webmushra(m: Made) -> Written:
    sessions = m.draw(st.booleans())
    rows = []
    for (c, r, a), s in m.score.items():
        if a == m.axes[0]:
            asked = {"email": f"{r}@b.cd", "age": 30}
            row = {"session_test_id": "t", **asked} | ({"session_uuid": r} if sessions else {})
            rows.append(row | {"trial_id": "t1", "rating_stimulus": c, "rating_score": s * 20, "rating_time": 9})
    text = io.StringIO()
    out = csv.DictWriter(text, list(rows[0]), delimiter=m.pick([",", ";"]))
    out.writeheader()
    out.writerows([row | {"rating_score": f"{row['rating_score']:g}"} for row in rows])
    people = {r: r if sessions else f"R{n}" for n, r in enumerate(dict.fromkeys(r for _, r, _ in m.score), 1)}
    return "mushra.csv", text.getvalue(), {(f"t1/{c}", people[r], Q, s * 20) for c, r, _, s in m.rated(Q)}


@form
def webmushras_likert_pages(m: Made) -> Written:
    rows = [f"t,{r},{c},C1,{s:g},9" for (c, r, a), s in m.score.items() if a == m.axes[0]]
    head = "session_test_id,session_uuid,trial_id,stimuli,stimuli_rating,rating_time"
    return "lss.csv", "\n".join([head, *rows]) + "\n", m.rated(Q)


@form
def pymushra(m: Made) -> Written:
    rows = [
        {"wm_id": "p1", "wm_type": "mushra", "responses_stimulus": c, "responses_score": s * 20, "questionaire_uuid": r,
         "responses_time": 9, "questionaire_age": 30, "wm_testId": "t"}
        for (c, r, a), s in m.score.items() if a == m.axes[0]
    ]  # fmt: skip
    return (
        "py.csv",
        m.table(rows, noise=False, delimiters=";"),
        {(f"p1/{c}", r, Q, s * 20) for c, r, _, s in m.rated(Q)},
    )


@form
def bvcc(m: Made) -> Written:
    rows = [
        f"sys{m.system[c]},{c},{s:g},blank,{{}}_18-29_{r}_Female_1_N" for (c, r, a), s in m.score.items() if a == m.axes[0]
    ]  # fmt: skip
    return "train.txt", "\n".join(rows), {(c, r, a, s) for c, r, a, s in m.rated(Q) if "_" not in r}


@form
def a_voicemos_list(m: Made) -> Written:
    r, a = m.raters[0], m.axes[0]
    sign = m.pick([",", "\t", " "]) if not any(" " in c for c in m.clips) else ","
    return "answer.txt", "".join(f"{c}{sign}{m.score[c, r, a]:g}\n" for c in m.clips), {
        (c, "", Q, m.score[c, r, a]) for c in m.clips
    }  # fmt: skip


@form
def somos(m: Made) -> Written:
    rows = [
        {"utteranceId": c, "choice": s, "sentenceId": "s", "systemId": m.system[c], "listenerId": r, "age": 23}
        for (c, r, a), s in m.score.items() if a == m.axes[0]
    ]  # fmt: skip
    return "raw.tsv", m.table(rows, noise=False), m.rated(Q)


@form
def beaqlejs(m: Made) -> Written:
    tests = [
        {"TestID": c, "rating": {k: m.score[c, r, m.axes[0]] * 20 for k, r in zip("ABCD", m.raters, strict=False)}}
        for c in m.clips
    ]  # fmt: skip
    rated = {(f"{t['TestID']}/{k}", "s1", Q, s) for t in tests for k, s in t["rating"].items()}  # type: ignore[attr-defined]
    return "s1.json", json.dumps([*tests, {"UserName": "P", "UserEmail": "p@x.y"}]), rated


def records(m: Made) -> list[dict[str, object]]:
    clip, rater, score = m.pick("clip file Datei 文件名"), m.pick("rater listener 评分者"), m.pick("score rating 评分")
    return [{clip: c, rater: r, score: s, "age": 30} for (c, r, a), s in m.score.items() if a == m.axes[0]]


@form
def json_records(m: Made) -> Written:
    outer = m.pick(["", "results"])
    return "r.json", json.dumps({outer: records(m), "version": 3} if outer else records(m)), m.rated(Q)


@form
def json_lines(m: Made) -> Written:
    return "r.jsonl", "\n".join(map(json.dumps, records(m))), m.rated(Q)


@form
def json_by_column(m: Made) -> Written:
    rows = records(m)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    if m.draw(st.booleans()):
        return "c.json", json.dumps({n: {str(k): v for k, v in enumerate(c)} for n, c in columns.items()}), m.rated(Q)
    return "c.json", json.dumps(columns), m.rated(Q)


@form
def jspsych(m: Made) -> Written:
    trials = [{"rt": 1, "stimulus": "<p>", "response": None, "trial_type": "html", "trial_index": 0, "time_elapsed": 9,
               "subject": "x"}]  # fmt: skip
    for n, ((c, r, a), s) in enumerate(m.score.items(), 1):
        if a == m.axes[0]:
            trials.append(trials[0] | {"stimulus": c, "response": s, "trial_index": n, "subject": r})
    if m.draw(st.booleans()):
        return "j.json", json.dumps(trials), m.rated(Q)
    return (
        "j.csv",
        m.table([{k: "" if v is None else v for k, v in t.items()} for t in trials], noise=False),
        m.rated(Q),
    )


@form
def psychopy(m: Made) -> Written:
    rows = [
        {"trials.thisN": n, "stimFile": c, "slider.response": s, "slider.rt": 1.25, "participant": r, "frameRate": 59.9,
         "psychopyVersion": "2023.1", "date": "2024"}
        for n, ((c, r, a), s) in enumerate(m.score.items()) if a == m.axes[0]
    ]  # fmt: skip
    return "p.csv", m.table(rows, noise=False, delimiters=","), m.rated(Q)


def batch(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{"HITId": "h", "AssignmentId": n, "AssignmentStatus": "Approved", "WorkTimeInSeconds": 30, "Reward": "$0.05",
             "LifetimeApprovalRate": "100% (3/3)"} | row for n, row in enumerate(rows)]  # fmt: skip


@form
def a_batch_of_mechanical_turk(m: Made) -> Written:
    rows = [{"WorkerId": r, "Input.audio_url": c, "Answer.naturalness": s} for c, r, _, s in sorted(m.rated(Q))]
    return "b.csv", m.table(batch(rows), noise=False, delimiters=","), m.rated("naturalness")


@form
def answers_of_p_808(m: Made) -> Written:
    """Clips come in another order than the input says, with a trapping clip among them."""
    rows, rated = [], set()
    for r in m.raters:
        order = m.draw(st.permutations([*m.clips, "trap.wav"]))
        row: dict[str, object] = {"WorkerId": r, "Input.TP": "trap.wav"} | {
            f"Input.Q{n}": c for n, c in enumerate(m.clips)
        }
        for n, c in enumerate(order, 1):
            s = 5.0 if c == "trap.wav" else m.score[c, r, m.axes[0]]
            row |= {f"Answer.Q{n}_URL": c, f"Answer.q{n}": s, f"Answer.audio_n_play_q{n}": 1, f"Answer.t{n}": 2}
            rated |= {(c, r, Q, s)} if c != "trap.wav" else set()
        rows.append(row)
    return "p808.csv", m.table(batch(rows), noise=False, delimiters=","), rated


@form
def votes_a_clip_of_p_808(m: Made) -> Written:
    rows = []
    for c in m.clips:
        votes = {f"vote_{n}": m.score[c, r, m.axes[0]] for n, r in enumerate(m.raters, 1)}
        rows.append(
            {"file_url": c, "n": len(votes), "MOS": 3.25, "std": 0.5, "95%CI": 0.25, "condition_name": "c1"} | votes
        )
    rated = {(c, f"vote_{m.raters.index(r) + 1}", Q, s) for c, r, _, s in m.rated(Q)}
    return "votes.csv", m.table(rows, noise=False, delimiters=","), rated if len(m.raters) > 1 else set()


@form
def toloka(m: Made) -> Written:
    rows = [
        {"INPUT:audio": c, "OUTPUT:naturalness": s, "GOLDEN:naturalness": "", "ASSIGNMENT:worker_id": r,
         "ASSIGNMENT:task_id": f"t{n}", "ASSIGNMENT:status": "APPROVED", "ASSIGNMENT:link": "https://x"}
        for n, (c, r, _, s) in enumerate(sorted(m.rated(Q)))
    ]  # fmt: skip
    rows.append(rows[0] | {"ASSIGNMENT:status": "REJECTED", "ASSIGNMENT:worker_id": "bad"})
    return "t.tsv", m.table(rows, noise=False, delimiters="\t"), m.rated("naturalness")


@form
def crowdee(m: Made) -> Written:
    rows = [
        {"Task ID": n // 2, "Answer ID": 10 + n, "Worker ID": r, "audio_url": c}
        | {f"q_{a}": m.score[c, r, a] for a in m.axes}
        for n, (c, r) in enumerate((c, r) for c in m.clips for r in m.raters)
    ]  # fmt: skip
    return (
        "crowdee.csv",
        m.table(rows, noise=False),
        {(c, r, a if a in ("MI", "TA") else f"q_{a}", s) for c, r, a, s in m.rated()},
    )


@form
def a_data_set_of_sureal(m: Made) -> Written:
    videos = [{"content_id": 0, "path": c, "os": {r: m.score[c, r, m.axes[0]] for r in m.raters}} for c in m.clips]
    return "d.json", json.dumps({"dataset_name": "x", "dis_videos": videos}), m.rated(Q)


@form
def a_matrix(m: Made) -> Written:
    cells = [[m.draw(st.integers(1, 5)) for _ in range(4)] for _ in range(4)]
    rated = {(f"row {y}", f"R{x}", Q, float(s)) for y, row in enumerate(cells, 1) for x, s in enumerate(row, 1)}
    return "m.csv", "\n".join(",".join(map(str, row)) for row in cells), rated


@form
def listen_and_rate(m: Made) -> Written:
    told = [{"system": m.system[c], "item": f"u{n}", "rating": m.score[c, m.raters[0], m.axes[0]]}
            for n, c in enumerate(m.clips)]  # fmt: skip
    rated = {(f"{t['system']}/{t['item']}", "s1", Q, t["rating"]) for t in told}
    if len({t["item"] for t in told}) == len(told):  # each item once: its name is enough
        rated = {(str(t["item"]), "s1", Q, t["rating"]) for t in told}
    content = {"session_id": "s1", "test_type": "mos", "survey": {}, "records": told}
    return "l.json", json.dumps(content), rated  # type: ignore[arg-type]


@form
def audiobox(m: Made) -> Written:
    axes = {
        "Production_Quality": "PQ",
        "Production_Complexity": "PC",
        "Content_Enjoyment": "CE",
        "Content_Usefulness": "CU",
    }
    lines, rated = [], set()
    for c in m.clips:
        told = {key: [m.draw(st.integers(1, 10)) for _ in range(2)] for key in axes}
        lines.append(json.dumps({"data_path": f"/your_path/x/{c}"} | told))
        rated |= {(f"x/{c}", "", axes[key], float(s)) for key, some in told.items() for s in some}
    return "a.jsonl", "\n".join(lines), rated


@form
def lists_in_cells(m: Made) -> Written:
    sign = m.pick(["|", ";", " "])
    rows = [{"clip": c, "raters": sign.join(m.raters), "scores": sign.join(
        f"{m.score[c, r, m.axes[0]]:g}" for r in m.raters)} for c in m.clips]  # fmt: skip
    return "lists.csv", m.table(rows, noise=False, delimiters=","), m.rated(Q) if len(m.raters) > 1 else set()


@form
def mushra_with_a_column_a_system(m: Made) -> Written:
    systems = ["reference", "anchor", *m.some(["Opus", "LC3", "EVS"], 1, 3)]
    told = {(c, r, s): float(m.draw(st.integers(0, 100))) for c in ["i1", "i2"] for r in m.raters for s in systems}
    rows = [{"subject": r, "item": c} | {s: told[c, r, s] for s in systems} for c in ["i1", "i2"] for r in m.raters]
    return "wide.csv", m.table(rows), {(f"{c}/{s}", r, Q, v) for (c, r, s), v in told.items()}


@form
def an_excel_workbook(m: Made) -> Written:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is an extra and is not installed")
    book = openpyxl.Workbook()
    clip, rater, score = m.pick(CLIP), m.pick(RATER), m.pick(SCORE)
    book.active.append([clip, rater, "age", score])
    for c, r, _, s in sorted(m.rated(Q)):
        book.active.append([c, r, 30, s])
    saved = io.BytesIO()
    book.save(saved)
    return "e.xlsx", saved.getvalue(), m.rated(Q)


@form
def parquet_with_sound(m: Made) -> Written:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is an extra and is not installed")
    import pyarrow.parquet as pq

    clip, rater, score = m.pick(CLIP), m.pick(RATER), m.pick(SCORE)
    rows = [
        {clip: c, "audio": {"bytes": b"RIFF", "path": "x.wav"}, rater: r, "age": 30, score: s}
        for c, r, _, s in sorted(m.rated(Q))
    ]
    saved = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), saved)
    return "p.parquet", saved.getvalue(), m.rated(Q)


MAY_REFUSE = {
    "axes and raters in one header",
    "means side by side",
    "raters side by side",
    "votes a clip of p 808",
    "lists in cells",
}
"""Forms of which some draws leave two readings."""


def read_back(folder: Path, name: str, content: str | bytes, options: Options | None = None):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return guess_and_read(path, options)


@pytest.mark.parametrize("name", FORMS)
@FUZZED
@given(data=st.data())
def test_what_was_written_is_read_or_refused(tmp_path_factory, name, data):
    file, content, expected = FORMS[name](Made(data))
    options = Options.parse(encoding="latin-1") if "latin" in name else None
    study, _, problem = read_back(tmp_path_factory.mktemp("made"), file, content, options)
    if study is None:
        assert "cannot be read: " not in problem, problem
        assert name in MAY_REFUSE, f"{problem}\n{content!r}"
        return
    got = set(study.ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))
    if name == "bvcc":
        got = {rating for rating in got if rating[1] in {r for _, r, _, _ in expected}}
    assert not expected or got == expected, f"{sorted(got)}\n{sorted(expected)}\n{content!r}"
    kept = {*study.clips.columns, *study.ratings.columns}
    assert not kept & PRIVATE, kept & PRIVATE
    assert not any("@" in str(cell) for column in study.ratings for cell in study.ratings[column].unique())


# Votes


@FUZZED
@given(data=st.data())
def test_votes(tmp_path_factory, data):
    m = Made(data)
    sides = m.pick(
        [("system_a", "system_b"), ("model_a", "model_b"), ("left_system", "right_system"), ("clip_1", "clip_2")]
    )
    said = m.pick([("a", "b", "tie"), ("A", "B", "TIE"), (*sides, "both"), ("left", "right", "equal")])
    rows, expected = [], []
    for n in range(m.draw(st.integers(2, 8))):
        pair = m.some(["X", "Y", "Z"], 2, 2)
        won = m.pick([0, 1, 2] if n else [0, 1])
        rows.append(
            {"rater": m.pick(m.raters), sides[0]: pair[0], sides[1]: pair[1], "winner": said[won], "tstamp": 17 + n}
        )
        expected.append((*pair, "ab"[won] if won < 2 else "tie", rows[-1]["rater"]))
    study, _, problem = read_back(tmp_path_factory.mktemp("made"), "v.csv", m.table(rows))
    assert study is not None, problem
    got = study.votes[["clip_a", "clip_b", "winner", "rater"]].itertuples(index=False, name=None)
    assert [(a.split("/")[0], b.split("/")[0], w, r) for a, b, w, r in got] == expected


@FUZZED
@given(data=st.data())
def test_best_and_worst(tmp_path_factory, data):
    m = Made(data)
    rows = []
    for _ in range(m.draw(st.integers(1, 4))):
        four = m.some(list("pqrstu"), 4, 4)
        best, worst = m.some(four, 2, 2)
        rows.append(
            {f"item_{n}": clip for n, clip in enumerate(four, 1)} | {"best": best, "worst": worst, "rater": "r1"}
        )
    study, _, problem = read_back(tmp_path_factory.mktemp("made"), "bw.csv", m.table(rows, noise=False))
    assert study is not None, problem
    won = sorted((row.clip_a, row.clip_b)[row.winner == "b"] for row in study.votes.itertuples())
    expected = [r["best"] for r in rows for _ in range(3)]
    for row in rows:
        expected += [row[f"item_{n}"] for n in range(1, 5) if row[f"item_{n}"] not in (row["best"], row["worst"])]
    assert won == sorted(map(str, expected))


# Predictions

PREDICTED = {
    "NISQA": ("deg", ["mos_pred", "noi_pred", "dis_pred"], {"model": "NISQAv2"}),
    "DNSMOS": ("filename", ["OVRL", "SIG", "BAK", "P808_MOS"], {"len_in_sec": 9.0, "sr": 16000, "num_hops": 1}),
    "VERSA": ("key", ["utmos", "dns_overall", "speaker_similarity"], {}),
    "UTMOSv2": ("file_path", ["predicted_mos"], {"fold": "0"}),
    "SongEval": ("clip", ["Coherence", "Musicality", "Memorability", "Clarity", "Naturalness"], {}),
    "ours": ("clip", ["MI", "TA"], {"seconds": 10.0, "error": ""}),
}


@pytest.mark.parametrize("tool", PREDICTED)
@FUZZED
@given(data=st.data())
def test_predictions(tmp_path_factory, tool, data):
    m = Made(data)
    clip, axes, more = PREDICTED[tool]
    value = {(c, a): round(m.draw(st.floats(1, 5)), 4) + 0.00005 for c in m.clips for a in axes}
    rows = [{clip: c} | {a: value[c, a] for a in axes} | more for c in m.clips]
    path = tmp_path_factory.mktemp("made") / "p"
    way = m.pick(["csv", "json", "jsonl"])
    if way == "csv":
        text = "\n".join([",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
    else:
        text = json.dumps(rows) if way == "json" else "\n".join(map(json.dumps, rows))
    path = path.with_suffix(f".{way}")
    path.write_text(text, encoding="utf-8")
    table = read_predictions(path)
    assert set(score_columns(table)) == set(axes)
    got = {(c, a): table[a].iloc[n] for n, c in enumerate(table["clip"]) for a in axes}
    assert got == pytest.approx(value)
    study, _, problem = guess_and_read(path)
    if tool not in ("SongEval", "ours"):  # by their names these may be ratings, too
        assert study is None
        assert "predictions" in problem


@FUZZED
@given(data=st.data())
def test_predictions_of_two_columns(tmp_path_factory, data):
    m = Made(data)
    value = {c: m.score[c, m.raters[0], m.axes[0]] for c in m.clips}
    path = tmp_path_factory.mktemp("made") / "answer.txt"
    path.write_text("".join(f"{c},{v:g}\n" for c, v in value.items()), encoding="utf-8")
    table = read_predictions(path)
    assert dict(zip(table["clip"], table["quality"], strict=True)) == value


# Results a system


@FUZZED
@given(data=st.data())
def test_results_of_systems_are_refused(tmp_path_factory, data):
    m = Made(data)
    rows = [{"Model": s, "MOS": float(m.draw(st.integers(1, 5))), "# Votes": 9 + n}
            for n, s in enumerate(["suno", "udio", "riff"])]  # fmt: skip
    study, _, problem = read_back(tmp_path_factory.mktemp("made"), "s.csv", m.table(rows, noise=False))
    assert study is None
    assert "--column Model=clip" in problem
