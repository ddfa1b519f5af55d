"""The reading is printed before use, refusals end with exit code 2 and the option that helps, and that option helps."""

from __future__ import annotations

import pytest

from qamro.studies import Study

CODED = "\n".join(
    ["clip,rater,system,score"]
    + [f"c{i}.wav,r{j},s{i % 4},{-1 if i == j == 0 else (i + j) % 5 + 1}" for i in range(8) for j in range(3)]
)
SCORES = "\n".join(["clip,quality"] + [f"c{i}.wav,{i % 5 + 1}" for i in range(8)])


@pytest.fixture
def files(tmp_path):
    (tmp_path / "ratings.csv").write_text(CODED + "\n")
    (tmp_path / "scores.csv").write_text(SCORES + "\n")
    (tmp_path / "unknown.csv").write_text("clip,foo,bar\na.wav,1,3\nb.wav,2,4\n")
    (tmp_path / "votes.csv").write_text("system_a,system_b,item,winner\nA,B,u,a\nA,C,u,tie\n")
    return tmp_path


def verbs(files, name):
    path = files / name
    return {
        "evaluate": ("evaluate", "--predictions", files / "scores.csv", "--ratings", path, "--draws", 0),
        "compare": ("compare", "--predictions", files / "scores.csv", "--ratings", path, "--draws", 0),
        "show": ("studies", "show", path),
        "import": ("studies", "import", path),
        "save": ("studies", "save", path, files / "saved"),
    }


@pytest.mark.parametrize("verb", ["evaluate", "compare", "show", "import", "save"])
def test_every_verb_asks_and_takes_the_answer(run, files, verb):
    command = verbs(files, "ratings.csv")[verb]
    refused = run(*command)
    assert refused.exit_code == 2
    assert "-1 stands once on quality" in refused.stderr
    assert "--missing=-1" in refused.stderr
    done = run(*command, "--missing=-1")
    assert done.exit_code == 0, done.output
    assert "left out as no answer: -1 (1 times)" in done.output
    assert "8 clips, 4 systems, 3 raters, 23 ratings; quality 1 to 5, likely a scale of 1 to 5" in done.output
    assert run(*command, "--missing", "keep").exit_code == 0


def test_the_reading_names_every_column(run, files):
    done = run(
        "evaluate",
        "--predictions",
        files / "scores.csv",
        "--ratings",
        files / "ratings.csv",
        "--missing=-1",
        "--draws",
        0,
    )
    for text in ("'clip': clip", "'rater': rater", "'system': system", "'score': ratings, axis quality"):
        assert text in done.stderr


def test_import_writes_a_study_that_needs_no_question(run, files):
    told = run("studies", "import", files / "unknown.csv")
    assert told.exit_code == 2
    assert "--column foo=rater --column bar=rater" in told.stderr
    done = run(
        "studies",
        "import",
        files / "unknown.csv",
        "--column",
        "foo=axis",
        "--column",
        "bar=drop",
        "--out",
        files / "made",
    )
    assert done.exit_code == 0, done.output
    assert Study.load(files / "made").axes == ["foo"]
    assert run("studies", "show", files / "made").exit_code == 0


def test_an_axis_that_no_file_names_can_be_named(run, files):
    shown = run("studies", "show", files / "ratings.csv", "--missing=-1", "--axis", "MI")
    assert "MI 1 to 5" in shown.stdout
    (files / "mi.csv").write_text(SCORES.replace("quality", "MI"))
    done = run(
        "evaluate",
        "--predictions",
        files / "mi.csv",
        "--ratings",
        files / "ratings.csv",
        "--missing=-1",
        "--axis",
        "MI",
        "--draws",
        0,
    )
    assert done.exit_code == 0, done.output


def test_votes_are_shown_and_what_needs_ratings_says_so(run, files):
    shown = run("studies", "import", files / "votes.csv", "--out", files / "v")
    assert shown.exit_code == 0, shown.output
    assert "2 votes" in shown.stdout
    assert len(Study.load(files / "v").votes) == 2
    refused = run("evaluate", "--predictions", files / "scores.csv", "--ratings", files / "votes.csv")
    assert refused.exit_code == 2
    assert "holds 2 votes between pairs of clips and no ratings" in refused.stderr


def test_a_wrong_option_is_said_before_anything_is_read(run, files):
    for wrong in (["--scale", "1-5"], ["--column", "x"], ["--missing", "none"], ["--header", 9], ["--rows", "x"]):
        assert run("studies", "show", files / "nowhere.csv", *wrong).exit_code == 2
        assert wrong[0] in run("studies", "show", files / "nowhere.csv", *wrong).stderr


def test_what_cannot_be_held_out_is_said_before_a_clip_is_embedded(run, tmp_path, monkeypatch):
    from qamro.training import embedded_study

    def fail(*_, **__):
        raise AssertionError("a clip was embedded")

    monkeypatch.setattr(embedded_study, "embed_study", fail)
    (tmp_path / "r.csv").write_text("clip,rater,score\na.wav,r,3\nb.wav,r,4\n")
    refused = run("train", "--study", tmp_path / "r.csv", "--out", tmp_path / "out", "--hold-out", "clip")
    assert refused.exit_code == 2
    assert "hold_out is one of content, system, both, not 'clip'" in refused.stderr


@pytest.mark.parametrize(
    "verb", [("train",), ("train-deramos",), ("sweep",), ("compare-objectives",), ("reproduce", "table1")]
)
def test_every_verb_that_trains_asks_and_takes_the_answer(run, files, verb, tmp_path):
    command = (*verb, "--study", files / "ratings.csv", "--out", tmp_path / "out")
    refused = run(*command)
    assert refused.exit_code == 2
    assert "--missing=-1" in refused.stderr
    taken = run(*command, "--missing=-1")
    assert "left out as no answer: -1 (1 times)" in taken.output
    assert "is here without its audio" in taken.output, "the ratings are read; there is nothing to hear"
    assert not (tmp_path / "out").exists()


def test_words_and_rows_of_votes_on_the_command_line(run, files):
    (files / "words.csv").write_text("clip,rater,score\na.wav,r1,great\nb.wav,r1,awful\n")
    refused = run("studies", "show", files / "words.csv")
    assert refused.exit_code == 2
    assert "--answer great=NUMBER --answer awful=NUMBER" in " ".join(refused.stderr.split())
    done = run("studies", "show", files / "words.csv", "--answer", "great=5", "--answer", "awful=1")
    assert done.exit_code == 0, done.output
    assert "quality 1 to 5" in done.output
    assert run("studies", "show", files / "words.csv", "--answer", "great").exit_code == 2
    done = run("studies", "show", files / "votes.csv", "--rows", "winner=tie")
    assert done.exit_code == 0, done.output
    assert "1 votes between 2 systems" in " ".join(done.output.split())


def test_votes_are_saved_shown_and_kept(run, files):
    saved = run("studies", "save", files / "votes.csv", files / "kept")
    assert saved.exit_code == 0, saved.output
    assert "votes.csv" in saved.output
    shown = run("studies", "show", files / "kept")
    assert shown.exit_code == 0, shown.output
    assert "2 votes" in shown.output
    study = Study.load(files / "kept")
    assert study.votes["winner"].tolist() == ["a", "tie"]


def test_predictions_say_which_option_names_their_clips(run, files):
    table = "foo,bar,quality\n" + "".join(f"x{i},c{i}.wav?,{i % 5 + 1}\n" for i in range(8))
    (files / "odd.csv").write_text(table.replace(".wav?", ""))
    command = ("evaluate", "--predictions", files / "odd.csv", "--ratings", files / "ratings.csv", "--draws", 0)
    refused = run(*command, "--missing=-1")
    assert refused.exit_code == 2
    assert "--clip-column" in refused.stderr
    done = run(*command, "--missing=-1", "--clip-column", "bar")
    assert done.exit_code == 0, done.output
    assert "8 clips matched" in " ".join(done.output.split())


def test_predictions_in_latin_1_take_the_encoding_too(run, files):
    (files / "rated.csv").write_text("clip,rater,score\nRot.wav,r,3\nBlau.wav,r,1\nGelb.wav,r,4\n")
    (files / "latin.csv").write_bytes("clip,quality\nGrün.wav,4\nRot.wav,3\nBlau.wav,2\nGelb.wav,5\n".encode("latin-1"))
    command = ("evaluate", "--predictions", files / "latin.csv", "--ratings", files / "rated.csv", "--draws", 0)
    refused = run(*command)
    assert refused.exit_code == 2
    assert "--encoding latin-1" in refused.stderr
    done = run(*command, "--encoding", "latin-1")
    assert done.exit_code == 0, done.output
    assert "for example Grün.wav" in done.output
