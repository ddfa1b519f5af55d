from __future__ import annotations

import pandas as pd
import pytest

from qamro.audio import AUDIO_ENDINGS
from qamro.evaluation import PredictionsError, match
from qamro.studies import Study


def study_of(names, paths=None, rated=None):
    clips = pd.DataFrame({"clip": names, "path": paths or [""] * len(names)})
    rated = names if rated is None else rated
    return Study(clips, pd.DataFrame({"clip": rated, "axis": "MI", "score": [3.0] * len(rated)}))


def table(names=None, paths=None):
    columns = {key: value for key, value in {"clip": names, "path": paths}.items() if value is not None}
    return pd.DataFrame(columns)


def test_by_clip_name_in_any_order():
    result = match(table(["b", "a", "x"]), study_of(["a", "b", "c"]))
    assert result.rows == [(0, 1), (1, 0)]
    assert result.how == {"clip name": 2}
    assert (result.predictions_left, result.clips_left, result.ambiguous) == (["x"], ["c"], [])


def test_by_file_name_and_by_stem():
    names = ["S001_P007.wav", "S001_P012.wav", "set/S002_P001.wav"]
    result = match(table(["S001_P007", "out/S001_P012.wav", "S002_P001.MP3"]), study_of(names))
    assert result.rows == [(0, 0), (1, 1), (2, 2)]
    assert result.how == {"file name": 1, "stem": 2}


def test_by_stem_whatever_the_ending_of_the_sound_file():
    names = [f"clip{number}{ending}" for number, ending in enumerate(AUDIO_ENDINGS)]
    stems = [f"clip{number}" for number in range(len(names))]
    assert match(table(stems), study_of(names)).how == {"stem": len(names)}


def test_by_path_where_names_are_the_rater_s_own():
    study = study_of(["one", "two"], ["audio/x.flac", "audio/y.flac"])
    result = match(table(paths=["C:\\clips\\y.flac", "/data/x.wav"]), study)
    assert result.rows == [(0, 1), (1, 0)]


def test_the_folder_tells_equal_file_names_apart():
    study = study_of(["real/1.wav", "audioldm/1.wav"])
    result = match(table(["1.wav", "1.wav#2"], ["/x/PAM/audioldm/1.wav", "/x/PAM/real/1.wav"]), study)
    assert result.rows == [(0, 1), (1, 0)]
    assert result.how == {"path": 2}


def test_never_ambiguous_on_either_side():
    result = match(table(["1.mp3"]), study_of(["1.wav", "1.flac"]))
    assert (result.rows, result.ambiguous) == ([], ["1.mp3"])
    result = match(table(["1.mp3", "1.ogg"]), study_of(["1.wav"]))
    assert (result.rows, result.ambiguous, result.clips_left) == ([], ["1.mp3", "1.ogg"], ["1.wav"])


def test_a_namesake_of_a_matched_clip_gets_nothing():
    result = match(table(["1.mp3", "1.wav"]), study_of(["1.wav", "2.wav"]))
    assert result.rows == [(1, 0)]
    assert result.predictions_left == ["1.mp3"]


def test_a_full_stop_in_a_name_is_no_extension():
    result = match(table(["take.1"]), study_of(["take.2", "take"]))
    assert result.rows == []


def test_clips_without_ratings_take_no_part():
    result = match(table(["a", "b"]), study_of(["a", "b"], rated=["a"]))
    assert (result.rows, result.predictions_left, result.clips_left) == ([(0, 0)], ["b"], [])


def test_rows_count_rated_clips_only():
    study = study_of(["unrated", "a"], rated=["a"])
    ((row, clip),) = match(table(["a"]), study).rows
    rated = study.clips[study.clips["clip"].isin(study.ratings["clip"])]
    assert (row, rated["clip"].iloc[clip]) == (0, "a")


def test_refuses_a_clip_that_stands_twice():
    with pytest.raises(PredictionsError, match="rows 1 and 3 both score clip 'a'"):
        match(table(["a", "b", "a"]), study_of(["a"]))


def test_refuses_a_table_without_names():
    with pytest.raises(PredictionsError, match="column 'clip' or 'path'; the columns are MI"):
        match(pd.DataFrame({"MI": [1.0]}), study_of(["a"]))
    with pytest.raises(PredictionsError, match="row 2 names no clip"):
        match(table(["a", None]), study_of(["a"]))


def test_a_number_as_a_name():
    assert match(table([7]), study_of(["7.mp3"])).rows == [(0, 0)]


@pytest.mark.parametrize("ours", ["Übung.wav", "x/Übung.wav", "übung.WAV", "Übung"])
def test_accents_slashes_and_capital_letters_join(ours):
    import unicodedata

    import pandas as pd

    from qamro.studies import Study

    for form in ("NFC", "NFD"):
        clips = pd.DataFrame({"clip": [unicodedata.normalize(form, "Übung.wav"), "other.wav"]})
        study = Study(clips, clips.assign(axis="MI", score=1))
        found = match(pd.DataFrame({"clip": [unicodedata.normalize("NFD", ours)], "MI": [1.0]}), study)
        assert found.rows == [(0, 0)]


def test_capital_letters_that_tell_two_clips_apart_join_neither():
    import pandas as pd

    from qamro.studies import Study

    clips = pd.DataFrame({"clip": ["A.wav", "a.wav"]})
    study = Study(clips, clips.assign(axis="MI", score=1))
    assert match(pd.DataFrame({"clip": ["a.WAV"], "MI": [1.0]}), study).rows == [(0, 1)]
    assert match(pd.DataFrame({"clip": ["A.mp3", "a.mp3"], "MI": [1.0, 2.0]}), study).rows == [(0, 0), (1, 1)]
