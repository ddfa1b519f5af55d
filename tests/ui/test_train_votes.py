"""Heads trained on votes between two clips, from a visitor's own file, in a real browser."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .serving import FETCHED
from .trainable import small_study
from .visits import Visits, says

pytestmark = [pytest.mark.browser, pytest.mark.server]


def voted(folder: Path) -> Path:
    """Zips a study of 300 votes: the clip that its rendered study rates higher wins."""
    rated = small_study()
    means = rated.clip_means()
    mean = means[means["axis"] == "MI"].set_index("clip")["mean"]
    rng, contents = np.random.default_rng(0), [part["clip"].tolist() for _, part in rated.clips.groupby("prompt")]
    pairs = [rng.choice(contents[i % len(contents)], 2, replace=False) for i in range(300)]
    rows = [
        (a, b, f"r{i % 9}", "which is better?", "a" if mean[a] > mean[b] else "b") for i, (a, b) in enumerate(pairs)
    ]
    votes = pd.DataFrame(rows, columns=["clip_a", "clip_b", "rater", "axis", "winner"])
    home = folder / "voted"
    (home / "sound").mkdir(parents=True)
    clips = rated.clips.copy()
    for clip in clips["clip"]:
        shutil.copy(rated.audio_path(clip), home / "sound" / f"{Path(clip).stem}.wav")
    clips["path"] = [f"sound/{Path(clip).stem}.wav" for clip in clips["clip"]]
    study = rated.replace(clips=clips, ratings=rated.ratings.iloc[:0], votes=votes, root=home, name="voted")
    study.save(home)
    with zipfile.ZipFile(folder / "voted.zip", "w") as file:
        for path in sorted(home.rglob("*.*")):
            file.write(path, path.relative_to(home.parent))
    return folder / "voted.zip"


def test_votes_of_one_s_own_train_heads_and_the_page_says_how_often_they_are_right(open_page: Visits, tmp_path: Path):
    page = open_page("?tab=train", ready="#train-study")
    page.click("#train-study [data-source=upload]")
    page.set_input_files("#train-study [data-testid=ratings-files]", str(voted(tmp_path)))
    page.click("#train-study .q-import")
    page.wait_for_selector("#train-study .q-bring-chosen")
    says(page, "#train-study", "300 votes")
    page.click("#train-more > button")
    page.locator("#train-axes label:has-text('which is better?')").wait_for()
    page.wait_for_function("() => document.querySelector('#train-objective input').value.startsWith('Votes between')")
    page.click('#train-preset label:has-text("The paper\'s")')
    page.wait_for_function("() => document.querySelector('#train-lr input').value === '0.0005'")
    assert page.input_value("#train-objective input").startswith("Votes between"), "a preset is for ratings"
    page.click("#train-preset label:has-text('What ranked best')")
    says(page, "#train-cost", "not known")  # the rates of ratings do not hold for votes
    page.fill("#train-epochs input", "15")
    page.click("#train-go")
    says(page, "#train-status", "Run 1 is done.")
    says(page, "#train-runs", "of votes")

    # Ratings again: what learns from votes would refuse them.
    page.click("#train-study [data-key=change]")
    page.click(f"#train-study [data-source={FETCHED}]")
    page.wait_for_function("() => document.querySelector('#train-objective input').value.startsWith('Huber')")
