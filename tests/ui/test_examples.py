from __future__ import annotations

from pathlib import Path

from audio_files import make_good

from qamro.ui.examples import examples


def test_no_manifest_no_examples(tmp_path: Path) -> None:
    assert examples(tmp_path) == []


def test_reads_what_is_there_and_leaves_out_what_is_missing(tmp_path: Path) -> None:
    make_good("wav", tmp_path, name="calm-piano.wav")
    make_good("wav", tmp_path, name="b.wav")
    (tmp_path / "manifest.csv").write_text(
        "path,title,prompt,system\ncalm-piano.wav,,a calm piano,s1\nb.wav,B side,,\nmissing.wav,x,,\n", encoding="utf-8"
    )
    first, second = examples(tmp_path)
    assert (first.title, first.prompt, first.system) == ("calm piano", "a calm piano", "s1")
    assert (second.title, second.path) == ("B side", tmp_path / "b.wav")


def test_the_shipped_examples_all_exist() -> None:
    from qamro.paths import assets

    manifest = assets() / "examples" / "manifest.csv"
    lines = len(manifest.read_text(encoding="utf-8").strip().splitlines()) - 1 if manifest.exists() else 0
    assert len(examples()) == lines
