"""Decodes files of strangers in processes of their own, with a limit on time and memory: ``load`` of a guarded kind.

Decoders are large programs in C that read what anybody may have made. Here they run in a few warm processes that can
take ten seconds of processor and 1.5 GB a file, write no file, and print nothing. One that hangs, crashes or runs out
of memory costs an ``AudioError`` of that file; a new one takes its place. Sound comes back block by block as plain
numbers, so that nothing that such a process says is more than a message, a rate and samples.

``QAMRO_DECODERS`` is the number of processes (by default twice the processors, at least four; each starts when it is
needed); 0 decodes in this process, as ``qamro.audio.load`` does.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from qamro.audio.decode import decoding, probe
from qamro.audio.decode import load as load_here
from qamro.audio.info import AudioError, AudioInfo, Limits, too_large, too_slow
from qamro.audio.waveform import Waveform

WAITING = 3.0
"""A file may take this many times its seconds of processor by the clock: disk or machine may be slow."""

LOOK = 0.5
"""A file that takes about so many seconds of processor is slow: such files have half of the processes at most."""

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")
_HEAD = struct.Struct("<cQ")  # what follows (ready, block, start, end, error), and how many bytes of it
_READY, _BLOCK, _SHARED, _START, _END, _ERROR = b"r", b"b", b"m", b"s", b"e", b"x"
_MEMORY = 2**23
"""Bytes of sound that a process hands over in memory that both see: a minute or so; more comes by the pipe."""

_MOST_WORDS = 2**16
_log = logging.getLogger(__name__)
_PIPE = 2**20
_DEFAULTS = Limits()


def load(
    path: str | os.PathLike[str],
    sample_rate: int | None = None,
    *,
    limits: Limits = _DEFAULTS,
    allow_silence: bool = False,
) -> Waveform:
    """Decodes a sound file in another process; arguments, result and errors as of ``qamro.audio.load``.

    Raises:
        AudioError: As ``qamro.audio.load``; also where decoding takes too long or too much memory, or breaks down.
        ValueError: ``sample_rate`` is not positive.
    """
    if sample_rate is not None and sample_rate <= 0:
        raise ValueError(f"a sample rate is positive, not {sample_rate}")
    pool = _pool()
    if pool is None:
        return load_here(path, sample_rate, limits=limits, allow_silence=allow_silence)
    wish = {"verb": "load", "sample_rate": sample_rate, "allow_silence": allow_silence}
    try:
        return pool.ask(path, wish, limits)
    except _CannotStartError as problem:
        _warn(str(problem))
        return load_here(path, sample_rate, limits=limits, allow_silence=allow_silence)


def guarded_probe(path: str | os.PathLike[str], limits: Limits = _DEFAULTS) -> AudioInfo:
    """Reads a file's header in another process; see ``qamro.audio.probe``."""
    pool = _pool()
    if pool is None:
        return probe(path, limits)
    try:
        return pool.ask(path, {"verb": "probe"}, limits)
    except _CannotStartError as problem:
        _warn(str(problem))
        return probe(path, limits)


@cache
def _warn(problem: str) -> None:
    """Says once that files are decoded here after all."""
    _log.warning("files are decoded in this process, without limits on memory: %s", problem)


class Decoders:
    """Decoder processes, started when needed and kept warm; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        """Starts nothing yet.

        Args:
            most: How many may run at once.
        """
        self._places, self._slow = threading.Semaphore(most), threading.Semaphore(max(1, most // 2))
        self._idle: list[_Process] = []
        self._lock = threading.Lock()

    def ask(self, path: str | os.PathLike[str], wish: dict[str, Any], limits: Limits) -> Any:
        """Has a process do something with a file.

        One that has worked before and breaks down may owe it to other files: a fresh one tries again. A slow file
        that finds half of the processes busy with others begins anew when one of them has ended.
        """
        pace = _Pace(self._slow)
        try:
            while True:
                try:
                    with self._places:
                        return self._ask(path, wish, limits, pace)
                except _TryAgain:
                    if pace.is_put_off:
                        pace.wait()
        finally:
            pace.release()

    def _ask(self, path: str | os.PathLike[str], wish: dict[str, Any], limits: Limits, pace: _Pace) -> Any:
        process = self._take()
        try:
            result = process.ask(path, wish, limits, pace)
        except _BrokeDown as problem:
            process.close()
            if not pace.is_put_off and (problem.is_final or process.asked <= 1):
                raise problem.error from None
            raise _TryAgain from None
        except BaseException as problem:
            if isinstance(problem, AudioError) and not pace.is_slow:
                self._give_back(process)
            else:
                process.close()
            raise
        if pace.is_slow:  # its priority is low for good
            process.close()
        else:
            self._give_back(process)
        return result

    def close(self) -> None:
        """Ends those that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _take(self) -> _Process:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Process()

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._idle.append(process)


class _BrokeDown(Exception):  # noqa: N818
    """A process is of no use any more; ``error`` says what became of the file."""

    def __init__(self, error: AudioError, *, is_final: bool) -> None:
        super().__init__(str(error))
        self.error, self.is_final = error, is_final


class _TryAgain(Exception):  # noqa: N818
    """Another process is to try."""


class _Pace:
    """Watches how long a file takes; a slow one needs a permit, and gives way to other work."""

    def __init__(self, permits: threading.Semaphore) -> None:
        self._permits, self._lock = permits, threading.Lock()
        self.is_slow = self.is_put_off = False

    def watch(self, process: _Process, limits: Limits) -> Callable[[], bool]:
        """Watches a process, and ends it where it takes too long. Returns what ends the watch: was it too long?"""
        pid, kill = process.pid, process.kill
        began, over, late, used = time.monotonic(), False, False, None

        def look() -> None:
            nonlocal late, used
            with self._lock:
                if over or late:
                    return
                if time.monotonic() - began >= limits.work * WAITING:
                    late = True
                    kill()
                    return
                if not process.is_well:  # its start is not the file's fault
                    return
                now = _processor_seconds(pid)
                used = now if used is None else used
                if not self.is_slow and not self.is_put_off and now - used >= LOOK:
                    self.is_slow = self._permits.acquire(blocking=False)
                    self.is_put_off = not self.is_slow
                    if self.is_put_off:
                        kill()
                if self.is_slow:
                    with contextlib.suppress(OSError, AttributeError):
                        os.setpriority(os.PRIO_PROCESS, pid, 10)

        def end() -> bool:
            nonlocal over
            with self._lock:
                over = True
            _WATCHER.remove(look)
            return late

        _WATCHER.add(look)
        return end

    def wait(self) -> None:
        """Waits for a permit."""
        self._permits.acquire()
        self.is_slow, self.is_put_off = True, False

    def release(self) -> None:
        """Gives the permit back."""
        if self.is_slow:
            self._permits.release()


class _Watcher:
    """One thread that looks at all files that are being decoded, every ``LOOK`` seconds; a timer a file costs more."""

    def __init__(self) -> None:
        self._lock, self._looks = threading.Lock(), set[Callable[[], None]]()
        self._thread: threading.Thread | None = None

    def add(self, look: Callable[[], None]) -> None:
        """Calls a function from now on."""
        with self._lock:
            self._looks.add(look)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="decoders", daemon=True)
                self._thread.start()

    def remove(self, look: Callable[[], None]) -> None:
        """Calls it no more."""
        with self._lock:
            self._looks.discard(look)

    def _run(self) -> None:
        while True:
            time.sleep(LOOK)
            with self._lock:
                looks = list(self._looks)
            for look in looks:
                look()


_WATCHER = _Watcher()


def _processor_seconds(pid: int) -> float:
    """Seconds of processor that another process has taken so far; 0 where the platform does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class _CannotStartError(OSError):
    """This machine lets no decoder process run."""


class _Process:
    """One decoder process."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_well = False  # whether it has started
        self._memory, descriptor = _shared_memory()
        code = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from qamro.audio.guarded import work; work()"
        root = str(Path(__file__).resolve().parents[2])
        paths = json.dumps([root, *(folder for folder in sys.path if folder and folder != root)])
        # No token that this process knows; one thread, since several decoders run at once.
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        env |= {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**27)}  # keep freed memory
        # A session of its own: Ctrl-C is for the one who asked. -S leaves out site, which takes a third of the start.
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-c", code, paths, str(descriptor)],
                pass_fds=() if descriptor < 0 else (descriptor,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=env,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as problem:
            raise _CannotStartError(str(problem)) from problem
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        with contextlib.suppress(ImportError, AttributeError, OSError):
            import fcntl

            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)  # type: ignore[arg-type]

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def kill(self) -> None:
        """Ends it at once; whoever waits for it is told."""
        self._process.kill()

    def ask(self, path: str | os.PathLike[str], wish: dict[str, Any], limits: Limits, pace: _Pace) -> Any:
        """Sends a wish and reads what comes back.

        Raises:
            AudioError: The file is at fault, and the process is well.
            _BrokeDown: The process is of no use any more.
        """
        self.asked += 1
        name = os.fspath(path)
        where = os.path.abspath(name) if name else name
        end = pace.watch(self, limits)
        try:
            line = json.dumps(wish | {"path": where, "limits": asdict(limits)}) + "\n"
            self._process.stdin.write(line.encode("ascii"))  # type: ignore[union-attr]
            if not self.is_well:
                self.is_well = self._head()[0] == _READY
            return self._answer(path, wish, limits)
        except (EOFError, BrokenPipeError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            code = self._process.poll()
            slow = end() or (hasattr(signal, "SIGPROF") and code == -signal.SIGPROF)
            if not self.is_well and not slow and not pace.is_put_off:
                raise _CannotStartError(f"a decoder process ended with code {code} as it started") from None
            error = too_slow(path, limits) if slow else _ended(path, code)
            raise _BrokeDown(error, is_final=slow) from None
        finally:
            end()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        if self._memory is not None:
            with contextlib.suppress(BufferError):
                self._memory.close()

    def _answer(self, path: str | os.PathLike[str], wish: dict[str, Any], limits: Limits) -> Any:
        kind, size = self._head()
        if kind == _ERROR:
            self._raise(path, size)
        start = self._words(size)
        if wish["verb"] == "probe":
            return AudioInfo(Path(path), **start)
        samples = self._samples(path, limits, start)
        return Waveform(samples, int(start["rate"]))

    def _samples(self, path: str | os.PathLike[str], limits: Limits, start: dict[str, Any]) -> np.ndarray:
        """Reads blocks straight to where they stay."""
        samples, done = np.empty(min(int(start["expected"]), limits.samples) + 16, dtype="<f4"), 0
        while True:
            kind, size = self._head()
            if kind == _ERROR:
                self._raise(path, size)
            if kind == _END:
                self._words(size)
                return samples[:done] if done * 2 > samples.size else samples[:done].copy()
            more = done + size // 4
            if more > limits.samples:
                info = AudioInfo(Path(path), "", "", int(start["rate"]), 1, float("nan"), 0)
                raise _BrokeDown(too_large(info, limits, more), is_final=True)
            if more > samples.size:
                larger = np.empty(max(more, samples.size * 3 // 2), dtype="<f4")
                larger[:done] = samples[:done]
                samples = larger
            if kind == _SHARED:
                if self._memory is None or size > len(self._memory):
                    raise EOFError
                samples[done:more] = np.frombuffer(self._memory, dtype="<f4", count=more - done)
            else:
                self._fill(samples[done:more].data.cast("B"))
            done = more

    def _raise(self, path: str | os.PathLike[str], size: int) -> None:
        said = self._words(size)
        error = AudioError(path, str(said["problem"]), str(said["remedy"]))
        if said["broken"]:
            raise _BrokeDown(error, is_final=False)
        raise error

    def _head(self) -> tuple[bytes, int]:
        head = bytearray(_HEAD.size)
        self._fill(memoryview(head))
        return _HEAD.unpack(head)

    def _words(self, size: int) -> dict[str, Any]:
        if size > _MOST_WORDS:
            raise EOFError
        words = bytearray(size)
        self._fill(memoryview(words))
        return json.loads(words)

    def _fill(self, buffer: memoryview) -> None:
        out: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        while len(buffer):
            read = out.readinto(buffer)  # type: ignore[attr-defined]
            if not read:
                raise EOFError
            buffer = buffer[read:]


def _shared_memory() -> tuple[mmap.mmap | None, int]:
    """Returns memory that a process can be given, and its descriptor; None and -1 where the platform has none.

    Its size is sealed: whoever decodes cannot take away what we read.
    """
    try:
        import fcntl

        descriptor = os.memfd_create("qamro-decoder", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (ImportError, AttributeError, OSError):
        return None, -1
    try:
        os.ftruncate(descriptor, _MEMORY)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        return mmap.mmap(descriptor, _MEMORY), descriptor
    except (AttributeError, OSError, ValueError):
        os.close(descriptor)
        return None, -1


def _ended(path: str | os.PathLike[str], code: int | None) -> AudioError:
    how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
    return AudioError(path, f"breaks its decoder down ({how})", "it is damaged: export or download it again")


_pools: dict[tuple[int, int], Decoders] = {}
_starting = threading.Lock()


def _pool() -> Decoders | None:
    """This process's decoders; a fork must not share its parent's pipes."""
    told = os.environ.get("QAMRO_DECODERS", "")
    most = int(told) if told.isdecimal() else max(4, 2 * (os.cpu_count() or 1))
    if most < 1 or not sys.executable:
        return None
    key = os.getpid(), most
    with _starting:
        if key not in _pools:
            _pools[key] = Decoders(most)
            atexit.register(_pools[key].close)
        return _pools[key]


# ------------------------------------------------------------------------------------------- in the other process


def work() -> None:
    """Answers wishes from standard input until it ends."""
    wishes, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    memory = mmap.mmap(int(sys.argv[2]), _MEMORY) if int(sys.argv[2]) >= 0 else None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what a decoder prints is no answer
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_CORE", 0)
    _write(answers, _HEAD.pack(_READY, 0))
    for line in wishes:
        wish = json.loads(line)
        limits = Limits(**wish["limits"] | {"sample_rate": tuple(wish["limits"]["sample_rate"])})
        _limit("RLIMIT_AS", limits.memory)
        _allow(limits.work)
        try:
            _fulfil(wish, limits, answers, memory)
        except BrokenPipeError:
            return
        except Exception as problem:
            _send(answers, _ERROR, _in_words(problem, limits))
        finally:
            _allow(0)


def _fulfil(wish: dict[str, Any], limits: Limits, answers: IO[bytes], memory: mmap.mmap | None) -> None:
    if wish["verb"] == "probe":
        info = asdict(probe(wish["path"], limits))
        info.pop("path")
        _send(answers, _START, info)
        return
    silence = wish["allow_silence"]
    with decoding(wish["path"], wish["sample_rate"], limits=limits, allow_silence=silence) as (rate, expected, blocks):
        _send(answers, _START, {"rate": rate, "expected": expected})
        shared, held, fits = np.frombuffer(memory or b"", dtype="<f4"), 0, True
        for block in blocks:
            fits = fits and held + block.size <= shared.size
            if fits:
                shared[held : held + block.size] = block
                held += block.size
                continue
            if held:
                _write(answers, _HEAD.pack(_SHARED, held * 4))
                held = 0
            if block.size:
                _write(answers, _HEAD.pack(_BLOCK, block.size * 4))
                _write(answers, np.ascontiguousarray(block, dtype="<f4").data.cast("B"))
    if held:
        _write(answers, _HEAD.pack(_SHARED, held * 4))
    _send(answers, _END, {})


def _in_words(problem: Exception, limits: Limits) -> dict[str, Any]:
    if isinstance(problem, AudioError):
        return {"problem": problem.problem, "remedy": problem.remedy, "broken": False}
    if isinstance(problem, MemoryError):
        what = f"takes more than {limits.memory / 1e9:.2g} GB to decode"
        return {"problem": what, "remedy": "cut it, or export it again", "broken": True}
    what = f"cannot be decoded ({type(problem).__name__}: {problem})"[:1000]
    return {"problem": what, "remedy": "export or download it again", "broken": True}


def _send(answers: IO[bytes], kind: bytes, words: dict[str, Any]) -> None:
    body = json.dumps(words).encode("ascii")
    _write(answers, _HEAD.pack(kind, len(body)) + body)


def _write(answers: IO[bytes], data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[answers.write(rest) :]


def _limit(what: str, most: int) -> None:
    """Limits what this process may use, where the platform knows such a limit."""
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, what)
        resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _allow(seconds: float) -> None:
    """Has the kernel end this process after so many seconds of processor, also within C code; 0 allows all."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        signal.setitimer(signal.ITIMER_PROF, seconds)
