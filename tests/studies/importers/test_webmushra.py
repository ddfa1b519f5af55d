"""webMUSHRA's results, old and new, as ``service/write.php`` writes them."""

from __future__ import annotations

import pytest

from qamro.studies import StudyError
from qamro.studies.importers import read_ratings
from qamro.studies.importers.guessing import guess

NEW = (
    "session_test_id,email,age,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,rating_comment\n"
    'codecs,a@b.c,31,u-1,trial1,reference,100,9000,""\n'
    'codecs,a@b.c,31,u-1,trial1,C1,40,9000,"a click, here"\n'
    "codecs,a@b.c,31,u-1,trial2,C1,55,8000,\n"
    "codecs,x@y.z,44,u-2,trial1,reference,97,7000,\n"
)
OLD = NEW.replace(",session_uuid", "").replace(",u-1", "").replace(",u-2", "")
LSS = (
    "session_test_id,name,trial_id,stimuli_rating1,stimuli_rating2,stimuli,rating_time\n"
    "t,ann,p1,4,2,C1,100\nt,ann,p2,NA,3,C1,100\nt,ben,p1,5,1,C1,90\n"
)
LMS = (
    'session_test_id,name,trial_id,stimuli_rating,stimuli,rating_time\nt,ann,p1," 4 ",C1,100\nt,ann,p1," NA ",C2,100\n'
)
BS1116 = (
    "session_test_id,name,trial_id,rating_reference,rating_non_reference,rating_reference_score,"
    "rating_non_reference_score,rating_time,choice_comment\nt,ann,p1,ref,C1,5,3.4,100,\nt,ben,p1,ref,C1,4.8,2,100,\n"
)
PAIRED = (
    "session_test_id,name,trial_id,choice_reference,choice_non_reference,choice_answer,choice_time,choice_comment\n"
    "t,ann,p1,ref,C1,correct,100,\nt,ben,p1,ref,C1,incorrect,100,\nt,ben,p2,ref,C1,undecided,100,\n"
)


def write(tmp_path, text, name="mushra.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rated(path):
    return set(read_ratings(path).ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))


def test_mushra(tmp_path):
    path = write(tmp_path, NEW)
    study = read_ratings(path)
    assert rated(path) == {
        ("trial1/reference", "u-1", "quality", 100),
        ("trial1/C1", "u-1", "quality", 40),
        ("trial2/C1", "u-1", "quality", 55),
        ("trial1/reference", "u-2", "quality", 97),
    }
    assert study.systems == ["C1", "reference"]
    assert study.clips.set_index("clip")["source"].to_dict()["trial2/C1"] == "trial2"
    assert study.ratings["rating_comment"].tolist()[1] == "a click, here"
    kept = {*study.clips.columns, *study.ratings.columns}
    assert not kept & {"email", "age", "session_test_id"}
    assert guess(path).form == "webmushra"


def test_without_a_session_people_get_other_names(tmp_path):
    path = write(tmp_path, OLD)
    study = read_ratings(path)
    assert study.ratings["rater"].tolist() == ["R1", "R1", "R1", "R2"]
    assert "a@b.c" not in study.ratings.to_csv() + study.clips.to_csv() + str(study.about)
    assert any("instead of what they told" in note for note in study.about["notes"])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "lss.csv",
            LSS,
            {
                ("p1", "R1", "scale 1", 4), ("p1", "R1", "scale 2", 2), ("p2", "R1", "scale 2", 3),
                ("p1", "R2", "scale 1", 5), ("p1", "R2", "scale 2", 1),
            },
        ),
        ("lms.csv", LMS, {("p1/C1", "R1", "quality", 4)}),
        (
            "bs1116.csv",
            BS1116,
            {
                ("p1/ref", "R1", "quality", 5), ("p1/C1", "R1", "quality", 3.4),
                ("p1/ref", "R2", "quality", 4.8), ("p1/C1", "R2", "quality", 2),
            },
        ),
        ("paired_comparison.csv", PAIRED, {("p1/C1", "R1", "told apart", 1), ("p1/C1", "R2", "told apart", 0)}),
    ],
)  # fmt: skip
def test_the_other_tests_of_webmushra(tmp_path, name, text, expected):
    assert rated(write(tmp_path, text, name)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NEW.replace(",55,", ",loud,"), "row 3, column 'rating_score': 'loud' is not a finite number"),
        (BS1116.replace("3.4", "x"), "row 1, column 'rating_non_reference_score': 'x'"),
        (PAIRED.replace("incorrect", "maybe"), "row 2, column 'choice_answer': 'maybe' is none of correct"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    with pytest.raises(StudyError, match=message):
        read_ratings(write(tmp_path, text))


def test_results_of_several_sessions_are_taken_together(tmp_path):
    write(tmp_path, NEW, "mushra-1.csv")
    write(tmp_path, NEW.replace("u-", "w-"), "mushra-2.csv")
    study = read_ratings(tmp_path)
    assert sorted(study.ratings["rater"].unique()) == ["u-1", "u-2", "w-1", "w-2"]
    assert len(study.clips) == 3
