"""The study chooser in a real browser, on the tabs that have it: by mouse, by keyboard, on a phone, in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from audio_files import tone, write_wav

from qamro.studies.importers import read_ratings

from .visits import Visits, download, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]


def texts(page: Any, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def test_ratings_from_the_drop_to_the_study_and_back(open_page: Visits, tmp_path: Path) -> None:
    wide = tmp_path / "my panel.csv"
    wide.write_text("file;group;r1;r2\na.wav;<b>jazz</b>;10,5;20\nb.wav;rock;30;140\n", encoding="utf-8")
    sound = write_wav(tmp_path / "a.wav", tone(0.3))
    page = open_page("?tab=compare&__theme=light", ready="#compare-study .q-option")
    chooser = "#compare-study"
    page.click(f"{chooser} [data-source=upload]")
    page.set_input_files(f"{chooser} [data-testid=ratings-files]", [str(wide), str(sound)])
    page.wait_for_selector(f"{chooser} .q-import")
    assert texts(page, f"{chooser} .q-bring-columns tbody th") == ["file", "group", "r1", "r2"]
    assert page.input_value(f"{chooser} [data-key='role of group']") == "about_clip"
    assert "<b>jazz</b>" in page.locator(f"{chooser} [data-column=group]").inner_text(), "text stays text"
    assert page.input_value(f"{chooser} [data-key='rater of r2']") == "r2"
    assert "sound files: 1" in page.locator(chooser).inner_text()

    page.focus(f"{chooser} [data-key='role of group']")  # the keyboard alone
    page.keyboard.press("g")
    page.keyboard.press("End")
    page.wait_for_function("() => document.activeElement.value === 'ignore'")
    page.wait_for_selector(f"{chooser} [data-column=group] >> text=chosen by you")
    assert page.evaluate("document.activeElement.dataset.key") == "role of group", "the focus stays where it was"
    page.select_option(f"{chooser} [data-key='role of group']", "about_clip")

    page.select_option(f"{chooser} [data-key='from of quality ']", "0 100")
    page.wait_for_selector(f"{chooser} [data-key='to of quality ']")
    page.select_option(f"{chooser} [data-key='to of quality ']", "1 5")
    page.wait_for_selector(f"{chooser} >> text=was 10.5")
    assert "1.42" in texts(page, f"{chooser} .q-bring-first tbody tr")[0]
    page.click(f"{chooser} .q-import")
    page.wait_for_selector(f"{chooser} >> text=row 2, column 'r2': 140 lies off the scale 0 to 100")
    shot(page, "bring-off-scale")
    page.select_option(f"{chooser} [data-key='from of quality ']", "other")
    page.fill(f"{chooser} [aria-label='Lowest score: quality'] >> visible=true", "0")
    page.fill(f"{chooser} [aria-label='Highest score: quality'] >> visible=true", "200")
    page.click(f"{chooser} .q-bring-ends:not([hidden]) button")
    page.wait_for_function("() => document.querySelector(\"[data-key='from of quality ']\").value === '0 200'")
    page.select_option(f"{chooser} [data-key='to of quality ']", "1 5")
    page.wait_for_selector(f"{chooser} >> text=was 10.5")
    page.fill(f"{chooser} [data-key='name of quality ']", "MI")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.q-bring-first').innerText.includes('MI')")
    page.click(f"{chooser} .q-import")
    page.wait_for_selector(f"{chooser} .q-bring-chosen")
    said = page.locator(f"{chooser} .q-bring-chosen").inner_text()
    for part in ("human", "my panel", "2 clips, 0 systems, 4 ratings, 2 raters", "1 of 2 clips with sound"):
        assert part in said
    assert "MI: scale 0 to 200, mapped linearly to 1 to 5" in said

    packed = download(page, f"{chooser} [data-key=pack]", tmp_path)
    assert read_ratings(packed).ratings["score"].tolist() == pytest.approx([1.21, 1.6, 1.4, 3.8])
    page.click(f"{chooser} [data-key=change]")
    page.set_input_files(f"{chooser} [data-testid=ratings-files]", str(packed))
    page.wait_for_selector(f"{chooser} >> text=a saved study")
    page.click(f"{chooser} .q-import")
    page.wait_for_selector(f"{chooser} .q-bring-choice", state="detached")
    assert "1 of 2 clips with sound" in page.locator(f"{chooser} .q-bring-chosen").inner_text()
    shot(page, "bring-imported")


def test_a_tab_that_needs_sound_on_a_phone_in_the_dark(open_page: Visits, tmp_path: Path) -> None:
    page = open_page("?tab=train&study=simulated&__theme=dark", width=400, ready="#train-study .q-bring-parts")
    chooser = "#train-study"
    page.wait_for_selector(f"{chooser} .q-bring-chosen")
    assert "144 of 144 clips with sound" in page.locator(f"{chooser} .q-bring-chosen").inner_text()
    page.click(f"{chooser} [data-key=change]")
    rows = f"{chooser} .q-bring-list .q-option:visible"
    every = page.locator(rows).count()
    page.fill(f"{chooser} [data-key=filter]", "no such name")
    page.wait_for_selector(f"{chooser} >> text=No study is called so.")
    page.fill(f"{chooser} [data-key=filter]", "MusicEv")
    assert page.locator(rows).count() < every
    page.click(f"{chooser} [data-source=musiceval]")
    page.wait_for_selector(f"{chooser} >> text=Fetch musiceval")
    assert "1,900 MB · CC BY-NC 4.0" in page.locator(f"{chooser} .q-details").inner_text()
    assert page.input_value(f"{chooser} [data-key=filter]") == "MusicEv", "it keeps what was typed"
    page.fill(f"{chooser} [data-key=filter]", "")
    assert page.locator(rows).count() == every
    page.click(f"{chooser} [data-source=upload]")
    silent = tmp_path / "silent.csv"
    silent.write_text("clip,rater,axis,score\n" + "".join(f"c{i},r{i % 3},MI,{1 + i % 5}\n" for i in range(9)))
    page.set_input_files(f"{chooser} [data-testid=ratings-files]", str(silent))
    page.wait_for_selector(f"{chooser} .q-import")
    shot(page, "bring-phone")
    wide = page.evaluate(
        "() => [...document.querySelectorAll('#train-study *')]"
        ".filter((part) => part.getBoundingClientRect().right > innerWidth).map((part) => part.outerHTML.slice(0, 80))"
    )
    assert wide == [], "nothing sticks out of the page"
    page.click(f"{chooser} .q-import")
    page.wait_for_selector(f"{chooser} >> text=No sound was found for the 9 clips of silent")
    assert "144 of 144" in page.locator(f"{chooser} .q-bring-chosen").inner_text(), "the study before is still in force"
    page.click(f"{chooser} [data-key='put away']")
    page.wait_for_selector(f"{chooser} .q-import", state="detached")
    text_file = tmp_path / "letter.txt"
    text_file.write_text("Dear all,\nplease rate.\n")
    page.set_input_files(f"{chooser} [data-testid=ratings-files]", str(text_file))
    page.wait_for_selector(f"{chooser} >> text=letter.txt holds no ratings in a known form")


def test_codes_a_lost_first_line_and_a_question_are_answered_on_the_page(open_page: Visits, tmp_path: Path) -> None:
    page = open_page("?tab=compare&__theme=light", ready="#compare-study .q-option")
    chooser = "#compare-study"
    page.click(f"{chooser} [data-source=upload]")

    def drop(name: str, table: str) -> None:
        file = tmp_path / name
        file.write_bytes(table.encode("latin-1"))
        page.set_input_files(f"{chooser} [data-testid=ratings-files]", str(file))
        page.wait_for_selector(f"{chooser} .q-waiting h3 >> text={file.stem}")

    cells = "".join(f"c{i}.wav,r{j},{-1 if i == j else (i + j) % 5 + 1}\n" for i in range(6) for j in range(3))
    drop("coded.csv", f"clip,rater,score\n{cells}")
    page.wait_for_selector(f"{chooser} >> text=Leave out -1: 3 times on quality")
    assert page.is_disabled(f"{chooser} .q-import"), "nobody has said what -1 is"
    shot(page, "bring-codes")
    page.check(f"{chooser} [data-key='code -1']")
    page.wait_for_selector(f"{chooser} >> text=15 ratings of 6 clips by 3 raters")
    page.uncheck(f"{chooser} [data-key='code -1']")
    page.wait_for_selector(f"{chooser} >> text=18 ratings of 6 clips by 3 raters")
    page.check(f"{chooser} [data-key='code -1']")
    page.wait_for_selector(f"{chooser} >> text=15 ratings of 6 clips by 3 raters")
    page.click(f"{chooser} [data-key='fold rows']")
    page.select_option(f"{chooser} [data-key='row column']", "rater")
    page.fill(f"{chooser} [data-key='row value']", "nobody")
    page.click(f"{chooser} [data-key='row add']")
    page.wait_for_selector(f"{chooser} >> text=no cell is 'nobody'")
    assert page.is_enabled(f"{chooser} .q-import"), "what was refused is not in the way"
    page.select_option(f"{chooser} [data-key='row column']", "rater")
    page.select_option(f"{chooser} [data-key='row is']", "false")
    page.fill(f"{chooser} [data-key='row value']", "r1")
    page.click(f"{chooser} [data-key='row add']")
    page.wait_for_selector(f"{chooser} >> text=10 ratings of 6 clips by 2 raters")
    page.click(f"{chooser} .q-import")
    page.wait_for_selector(f"{chooser} .q-bring-chosen")
    assert "10 ratings, 2 raters" in page.locator(f"{chooser} .q-bring-chosen").inner_text()

    page.click(f"{chooser} [data-key=change]")
    drop("lost.csv", "a.wav,model,3\nb.wav,Zo\xeb,4\nc.wav,Zo\xeb,5\n")
    page.wait_for_selector(f"{chooser} >> text=not a table of text in UTF-8")
    page.select_option(f"{chooser} [data-key='cut encoding']", "latin-1")
    page.wait_for_selector(f"{chooser} .q-bring-columns")
    assert texts(page, f"{chooser} .q-bring-columns tbody th") == ["a.wav", "model", "3"]
    page.select_option(f"{chooser} [data-key='cut header']", "0")
    page.wait_for_selector(f"{chooser} [data-column='column 3']")
    assert "Zo\xeb" in page.locator(f"{chooser} [data-column='column 2']").inner_text()
    for column, role in (("column 1", "clip"), ("column 3", "rating")):
        if page.input_value(f"{chooser} [data-key='role of {column}']") != role:
            page.select_option(f"{chooser} [data-key='role of {column}']", role)
            page.wait_for_selector(f"{chooser} [data-column='{column}'] >> text=chosen by you")
    page.wait_for_selector(f"{chooser} >> text=ratings of 3 clips")

    drop("two.csv", "file,a,b\nx.wav,3,4\ny.wav,2,1\nz.wav,5,5\n")
    page.wait_for_selector(f"{chooser} [data-key='reading 1']")
    assert page.is_disabled(f"{chooser} .q-import")
    assert texts(page, f"{chooser} .q-bring-question button") == ["Raters", "Qualities (axes)", "Systems"]
    shot(page, "bring-question")
    page.focus(f"{chooser} [data-key='reading 0']")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{chooser} >> text=6 ratings of 3 clips by 2 raters")
    assert page.is_enabled(f"{chooser} .q-import")
    assert page.locator(f"{chooser} .q-bring-question").count() == 0

    drop("votes.csv", "system_a,system_b,winner\nx,y,a\ny,z,b\nx,z,tie\n")
    page.wait_for_selector(f"{chooser} >> text=3 votes between 3 systems")
    assert page.locator(f"{chooser} .q-waiting table").count() == 0, "no empty tables"
