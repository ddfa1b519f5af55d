"""calibrate: kept under a name, used by predict, and wrong use."""

from __future__ import annotations

from .rated_tones import save_noisy_tones


def test_ratings_make_a_predictor_of_ones_own(run, saved_heads, tmp_path):
    (tmp_path / "study").mkdir()
    study = save_noisy_tones(tmp_path / "study", axes=("quality",))
    asked = ("calibrate", "--predictor", "offline", "--ratings", study, "--save", "my ears")
    wrong = run(*asked)
    assert wrong.exit_code == 2
    assert "--axis-map MI=quality" in wrong.stderr
    asked += ("--axis-map", "MI=quality")
    done = run(*asked)
    assert done.exit_code == 0, done.output
    assert "quality: calibrated on 12 ratings of noisy tones, " in done.stdout
    assert "saved as saved:my-ears" in done.stdout
    taken = run(*asked)
    assert taken.exit_code == 2
    assert "--replace" in taken.stderr
    assert run(*asked, "--replace").exit_code == 0
    scored = run("predict", study / "c0.wav", "--predictor", "saved:my-ears", "--out", tmp_path / "p.csv")
    assert scored.exit_code == 0, scored.output
    assert "calibrated on 12 ratings of noisy tones" in (tmp_path / "p.csv").read_text()
    again = run("calibrate", "--predictor", "saved:my-ears", "--ratings", study, "--save", "more")
    assert again.exit_code == 2
    assert "calibrated already" in again.stderr
    own = run("calibrate", "--predictor", "saved:my-ears", "--ratings", study, "--save", "my ears", "--replace")
    assert own.exit_code == 2
    assert "would be replaced" in own.stderr
