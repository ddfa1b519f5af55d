"""What cards, records and reports say of a study."""

import pandas as pd

from qamro.studies import Study
from qamro.studies.summary import study_hash


def study(scores=(1.0, 2.0, 3.0), **columns) -> Study:
    names = ["a", "b", "c"]
    clips = pd.DataFrame({"clip": names, "system": ["s", "s", "t"], "prompt": ["", "p", "q"]}).assign(**columns)
    return Study(clips, pd.DataFrame({"clip": names, "rater": "r", "axis": "MI", "score": scores}))


def test_the_hash_follows_the_data_and_not_their_order():
    plain = study()
    turned = Study(plain.clips[::-1].reset_index(drop=True), plain.ratings[::-1].reset_index(drop=True))
    assert study_hash(plain) == study_hash(turned)
    assert len(study_hash(plain)) == 64
    others = [study((1.0, 2.0, 4.0)), study(system=["s", "t", "t"]), study(prompt="p")]
    assert len({study_hash(one) for one in (plain, *others)}) == 4
