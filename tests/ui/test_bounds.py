"""Bounds and quotas, lines and turns, and who is there; the table in docs/operate.md against the code."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path

import pytest

from qamro.ui import bounds
from qamro.ui.bounds import BOUNDS, Daily, Held, Line, Place, Presence, TooMuchError, Turns, bound
from qamro.ui.texts import Bounds

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_page_for_operators_lists_every_variable_with_its_default() -> None:
    page = (ROOT / "docs/operate.md").read_text("utf-8")
    first, second = re.findall(r"\| variable \| default \| what \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", page)
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in first.splitlines()]
    told = {name.strip("`"): default for name, default in rows}
    computed = {"QAMRO_SCORING": "the processors", "QAMRO_TRAININGS": "half the processors, 2 to 4"}
    assert told == {name: computed.get(name, str(value)) for name, value in BOUNDS.items()}
    sources = [path.read_text("utf-8") for path in (ROOT / "qamro").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"\"(QAMRO_[A-Z_]+)\"", source)}
    assert read == set(re.findall(r"`(QAMRO_[A-Z_]+)`", first + second))


def test_a_bound_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in BOUNDS:
        monkeypatch.delenv(variable, raising=False)
        assert bound(variable) == BOUNDS[variable] > 0
        monkeypatch.setenv(variable, " 7 ")
        assert bound(variable) == 7
        for wrong in ("many", "-1", "1.5"):
            monkeypatch.setenv(variable, wrong)
            with pytest.raises(ValueError, match=f"{variable} is a whole number, not {wrong!r}"):
                bound(variable)


def test_an_address_holds_its_share_and_this_machine_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_CLIPS_ADDRESS", "5")
    held = Held("QAMRO_CLIPS_ADDRESS", "no more than {most}")
    with held.hold("1.2.3.4", 3), held.hold("1.2.3.4", 2), held.hold("::2", 5):
        with pytest.raises(TooMuchError, match="no more than 5"), held.hold("1.2.3.4"):
            pass
        for known in ("127.0.0.1", "::1", "127.9.9.9", ""):
            with held.hold(known, 1000):
                pass
    with held.hold("1.2.3.4", 5):
        pass
    with pytest.raises(KeyError), held.hold("1.2.3.4", 5):
        raise KeyError
    assert held._held == {}


def test_a_share_of_a_day_comes_back_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_UPLOAD_MB_ADDRESS", "2")
    clock = Clock()
    daily = Daily("QAMRO_UPLOAD_MB_ADDRESS", "{most} MB", unit=10, clock=clock)
    daily.take("a", 12)
    clock.now = 3600.0
    daily.take("a", 8)
    with pytest.raises(TooMuchError, match="2 MB"):
        daily.take("a", 1)
    daily.take("b", 20)
    clock.now = bounds.DAY + 1.0
    daily.take("a", 12)
    with pytest.raises(TooMuchError):
        daily.take("a", 1)
    for i in range(bounds._MOST + 10):
        daily.take(str(i), 1)
    assert len(daily._taken) == bounds._MOST


def test_a_line_is_first_come_first_served_and_says_where_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places that are held for 10 s: the third waits 10 s from when the first began, the fifth 20 s."""
    monkeypatch.setenv("QAMRO_TRAININGS", "2")
    monkeypatch.setenv("QAMRO_LINE_LONG", "4")
    clock = Clock()
    line = Line("QAMRO_TRAININGS", "full", clock=clock)
    people = [object() for _ in range(6)]
    line.join(people[0])
    assert line.wait(people[0], 1) is None
    line.join(people[1])
    assert line.wait(people[1], 0) is None
    for one in people[2:]:
        line.join(one)
    with pytest.raises(TooMuchError, match="full"):
        line.join(object())
    assert [line.wait(one, 0) for one in people[2:]] == [Place(n, None) for n in (1, 2, 3, 4)]
    clock.now = 10.0
    line.leave(people[0])
    assert line.wait(people[3], 0) == Place(2, 1.0), "the other has had its 10 s and may end any moment"
    assert line.wait(people[2], 0) is None
    clock.now = 12.0
    assert line.wait(people[3], 0) == Place(1, 1.0)
    assert line.wait(people[4], 0) == Place(2, 8.0)
    assert line.wait(people[5], 0) == Place(3, 11.0)
    line.leave(people[3])  # tired of waiting
    assert line.wait(people[4], 0) == Place(1, 1.0)
    line.leave(people[1])
    line.leave(people[2])
    assert line.wait(people[4], 0) is None
    assert line.wait(people[5], 0) is None
    line.leave(object())


def test_places_in_words() -> None:
    assert Bounds.in_line(3, 20.4) == "Third in line, about 20 s."
    assert Bounds.in_line(1, 0.2) == "First in line, about 1 s."
    assert Bounds.in_line(11, None) == "Number 11 in line."
    assert Bounds.in_line(10, 250) == "Tenth in line, about 4 min."


def test_turns_go_round_however_much_one_visitor_wants() -> None:
    """One visitor with 30 slices in several tabs and two with 2: each light one waits for no more than its share."""
    turns, order = Turns(1), list[str]()
    started = threading.Barrier(4)

    def work(who: str, count: int) -> None:
        started.wait()
        for _ in range(count):
            with turns.turn(who) as turn:
                assert turn.wait()
                order.append(who)
                time.sleep(0.005)

    heavy, threads = "heavy", []
    threads += [threading.Thread(target=work, args=(heavy, 15)) for _ in range(2)]
    threads += [threading.Thread(target=work, args=(name, 2)) for name in ("light", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(order) == 34
    assert max(i for i, who in enumerate(order) if who != heavy) <= 9
    assert turns.waiting == 0


def test_a_hundred_pages_of_one_address_are_one_among_others() -> None:
    turns = Turns(1)
    running = turns.turn("first", "6.6.6.6")
    pages = [turns.turn(object(), "6.6.6.6") for _ in range(100)]
    light = turns.turn("light", "1.1.1.1")
    again = turns.turn("light", "1.1.1.1")
    assert (pages[0].place.number, light.place.number, again.place.number) == (1, 2, 4)
    assert pages[-1].place.number == 102
    began = []
    turns.end(running)
    for _ in range(3):
        (now,) = turns._running
        began.append(now)
        turns.end(now)
    assert began == [pages[0], light, pages[1]]
    for turn in (*pages, again):
        turns.end(turn)
    assert (turns.waiting, turns._free, turns._running) == (0, 1, [])


def test_what_nobody_asked_for_waits_for_all_others_but_not_for_ever() -> None:
    clock = Clock()
    turns = Turns(1, clock=clock)
    running, curve = turns.turn("first"), turns.turn("first", last=True)
    others = [turns.turn(name, name) for name in "abc"]
    assert (curve.place.number, turns.waiting) == (4, 4)
    turns.end(running)
    assert (others[0].wait(0), curve.wait(0)) == (True, False), "others came later and go first"
    clock.now = Turns.PATIENT + 0.1
    turns.end(others[0])
    assert (others[1].wait(0), curve.wait(0)) == (False, True), "it has waited long enough"
    turns.end(curve)
    left = turns.turn("gone", last=True)
    turns.end(left)
    assert others[1].wait(0)
    for turn in others[1:]:
        turns.end(turn)
    assert (turns.waiting, turns._free, turns._running) == (0, 1, [])
    assert turns.turn("alone", last=True).wait(0)


def test_whoever_leaves_a_line_or_fails_gives_the_turn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(1)
    for _ in range(3):
        with contextlib.suppress(ValueError), turns.turn(1) as turn:
            assert turn.wait(0)
            raise ValueError
    monkeypatch.setenv("QAMRO_LINE", "2")
    with turns.turn(1), turns.turn(2) as second:
        with turns.turn(3) as third:
            assert not third.wait(0)
            with pytest.raises(TooMuchError):
                turns.turn(4)
        assert turns.waiting == 1
        assert not second.wait(0)
    assert (turns.waiting, turns._free) == (0, 1)


def test_a_turn_that_lasts_long_lends_its_place_and_only_once() -> None:
    clock = Clock()
    turns = Turns(1, clock=clock)
    slow, second, third = (turns.turn(name) for name in ("slow", "second", "third"))
    turns.lend()
    assert not second.wait(0)
    clock.now = Turns.LONG + 0.1
    turns.lend()
    turns.lend()
    assert second.wait(0)
    assert not third.wait(0)
    turns.end(slow)
    assert not third.wait(0), "its place was given on already"
    turns.end(second)
    assert third.wait(0)
    turns.end(third)
    assert turns._free == 1


def test_a_page_is_gone_a_minute_after_its_last_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QAMRO_GONE_SECONDS", raising=False)
    clock = Clock()
    presence = Presence(clock=clock)
    assert not presence.is_gone(None)
    assert not presence.is_gone("api"), "counts from now on"
    with presence.here("page"):
        with presence.here("page"):
            clock.now = 1000.0
        assert not presence.is_gone("page")
        assert presence.is_gone("api")
    assert not presence.is_gone("page")
    clock.now += 59
    assert not presence.is_gone("page")
    with presence.here("page"):
        pass
    clock.now += 59
    assert not presence.is_gone("page")
    clock.now += 2
    assert presence.is_gone("page")


def test_a_table_takes_so_many_clips_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from qamro.ui.predict import handlers
    from qamro.ui.session import Session

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    files = []
    for i in range(4):
        (tmp_path / f"{i}.wav").write_bytes(bytes(600_000))
        files.append({"path": str(tmp_path / f"{i}.wav"), "name": f"{i}.wav"})
    parts, session = SimpleNamespace(clips="clips", score="score", status="status"), Session()

    def brought() -> str:
        answer = handlers.upload(parts, session, None, SimpleNamespace(files=files))
        return str(answer["status"])

    monkeypatch.setenv("QAMRO_UPLOAD_MB", "1")
    assert "Only clips of 1 MB in all were taken." in brought()
    assert list(session.clips) == ["c1"]
    monkeypatch.delenv("QAMRO_UPLOAD_MB")
    monkeypatch.setenv("QAMRO_CLIPS", "3")
    assert "Only the first 3 clips were taken." in brought()
    assert [clip.name for clip in session.clips.values()] == ["0.wav", "1.wav", "2.wav"]
