from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import pytest
from audio_files import make_bad, make_good

from qamro.ui.bounds import TooMuchError, Turns
from qamro.ui.predict.handlers import take_over
from qamro.ui.session import Session, Shelf, shortest_window, window_seconds

from .toy import Toy


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    good = [make_good(kind, tmp_path, name=f"{kind}.{kind}") for kind in ("wav", "flac", "mp3")]
    return [*good, make_bad("text", tmp_path)[0]]


def filled(clips: list[Path]) -> Session:
    session = Session()
    for i, path in enumerate(clips):
        assert session.add(path, path.name, prompt=f"prompt {i}", system=f"s{i % 2}")
    return session


def test_the_same_file_is_taken_once_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    session = Session()
    assert session.add(tmp_path / "a" / "x.wav", "x.wav")
    assert not session.add(tmp_path / "a" / "x.wav", "x.wav")
    assert session.add(tmp_path / "b" / "x.wav", "x.wav")
    assert session.add(tmp_path / "c" / "x.wav", "x.wav")
    assert session.add(tmp_path / "noending", "")
    assert [clip.name for clip in session.clips.values()] == ["x.wav", "x (2).wav", "x (3).wav", "noending"]


def test_edits_go_to_their_clip_and_strangers_are_passed_over(clips: list[Path]) -> None:
    session = filled(clips)
    first, second = list(session.clips)[:2]
    session.edit([{"id": second, "prompt": "  new ", "system": None}, {"id": "nobody", "prompt": "x"}, {}])
    assert (session.clips[second].prompt, session.clips[second].system) == ("new", "")
    assert session.clips[first].prompt == "prompt 0"


def test_scores_every_good_clip_and_names_the_bad_one(clips: list[Path]) -> None:
    session = filled(clips)
    rows = list(session.score(Toy()))
    run = session.run
    assert run is not None
    assert [row["clip"] for row in rows] == [path.name for path in clips]
    assert run.good == list(session.clips)[:3]
    assert run.failed == list(session.clips)[3:]
    assert not run.cancelled
    assert not session.busy


def test_rows_never_tell_where_files_lie(clips: list[Path]) -> None:
    session = filled(clips)
    for row in session.score(Toy()):
        assert str(clips[0].parent) not in repr(row)


def test_a_run_keeps_the_prompts_that_it_scored_and_loses_what_leaves_the_table(clips: list[Path]) -> None:
    session = filled(clips)
    list(session.score(Toy()))
    first, second, *rest = session.clips
    session.edit([{"id": first, "prompt": "later", "system": "new"}])
    assert session.run is not None
    assert session.run.clips[first].prompt == "prompt 0"
    assert session.run.rows[first]["prompt"] == "prompt 0"
    assert session.run.rows[first]["system"] == "new", "a label of a score that does not depend on it"
    session.selected = second
    session.remove(second)
    assert session.run.good == [first, rest[0]]
    assert session.selected is None


def test_only_what_waits_is_scored_and_all_where_that_is_asked(clips: list[Path], tmp_path: Path) -> None:
    session, toy = filled(clips), Toy()
    assert session.waiting() == list(session.clips)
    list(session.score(toy))
    assert session.waiting() == [], "a clip that failed waits for nothing"
    rows = dict(session.run.rows)
    first, second = list(session.clips)[:2]
    session.edit(
        [{"id": first, "prompt": "another", "system": "s0"}, {"id": second, "prompt": "prompt 1", "system": "x"}]
    )
    session.add(make_good("wav", tmp_path, name="late.wav"), "late.wav")
    late = list(session.clips)[-1]
    assert session.waiting() == [first, late]
    before = toy.scored
    assert [row["clip"] for row in session.score(toy)] == [session.clips[first].name, "late.wav"]
    assert toy.scored == before + 2
    assert {key: session.run.rows[key]["MI"] for key in (second,)} == {second: rows[second]["MI"]}
    assert session.run.good == [key for key in session.clips if key not in session.run.failed]
    assert len(list(session.score(toy, again=True))) == 5
    session.predictor = "another"
    assert session.waiting() == list(session.clips)
    other = Toy(axes=("MI",))
    assert len(list(session.score(other))) == 5, "scores of other provenance are not kept"


def test_one_thing_goes_on_at_a_time() -> None:
    session, begun = Session(), []
    workers = [threading.Thread(target=lambda: begun.append(session.begin())) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(begun) == [False] * 7 + [True]


def test_the_shelf_gives_a_session_back_to_its_key_alone_and_for_its_time(tmp_path: Path) -> None:
    now = [0.0]
    shelf, mine = Shelf(100, most=2, clock=lambda: now[0]), Session()
    folder = mine.folder(tmp_path)
    keys = [f"{n:032x}" for n in range(4)]
    assert shelf.take(keys[0], mine) is mine
    now[0] = 90
    assert shelf.take(keys[0], Session()) is mine, "a reload, or a second tab"
    stranger = Session()
    assert shelf.take(keys[1], stranger) is stranger
    shelf.leave(mine)
    assert folder.is_dir(), "a page that goes takes nothing along"
    now[0] = 185
    assert shelf.take(keys[0], Session()) is mine, "it counts from the last visit"
    now[0] = 300
    fresh = Session()
    assert shelf.take(keys[0], fresh) is fresh
    assert not folder.exists(), "what has gone from the shelf is deleted"
    others = [Session() for _ in range(3)]
    for key, one in zip(keys[1:], others, strict=True):
        shelf.take(key, one)
    assert shelf.take(keys[3], Session()) is others[2]
    assert shelf.take(keys[1], fresh) is fresh, "no more than two are kept"


@pytest.mark.parametrize("key", ["", "x", "0" * 31, "0" * 33, "G" * 32, "../../etc/passwd"])
def test_what_is_no_key_keeps_nothing(key: str, tmp_path: Path) -> None:
    shelf, one, two = Shelf(100), Session(), Session()
    assert shelf.take(key, one) is one
    assert shelf.take(key, two) is two
    folder = one.folder(tmp_path)
    shelf.leave(one)
    assert not folder.exists()


def test_cancel_ends_the_run_and_keeps_what_was_scored(tmp_path: Path) -> None:
    paths = [make_good("wav", tmp_path, name=f"{i}.wav", seconds=0.2) for i in range(12)]
    session, toy = filled(paths), Toy(batch_size=2)
    for n, _ in enumerate(session.score(toy), 1):
        if n == 3:
            session.cancel()
    assert session.run is not None
    assert session.run.cancelled
    assert len(session.run.rows) == 3
    assert toy.scored <= 4, "batches after the one at hand were scored"
    assert not session.busy
    list(session.score(toy))
    assert len(session.run.rows) == 12, "a cancelled session cannot score again"


def test_cancel_from_another_thread(tmp_path: Path) -> None:
    paths = [make_good("wav", tmp_path, name=f"{i}.wav", seconds=0.2) for i in range(20)]
    session, toy = filled(paths), Toy(wait=0.02, batch_size=1)
    worker = threading.Thread(target=lambda: list(session.score(toy)))
    worker.start()
    while session.run is None or not session.run.rows:
        pass
    session.cancel()
    worker.join(10)
    assert not worker.is_alive()
    assert 0 < len(session.run.rows) < 20


def test_a_run_that_is_abandoned_leaves_the_session_free(clips: list[Path]) -> None:
    session = filled(clips)
    rows = session.score(Toy())
    next(rows)
    assert session.busy
    rows.close()
    assert not session.busy


def test_a_heavy_visitor_in_many_tabs_hardly_delays_a_light_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qamro.ui.session.TURNS", Turns(2))
    monkeypatch.setattr("qamro.ui.session.TELL_FIRST", 0.0)
    paths = [make_good("wav", tmp_path, name=f"{i}.wav", seconds=0.2) for i in range(40)]
    heavy, places = [filled(paths) for _ in range(6)], list[int]()
    toy = Toy(wait=0.05, batch_size=1)

    def work(session: Session) -> None:
        session.address = "6.6.6.6"
        for row in session.score(toy):
            if row is None and session.place is not None:
                places.append(session.place.number)

    threads = [threading.Thread(target=work, args=(session,)) for session in heavy]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    light = filled(paths[:3])
    light.address = "1.1.1.1"
    start = time.perf_counter()
    rows = [row for row in light.score(toy) if row is not None]
    took = time.perf_counter() - start
    for session in heavy:
        session.cancel()
    for thread in threads:
        thread.join(10)
    assert len(rows) == 3
    assert took < 3
    assert set(places) <= {1, 2, 3, 4, 5}
    assert max(places) > 1, "six tabs, two of them at work"
    assert all(session.place is None and not session.busy for session in heavy)
    monkeypatch.setenv("QAMRO_CLIPS_ADDRESS", "39")
    with pytest.raises(TooMuchError, match="More than 39 clips from your network"):
        list(heavy[0].score(toy, again=True))
    assert not heavy[0].busy


def test_no_clips_give_no_rows() -> None:
    session = Session()
    assert list(session.score(Toy())) == []


def test_the_folder_goes_with_the_session(tmp_path: Path) -> None:
    session = Session()
    folder = session.folder(tmp_path)
    (folder / "scores.csv").write_text("x")
    assert folder == session.folder()
    assert folder.parent == tmp_path
    session.close()
    assert list(tmp_path.iterdir()) == []
    session.close()


@pytest.mark.parametrize(
    ("clip", "window"), [(1, 3), (5, 3), (7, 3.5), (10, 5), (30, 5), (300, 5), (600, 10), (float("nan"), 5)]
)
def test_windows_last_five_seconds_halves_of_short_clips_and_at_most_sixty_stand_in_a_clip(
    clip: float, window: float
) -> None:
    assert window_seconds(clip) == window
    assert not window < shortest_window(clip)


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_what_was_typed_last_stays_in_whatever_order_it_comes(clips: list[Path], order: tuple[int, ...]) -> None:
    session = Session()
    session.add(clips[0], "one.wav")
    (key,) = session.clips
    typed = [
        {"rows": [{"id": key, "prompt": words, "system": "s"}], "typed": 1_000.0 + at}
        for at, words in enumerate(["", "slow", "slow strings"])
    ]
    for which in order:
        take_over(session, typed[which])
    assert session.clips[key].prompt == "slow strings"
    take_over(session, {"rows": [{"id": key, "prompt": "by a program", "system": ""}]})
    assert session.clips[key].prompt == "by a program", "who does not say when has just typed it"
    take_over(session, None)
    assert session.clips[key].prompt == "by a program"
