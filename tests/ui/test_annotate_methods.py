"""Listening tests in a real browser: MUSHRA from a crowd's link in German, CMOS and ABX, and the sound itself."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from audio_files import tone, write_wav

from qamro.evaluation.listening_tests import find_test
from qamro.studies import Study
from qamro.studies.listening import RatingStore, headphones

from .serving import SECRET, Server
from .visits import Visits, download, fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]

HOME = "?tab=annotate"
FORM, INTRO = "#annotate-form form", ".q-intro"
SYSTEMS = ("original", "good", "poor", "anchor35")
SECONDS = 0.6

QUICK = """() => {
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...given) {
    if (this.buffer.duration > 3) this.playbackRate.value = 20; // the tones of the test for headphones
    return start.apply(this, given);
  };
}"""

SWITCHED = """async ({ amplitudes, level }) => {
  const { Together } = await import(new URL("qamro/js/together.js", document.baseURI));
  const rate = 48000, seconds = 1.2, step = 0.1;
  const context = new OfflineAudioContext(1, rate * seconds, rate);
  const all = new Together(context);
  all.loop = true;
  all.heard = "0";
  all.level(level);
  amplitudes.forEach((amplitude, k) => {
    const buffer = context.createBuffer(1, rate, rate); // one second: it begins again while it is heard
    buffer.getChannelData(0).forEach((_, i, data) => { data[i] = amplitude * Math.sin(2 * Math.PI * 440 * i / rate); });
    all.put(String(k), buffer);
  });
  all.play();
  for (let n = 1; n * step < seconds; n += 1) {
    context.suspend(n * step).then(() => { all.hear(String(n % amplitudes.length)); context.resume(); });
  }
  const out = (await context.startRendering()).getChannelData(0);
  const from = Math.round(0.03 * rate);
  const smallest = Math.min(...amplitudes);
  let worst = 0, silent = 0;
  for (let i = from; i < out.length; i += 1) {
    worst = Math.max(worst, Math.abs(out[i] - smallest * Math.sin(2 * Math.PI * 440 * ((i - from) % rate) / rate)));
  }
  for (let i = from; i + 120 < out.length; i += 120) {
    if (Math.max(...out.slice(i, i + 120).map(Math.abs)) < 0.5 * smallest) silent += 1;
  }
  return { worst: worst / smallest, silent, listened: amplitudes.map((_, k) => all.listened(String(k))) };
}"""


def set_up(page: Any, folder: Path, mode: str, **fields: str) -> str:
    """Fills the form in with one prompt by four systems, and returns the link for raters."""
    files = [write_wav(folder / f"{name}.wav", tone(SECONDS, hz=220 + 30 * k)) for k, name in enumerate(SYSTEMS)]
    table = folder / "names.csv"
    table.write_text("\n".join(["clip,system,prompt", *(f"{path.name},{path.stem},rain" for path in files)]))
    page.set_input_files("[data-testid=study-files]", [str(path) for path in (*files, table)])
    page.wait_for_selector("text=5 files ready")
    page.fill("#annotate-form [name=name]", f"A test of {mode}")
    page.check(f"#annotate-form [name=mode][value={mode}]")
    page.fill("#annotate-form [name=token]", SECRET)
    page.click("#annotate-form details summary")
    for name, value in fields.items():
        if value == "on":
            page.check(f"#annotate-form [name={name}]")
        else:
            page.fill(f"#annotate-form [name={name}]", value)
    shot(page, f"annotate-form-{mode}")
    page.click("#annotate-form button[type=submit]")
    page.wait_for_selector("#annotate-form .q-made:not([hidden])")
    return str(page.input_value(".q-made input"))


def take_home(page: Any, folder: Path) -> Study:
    """Downloads the newest study's answers as its owner."""
    page.fill("#annotate-owner [name=token]", SECRET)
    page.click("#annotate-owner button[type=submit]")
    page.wait_for_selector(".q-studies")
    with zipfile.ZipFile(download(page, ".q-studies tbody tr >> nth=0 >> .q-acts button >> nth=1", folder)) as archive:
        archive.extractall(folder / "out")
    return Study.load(folder / "out")


def finish(page: Any, words: str) -> None:
    page.click(f".q-rate button:has-text('{words}')")


def test_mushra_in_german_from_a_crowds_link_to_the_completion_code(
    server: Server, open_page: Visits, tmp_path: Path
) -> None:
    owner = open_page(f"{HOME}&__theme=light", ready=FORM)
    back = "https://app.prolific.com/submissions/complete?cc={code}"
    crowd = {"headphones": "on", "code": "C0DE", "return_link": back}
    link = set_up(owner, tmp_path, "mushra", reference="original", anchors="anchor35", **crowd)
    ids = "&PROLIFIC_PID=5f3c&STUDY_ID=9a&SESSION_ID=77"
    page = open_page(f"{link}{ids}", ready=INTRO, locale="de-DE")
    assert "Hörstudie" in page.locator(INTRO).inner_text()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.select_option(".q-language select", "fr")
    page.wait_for_selector("text=Étude d'écoute")
    page.select_option(".q-language select", "de")
    page.evaluate(QUICK)
    page.click("text=Beginnen")

    page.wait_for_selector(".q-tones")
    assert "5f3c" not in page.url, "the ids do not stay in the address"
    store = RatingStore(server.folder / "ratings")
    rater = store.one("SELECT * FROM raters ORDER BY joined_at DESC LIMIT 1")
    assert "5f3c" not in str(dict(rater))
    page.click("[data-testid=tones]")
    for n, order in enumerate(headphones.trials(store.salt, rater["id"], 0), 1):
        page.wait_for_selector(f".q-tones .q-count:has-text('{n} von 6')")
        page.click(f".q-choice[data-value='{order.index('quiet')}']:not([disabled])")
    store.close()

    page.wait_for_selector(".q-mushra .q-say:has-text('Alle anhören')")
    assert page.locator(".q-column").count() == 4
    for word in ("original", "anchor", "poor", ".wav"):
        assert word not in page.locator("#annotate").inner_html()
    page.keyboard.press("0")
    for key in "1234":
        page.wait_for_timeout(700)
        page.keyboard.press(key)
        assert page.get_attribute(".q-mushra", "data-heard") == key
    page.wait_for_selector(".q-say:has-text('Bewerten Sie jede Fassung')")
    for k, score in enumerate((40, 100, 70, 10)):
        page.locator(".q-upright").nth(k).fill(str(score))
    page.click("[data-testid=sort]")
    assert page.locator(".q-column output").all_inner_texts() == ["100", "70", "40", "10"]
    assert page.locator(".q-column .q-version").all_inner_texts() == ["2", "3", "1", "4"]
    shot(page, "annotate-mushra")
    page.wait_for_selector(".q-say:has-text('Bereit')")
    page.keyboard.press("Enter")
    finish(page, "Abschließen")
    page.wait_for_selector(".q-completion")
    assert page.input_value(".q-completion input") == "C0DE"
    assert page.get_attribute(".q-completion a", "href") == back.replace("{code}", "C0DE")
    shot(page, "annotate-completion")

    again = open_page(f"{link}{ids}&lang=ja", ready=INTRO)
    again.click("text=始める")
    again.wait_for_selector(".q-completion")  # the same worker: all is done

    made = take_home(open_page(HOME, ready=FORM), tmp_path)
    assert sorted(made.ratings["score"]) == [10, 40, 70, 100]
    assert sorted(made.clips.set_index("clip").loc[made.ratings["clip"], "system"]) == sorted(SYSTEMS)
    found = find_test(made)
    assert (found.method.key, found.reference, found.anchors) == ("mushra", "original", ["anchor35"])


def test_cmos_and_abx_by_keys_on_a_phone(server: Server, open_page: Visits, tmp_path: Path) -> None:
    owner = open_page(HOME, ready=FORM)
    for mode, keys in (("cmos", "6"), ("abx", "1")):
        (tmp_path / mode).mkdir()
        link = set_up(owner, tmp_path / mode, mode, reference="original", each="1")
        page = open_page(f"{link}&lang=en", width=400, ready=INTRO)
        page.click("text=Begin")
        page.wait_for_selector(".q-task")
        assert fits(page), "the page scrolls sideways"
        for i in range(page.locator(".q-play").count()):
            page.locator(".q-play").nth(i).click()
            page.wait_for_function(
                "(i) => document.querySelectorAll('.q-sound')[i].classList.contains('q-heard')", arg=i
            )
        page.keyboard.press(keys)
        shot(page, f"annotate-{mode}-phone")
        page.wait_for_function("() => !document.querySelector('[data-testid=confirm]').disabled")
        page.keyboard.press("Enter")
        finish(page, "Finish")
        page.wait_for_selector("text=Your answers are in")
        owner.reload()
        owner.wait_for_selector(FORM)
        made = take_home(owner, tmp_path / mode)
        if mode == "cmos":
            assert made.votes["winner"].tolist() == ["b"]
            assert made.votes["score"].astype(float).tolist() == [-2], "positive answers are for the second"
        else:
            assert made.ratings["score"].isin([0, 1]).all()
            assert (made.ratings["against"] == "original.wav").all()
        assert find_test(made).method.key == mode


@pytest.mark.parametrize(
    ("amplitudes", "level"), [([0.4] * 8, False), ([0.8, 0.1, 0.4, 0.2, 0.6, 0.3, 0.5, 0.7], True)]
)
def test_eight_versions_switch_without_a_gap_or_a_jump_in_loudness(
    amplitudes: list[float], level: bool, open_page: Visits
) -> None:
    """The graph itself, rendered into memory: all versions are one tone, so what comes out must be that tone."""
    page = open_page(HOME, ready=FORM)
    found = page.evaluate(SWITCHED, {"amplitudes": amplitudes, "level": level})
    assert found["silent"] == 0
    assert found["worst"] < 0.01, "of the tone's amplitude, at any sample"
    assert sum(found["listened"]) == pytest.approx(1.2 - 0.03, abs=0.01)
    assert min(found["listened"]) > 0.05
