"""What one visitor may take of a server that many share: bounds, quotas by address, lines with places, who is there.

Each bound is an environment variable; docs/operate.md lists them with these defaults. Two levels are fair to each
other: addresses, and the visitors of an address, so that a hundred pages of one machine are one among others.
"""

from __future__ import annotations

import heapq
import ipaddress
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

_CORES = os.cpu_count() or 1

BOUNDS: dict[str, int] = {
    "QAMRO_SCORING": _CORES,
    "QAMRO_TRAININGS": max(2, min(4, _CORES // 2)),
    "QAMRO_SWEEPS": 2,
    "QAMRO_LINE": 200,
    "QAMRO_LINE_LONG": 20,
    "QAMRO_QUEUE": 500,
    "QAMRO_QUEUE_ADDRESS": 200,
    "QAMRO_CLIPS": 1000,
    "QAMRO_CLIPS_ADDRESS": 10_000,
    "QAMRO_TRAININGS_ADDRESS": 2,
    "QAMRO_SWEEPS_ADDRESS": 2,
    "QAMRO_UPLOAD_MB": 2000,
    "QAMRO_UPLOAD_MB_ADDRESS": 10_000,
    "QAMRO_STUDIES_ADDRESS": 50,
    "QAMRO_GONE_SECONDS": 60,
    "QAMRO_DRAIN_SECONDS": 20,
}
"""Environment variables that bound what this server does, and their defaults."""

DAY = 24 * 60 * 60
_MOST = 10_000


def bound(variable: str) -> int:
    """Returns a bound of ``BOUNDS``: what the environment says, else its default.

    Raises:
        ValueError: The environment says no whole number.
    """
    told = os.environ.get(variable, "").strip()
    if told and not told.isdecimal():
        raise ValueError(f"{variable} is a whole number, not {told!r}")
    return int(told) if told else BOUNDS[variable]


class TooMuchError(Exception):
    """A visitor or an address has had its share; the message says what to do."""


def is_counted(address: str) -> bool:
    """Whether quotas by address hold for one: not where nobody knows it, nor for this machine itself."""
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return bool(address) and address != "localhost"


class Held:
    """How much each address holds at the moment."""

    def __init__(self, variable: str, words: str) -> None:
        """Counts up to a bound.

        Args:
            variable: Of ``BOUNDS``.
            words: What one is told who wants more, with ``{most}``.
        """
        self._variable, self._words, self._lock = variable, words, threading.Lock()
        self._held: dict[str, int] = {}

    @contextmanager
    def hold(self, who: str, amount: int = 1) -> Iterator[None]:
        """Holds so much meanwhile.

        Raises:
            TooMuchError: The address has had its share.
        """
        with self._lock:
            now, most = self._held.get(who, 0), bound(self._variable)
            if is_counted(who) and now + amount > most:
                raise TooMuchError(self._words.format(most=f"{most:,}"))
            self._held[who] = now + amount
        try:
            yield
        finally:
            with self._lock:
                self._held[who] -= amount
                if self._held[who] <= 0:
                    del self._held[who]


class Daily:
    """How much each address has taken in the last 24 hours."""

    def __init__(
        self, variable: str, words: str, *, unit: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Counts up to a bound; arguments as of ``Held``.

        Args:
            variable: Of ``BOUNDS``.
            words: What one is told who wants more, with ``{most}``.
            unit: How much one of the variable is.
            clock: Tells the time in seconds.
        """
        self._variable, self._words, self._unit = variable, words, unit
        self._clock, self._lock = clock, threading.Lock()
        self._taken: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()

    def take(self, who: str, amount: int = 1) -> None:
        """Takes so much.

        Raises:
            TooMuchError: The address has had its share of the day.
        """
        now, most = self._clock(), bound(self._variable)
        with self._lock:
            taken = self._taken.setdefault(who, deque())
            self._taken.move_to_end(who)
            while taken and taken[0][0] <= now - DAY:
                taken.popleft()
            if is_counted(who) and sum(amount for _, amount in taken) + amount > most * self._unit:
                raise TooMuchError(self._words.format(most=f"{most:,}"))
            taken.append((now, amount))
            if len(self._taken) > _MOST:
                self._taken.popitem(last=False)


class Place(NamedTuple):
    """A place in a line.

    Attributes:
        number: From 1.
        seconds: Until its turn, by what the last ones took; None where none has ended yet.
    """

    number: int
    seconds: float | None


class Line:
    """A line before places that are held for long: who came first is first."""

    def __init__(self, variable: str, full: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens as many places as a bound says.

        Args:
            variable: Of ``BOUNDS``: how many places.
            full: What one is told where ``QAMRO_LINE_LONG`` wait already.
            clock: Tells the time in seconds.
        """
        self._variable, self._full, self._clock = variable, full, clock
        self._changed = threading.Condition()
        self._waiting: list[object] = []
        self._running: dict[int, float] = {}
        self._took: deque[float] = deque(maxlen=20)

    def join(self, who: object) -> None:
        """Joins the line; ``leave`` must follow, whatever happens.

        Raises:
            TooMuchError: It is too long.
        """
        with self._changed:
            if len(self._waiting) >= bound("QAMRO_LINE_LONG"):
                raise TooMuchError(self._full)
            self._waiting.append(who)

    def wait(self, who: object, seconds: float) -> Place | None:
        """Waits for so long; returns None as soon as the place is held, else where one stands."""
        with self._changed:
            ready = lambda: self._waiting[0] is who and len(self._running) < bound(self._variable)  # noqa: E731
            if not self._changed.wait_for(ready, seconds):
                return self._place(self._waiting.index(who))
            self._waiting.pop(0)
            self._running[id(who)] = self._clock()
            self._changed.notify_all()
            return None

    def leave(self, who: object) -> None:
        """Gives the place back, or stops waiting."""
        with self._changed:
            began = self._running.pop(id(who), None)
            if began is not None:
                self._took.append(self._clock() - began)
            elif who in self._waiting:
                self._waiting.remove(who)
            self._changed.notify_all()

    def _place(self, ahead: int) -> Place:
        if not self._took:
            return Place(ahead + 1, None)
        mean, now = sum(self._took) / len(self._took), self._clock()
        ends = [max(1.0, mean - (now - began)) for began in self._running.values()]
        ends += [0.0] * (bound(self._variable) - len(ends))
        heapq.heapify(ends)
        for _ in range(ahead):
            heapq.heapreplace(ends, ends[0] + mean)
        return Place(ahead + 1, ends[0])


class Turns:
    """Lets so many work at once for a moment each, and the others in turn, address by address.

    Who has had a turn goes behind all who wait. A turn that lasts longer than ``LONG`` lends its place to the next.
    Who asked to be last waits until nobody else does, or for ``PATIENT`` seconds.
    """

    LONG, PATIENT = 1.5, 10.0
    _LENT = 3  # for each place, so many may be lent at once

    def __init__(self, places: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Sets how many may work at once."""
        self._free, self._places, self._clock = places, places, clock
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, OrderedDict[int, deque[Turn]]] = OrderedDict()
        self._last: deque[Turn] = deque()
        self._running: list[Turn] = []
        self._took: deque[float] = deque(maxlen=50)

    def turn(self, who: object, address: str = "", *, last: bool = False) -> Turn:
        """Asks for a turn: a context in which ``wait`` says when it has come.

        Raises:
            TooMuchError: ``QAMRO_LINE`` wait already.
        """
        from qamro.ui.texts import Bounds

        turn = Turn(self, who, address)
        with self._lock:
            if self._free:
                self._free -= 1
                self._begin(turn)
                return turn
            if self._count() >= bound("QAMRO_LINE"):
                raise TooMuchError(Bounds.LINE_FULL)
            if last:
                turn.asked = self._clock()
                self._last.append(turn)
            else:
                self._waiting.setdefault(address, OrderedDict()).setdefault(id(who), deque()).append(turn)
        return turn

    @property
    def waiting(self) -> int:
        """How many wait for a turn."""
        with self._lock:
            return self._count()

    def _count(self) -> int:
        return len(self._last) + sum(len(turns) for visitors in self._waiting.values() for turns in visitors.values())

    def _begin(self, turn: Turn) -> None:
        turn.began, turn.lent = self._clock(), False
        self._running.append(turn)
        turn.gate.set()

    def _next(self) -> None:
        """Lets the next one begin, in whose place somebody has just ended; nobody waits: the place is free."""
        if self._last and (not self._waiting or self._clock() - self._last[0].asked > self.PATIENT):
            self._begin(self._last.popleft())
            return
        if not self._waiting:
            self._free += 1
            return
        address, visitors = self._waiting.popitem(last=False)
        key, turns = visitors.popitem(last=False)
        self._begin(turns.popleft())
        if turns:
            visitors[key] = turns
        if visitors:
            self._waiting[address] = visitors

    def lend(self) -> None:
        """Lets others begin beside those whose turn lasts too long."""
        with self._lock:
            late = [turn for turn in self._running if self._clock() - turn.began > self.LONG and not turn.lent]
            lent = sum(turn.lent for turn in self._running)
            for turn in late[: max(0, self._LENT * self._places - lent)]:
                if self._waiting or self._last:
                    turn.lent = True
                    self._next()

    def end(self, turn: Turn) -> None:
        """Ends a turn, or stops waiting for it."""
        with self._lock:
            if turn in self._running:
                self._running.remove(turn)
                self._took.append(self._clock() - turn.began)
                if not turn.lent:
                    self._next()
                return
            if turn in self._last:
                self._last.remove(turn)
                return
            visitors = self._waiting.get(turn.address, OrderedDict())
            turns = visitors.get(turn.key, deque())
            if turn in turns:
                turns.remove(turn)
            if not turns:
                visitors.pop(turn.key, None)
            if not visitors:
                self._waiting.pop(turn.address, None)

    def place(self, turn: Turn) -> Place:
        """Returns where a turn stands that has not come yet."""
        with self._lock:
            lines = [[each for turns in visitors.values() for each in turns] for visitors in self._waiting.values()]
            if turn in self._last:
                lines.append([turn])
            mean = sum(self._took) / len(self._took) if self._took else None
        number = 0
        for round_ in range(max(map(len, lines), default=0)):
            for line in lines:
                if round_ < len(line):
                    number += 1
                    if line[round_] is turn:
                        return Place(number, None if mean is None else mean * number / self._places)
        return Place(1, mean)


class Turn:
    """A turn that was asked for; leaving its context ends it."""

    def __init__(self, turns: Turns, who: object, address: str) -> None:
        self._turns, self.key, self.address = turns, id(who), address
        self.gate, self.asked, self.began, self.lent = threading.Event(), 0.0, 0.0, False

    def __enter__(self) -> Turn:
        """Returns the turn."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends it."""
        self._turns.end(self)

    def wait(self, seconds: float | None = None) -> bool:
        """Waits, for so long at most; returns whether the turn has come."""
        until = time.monotonic() + (threading.TIMEOUT_MAX if seconds is None else seconds)
        while not self.gate.wait(max(0.0, min(0.5, until - time.monotonic()))):
            self._turns.lend()
            if time.monotonic() >= until:
                return self.gate.is_set()
        return True

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self._turns.place(self)


class Presence:
    """Which pages are open, by what they listen to."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._open: dict[str, int] = {}
        self._left: OrderedDict[str, float] = OrderedDict()

    @contextmanager
    def here(self, session: str) -> Iterator[None]:
        """Counts a page as open meanwhile."""
        with self._lock:
            self._open[session] = self._open.get(session, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]
                    self._left[session] = self._clock()
                    if len(self._left) > _MOST:
                        self._left.popitem(last=False)

    def is_gone(self, session: str | None) -> bool:
        """Whether a page was closed ``QAMRO_GONE_SECONDS`` ago; one never seen counts from the first asking."""
        if not session:
            return False
        with self._lock:
            if session in self._open:
                return False
            return self._clock() - self._left.setdefault(session, self._clock()) > bound("QAMRO_GONE_SECONDS")


PRESENCE = Presence()
"""Of the visitors of this process."""
