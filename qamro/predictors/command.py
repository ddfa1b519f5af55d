"""Scores that another program prints: ``--predictor command:'CMD {path}'``."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import axis_order
from qamro.predictors.base import Predictor, Score
from qamro.predictors.clips import Sound, aligned, clip_names
from qamro.predictors.provenance import Provenance

if TYPE_CHECKING:
    from qamro.audio import Waveform

COMMAND = "command:"
"""How the name of such a predictor begins; the command follows."""

SCORE = "score"
"""The axis of a number that is printed without a name."""

TIMEOUT = 120.0
"""Seconds that the program may take for a clip."""

_AT_ONCE = 2
_PLACES = ("path", "prompt", "system")


class CommandScores(Predictor):
    """Runs a program for each clip and reads what it prints: a number, or JSON with a number for each axis.

    The last line of its output counts: ``3.41``, or ``{"MI": 3.4, "MI_low": 3.0, "MI_high": 3.8, "TA": 4.1}``; also the
    whole output, where it is JSON over several lines. The program is started directly, not by a shell.

    Attributes:
        words: The command, split as a shell would; ``{path}``, ``{prompt}`` and ``{system}`` are filled in.
        timeout: Seconds for a clip.
    """

    batch_size = _AT_ONCE
    sample_rate = None

    def __init__(self, command: str, *, timeout: float = TIMEOUT) -> None:
        """Takes the command; what axes it scores is known once it has answered (see ``prepare``).

        Args:
            command: For example ``"python score.py {path}"``.
            timeout: Seconds for a clip.

        Raises:
            ValueError: The command is empty, its quotes are not closed, or it does not say where the path goes.
        """
        try:
            self.words = shlex.split(command)
        except ValueError as problem:
            raise ValueError(f"the command {command!r} cannot be read: {problem}") from problem
        if not any("{path}" in word for word in self.words[1:]):
            raise ValueError(f"the command {command!r} does not say where the clip goes; write {{path}} there")
        self.name, self.timeout = f"{COMMAND}{command}", timeout
        self.axes, self.provenance = (), {}
        self._known: dict[tuple[str, str, str], dict[str, float] | str] = {}

    def prepare(
        self,
        clips: Sequence[str | Path],
        prompts: Sequence[str | None] | None = None,
        systems: Sequence[str | None] | None = None,
    ) -> None:
        """Runs the program on the first clips until one gets an answer, which tells the axes."""
        if self.axes:
            return
        for given in self._given(clips, prompts, systems):
            answer = self._answer(given)
            if isinstance(answer, dict):
                ends = {f"{axis}_{end}" for axis in answer for end in ("low", "high")}
                self.axes = tuple(axis_order([axis for axis in answer if axis not in ends]))
                break
        self.axes = self.axes or (SCORE,)
        origin = Provenance("unverified", f"command {self.words[0]}", "a program of the user's")
        self.provenance = dict.fromkeys(self.axes, origin)

    def stream(
        self,
        clips: Sequence[str | Path],
        prompts: Sequence[str | None] | None = None,
        systems: Sequence[str | None] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Runs the program for each clip; a clip that gets no number gets a row that says why. See ``Predictor``."""
        self.prepare(clips, prompts, systems)
        given = self._given(clips, prompts, systems)
        names, rest = clip_names([Path(clip) for clip in clips]), iter(given)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = [pool.submit(self._answer, one) for one in islice(rest, _AT_ONCE)]
            for name, (path, prompt, system) in zip(names, given, strict=True):
                answer = jobs.pop(0).result()
                jobs += [pool.submit(self._answer, one) for one in islice(rest, 1)]
                yield {"clip": name, "path": path, "system": system, "prompt": prompt} | self._row_of(answer, path)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Refuses sound that is no file.

        Raises:
            ValueError: Always: the program takes paths.
        """
        raise ValueError("a command scores files, not decoded sound")

    def _given(self, clips: Sequence[str | Path], *texts: Sequence[str | None] | None) -> list[tuple[str, str, str]]:
        prompts, systems = (
            aligned(them, len(clips), what) for them, what in zip(texts, ("prompts", "systems"), strict=True)
        )
        return [(str(clip), prompt, system) for clip, prompt, system in zip(clips, prompts, systems, strict=True)]

    def _answer(self, given: tuple[str, str, str]) -> dict[str, float] | str:
        """What the program says of a clip, or why it says nothing; asked once."""
        if given not in self._known:
            self._known[given] = self._run(given)
        return self._known[given]

    def _run(self, given: tuple[str, str, str]) -> dict[str, float] | str:
        words = [_filled(word, dict(zip(_PLACES, given, strict=True))) for word in self.words]
        if not Path(given[0]).is_file():
            return "there is no such file; check the path"
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that what it started ends with it
            )
        except OSError as problem:
            return f"{self.words[0]} cannot be started ({problem.strerror or problem})"
        try:
            said, complained = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            return f"{self.words[0]} took longer than {self.timeout:g} s and was stopped"
        except BaseException:
            _stop(process)
            raise
        if process.returncode:
            lines = complained.decode("utf-8", "replace").strip().splitlines() or ["it printed no error"]
            return f"{self.words[0]} ended with {process.returncode}: {lines[-1][:300]}"
        return parse_answer(said.decode("utf-8", "replace")) or f"{self.words[0]} printed no number and no JSON"

    def _row_of(self, answer: dict[str, float] | str, path: str) -> dict[str, Any]:
        if isinstance(answer, str):
            return self._row(None, RuntimeError(answer), "")
        scores = {
            axis: Score(answer[axis], answer.get(f"{axis}_low", math.nan), answer.get(f"{axis}_high", math.nan))
            for axis in self.axes
            if axis in answer
        }
        return self._row(Sound(_seconds(path)), scores, "")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()


def _seconds(path: str) -> float:
    from qamro.audio import AudioError, probe

    try:
        return float(probe(path).seconds or math.nan)
    except AudioError:
        return math.nan


def _filled(word: str, values: dict[str, str]) -> str:
    """Fills in what is known of a clip, in one pass: a prompt that says {path} stays a prompt."""
    return re.sub(r"\{(path|prompt|system)\}", lambda match: values[match[1]], word)


def parse_answer(text: str) -> dict[str, float]:
    """Reads what a program printed.

    Args:
        text: Its output; the whole of it as JSON, or else its last line that is not empty.

    Returns:
        Numbers by name, a bare number as ``score``; nothing where there is no finite number.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for candidate in (text, lines[-1] if lines else ""):
        try:
            value = json.loads(candidate)
        except ValueError:
            try:
                value = float(candidate)
            except ValueError:
                continue
        named = value if isinstance(value, dict) else {SCORE: value}
        numbers = {
            str(key): float(number)
            for key, number in named.items()
            if isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        }
        if numbers:
            return numbers
    return {}
