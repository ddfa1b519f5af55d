"""How the app bears many visitors at once, held against goals: one command that prints each with yes or no.

    python -m benchmarks.load                    all: 50 alone, the whole mix, 30 minutes of cycles for the memory
    python -m benchmarks.load --minutes 3        the same with shorter cycles
    python -m benchmarks.load --only alone       one part: alone, mix or memory; --visitors 10 for fewer

A server is started on this machine with an empty cache. Each visitor is a thread that speaks what the page speaks:
uploads, events with all that follows them, the stream of answers, the calls of a rater's page. ``alone``: 50 visitors
bring three clips of 10 s each and have them scored. ``mix``: at the same time 10 raters rate, 5 readers go through
Compare's views of a study of 3,060 clips with 122,400 ratings, one visitor trains and one sweeps. ``memory``: visitors
come, score and go; sessions expire a second after they are closed instead of an hour. Scores are held against what the
predictor says without a server. Visitors and server share the processors, so that times are upper bounds; the load of
others before the start is printed, and where it is not near 0 the answers mean little.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import requests  # noqa: E402
from audio_files import tone, write_wav  # noqa: E402
from gradio_client.utils import apply_diff  # noqa: E402

CLIPS, SECONDS = 3, 10
SKIP = {"__type__": "update"}
"""What an answer says of a component that it leaves as it is."""

LARGE, SMALL = "codec_mushra", "lstm_music"
"""Names of the registry under which the readers' and the trainer's study lie in the server's cache."""


class Page:
    """What a browser does with the app: keeps what components show, and follows an event with all that comes after."""

    def __init__(self, url: str) -> None:
        self.url, self.session, self.http = url, uuid.uuid4().hex[:11], requests.Session()
        self.http.headers["Connection"] = "close"  # the server ends connections that were idle for some seconds
        self.config = self.http.get(f"{url}/config", timeout=120).json()
        self.ids = {entry["props"].get("elem_id"): entry["id"] for entry in self.config["components"]}
        self.shown = {entry["id"]: entry["props"].get("value") for entry in self.config["components"]}
        self.seconds: list[float] = []
        self.came: dict[int, float] = {}

    @contextlib.contextmanager
    def open(self) -> Iterator[Page]:
        """Is there meanwhile, as a page is that listens to the server's heartbeat."""
        heart = self.http.get(f"{self.url}/gradio_api/heartbeat/{self.session}", stream=True, timeout=600)
        try:
            yield self
        finally:
            heart.close()
            self.http.close()

    def upload(self, files: list[Path]) -> list[dict[str, str]]:
        """Uploads files as the page does."""
        handles = [("files", (path.name, path.read_bytes())) for path in files]
        there = self.http.post(f"{self.url}/gradio_api/upload", files=handles, timeout=300)
        there.raise_for_status()
        return [{"path": at, "name": path.name} for at, path in zip(there.json(), files, strict=True)]

    def fire(self, elem_id: str, name: str, data: Any = None) -> None:
        """Triggers an event of a component, and all that follows it."""
        start = time.perf_counter()
        self._fire(self.ids[elem_id], name, data)
        self.seconds.append(time.perf_counter() - start)

    def set(self, elem_id: str, value: Any) -> None:
        """Fills in a field."""
        self.shown[self.ids[elem_id]] = value

    def value(self, elem_id: str) -> Any:
        """What a component shows."""
        return self.shown[self.ids[elem_id]]

    def _fire(self, component: int, name: str, data: Any = None) -> None:
        for event in self.config["dependencies"]:
            if [component, name] in map(list, event["targets"]):
                self._run(event, component, data)

    def _run(self, event: dict[str, Any], trigger: int | None = None, data: Any = None) -> None:
        if event["backend_fn"]:
            output = self._answer(event, trigger, data)
            for one, value in zip(event["outputs"], output.get("data") or [], strict=False):
                if isinstance(value, dict) and value.get("__type__") == "update":
                    if "value" in value:
                        self.shown[one] = value["value"]
                else:
                    self.shown[one] = value
            for changed in dict.fromkeys(output.get("changed_state_ids") or ()):
                self._fire(changed, "change")
        for later in self.config["dependencies"]:
            if later.get("trigger_after") == event["id"]:
                self._run(later)

    def _answer(self, event: dict[str, Any], trigger: int | None, data: Any) -> dict[str, Any]:
        body = {"data": [self.shown.get(one) for one in event["inputs"]], "fn_index": event["id"]}
        body |= {"session_hash": self.session, "event_data": data, "trigger_id": trigger}
        if event.get("queue") is False:
            done = self.http.post(f"{self.url}/gradio_api/run/predict", json=body, timeout=300)
            done.raise_for_status()
            return done.json()
        joined = self.http.post(f"{self.url}/gradio_api/queue/join", json=body, timeout=300)
        joined.raise_for_status()
        own, held, kept, changed = joined.json()["event_id"], [], [], []
        stream = f"{self.url}/gradio_api/queue/data?session_hash={self.session}"
        with self.http.get(stream, stream=True, timeout=900) as answers:
            for line in answers.iter_lines():
                told = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if told.get("event_id") not in (own, None) or "msg" not in told:
                    continue
                output = told.get("output") or {}
                changed += output.get("changed_state_ids") or []
                if told["msg"] == "process_generating" and output.get("data"):
                    # the first is whole, the others say what has changed
                    pairs = zip(held, output["data"], strict=True)
                    held = [apply_diff(old, new) for old, new in pairs] if held else output["data"]
                    before, now = kept or [SKIP] * len(held), time.perf_counter()
                    kept = [new if new != SKIP else old for old, new in zip(before, held, strict=True)]
                    known = zip(event["outputs"], before, kept, strict=True)
                    self.came |= {one: now for one, old, new in known if new != old}
                if told["msg"] == "process_completed":
                    if not told.get("success", True):
                        raise RuntimeError(str(output)[:300])
                    return output | {"data": kept or output.get("data"), "changed_state_ids": changed}
                if told["msg"] == "close_stream":
                    raise RuntimeError("the stream ended")
        raise RuntimeError("no answer")

    def call(self, elem_id: str, function: str, data: Any) -> Any:
        """Calls a function of a component, as a rater's page does."""
        body = {"session_hash": self.session, "component_id": self.ids[elem_id], "fn_name": function, "data": data}
        start = time.perf_counter()
        answer = self.http.post(f"{self.url}/gradio_api/component_server", json=body, timeout=120)
        self.seconds.append(time.perf_counter() - start)
        answer.raise_for_status()
        return answer.json()


# What is brought, and what should come of it


@functools.cache
def predictor() -> Any:
    from qamro.predictors import load

    return load("offline", cache=False)


def clips_of(visitor: int, folder: Path) -> list[Path]:
    rng, files = np.random.default_rng(visitor), []
    for i in range(CLIPS):
        noise = 0.05 * (1 + i) * rng.standard_normal((32_000 * SECONDS, 1)).astype(np.float32)
        files.append(
            write_wav(folder / f"v{visitor}-{i}.wav", noise + tone(SECONDS, 32_000, hz=200 + 9 * visitor), 32_000)
        )
    return files


def expected(files: list[Path]) -> dict[str, float]:
    return {row["clip"]: row["PQ"] for row in predictor().stream(files)}


def large_study(folder: Path) -> Path:
    """Writes a study of the size of AudioMOS 2025 track 2, and predictions for it."""
    from qamro.studies import Study

    rng, axes = np.random.default_rng(0), ("PQ", "PC", "CE", "CU")
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(3060)]})
    clips["system"] = [f"s{i % 36}" for i in range(3060)]
    quality = rng.normal(5.5, 1.5, (3060, len(axes))) + rng.normal(0, 1, 36)[np.arange(3060) % 36, None]
    parts = []
    for rater in range(10):
        scores = np.clip(np.round(quality + rng.normal(0, 1, quality.shape)), 1, 10)
        for i, axis in enumerate(axes):
            parts.append(clips[["clip"]].assign(rater=f"r{rater}", axis=axis, score=scores[:, i]))
    Study(name=LARGE, clips=clips, ratings=pd.concat(parts, ignore_index=True), kind="human").save(
        folder / "studies" / LARGE
    )
    told = clips[["clip"]].assign(**{axis: quality[:, i] + rng.normal(0, 1, 3060) for i, axis in enumerate(axes)})
    told.to_csv(folder / "predictions.csv", index=False)
    return folder / "predictions.csv"


def small_study(folder: Path) -> None:
    """Writes a study of 60 clips of 3 s that can be trained on."""
    from qamro.studies import Study

    home, rng, rows, ratings = folder / "studies" / SMALL, np.random.default_rng(1), [], []
    home.mkdir(parents=True)
    for i in range(60):
        loud = 0.02 * (1 + i % 6)
        samples = loud * rng.standard_normal((32_000 * 3, 1)).astype(np.float32) + tone(3, 32_000, hz=200 + 40 * i)
        write_wav(home / f"{i}.wav", samples, 32_000)
        rows.append({"clip": f"c{i}", "path": f"{i}.wav", "system": f"s{i % 6}", "prompt": f"p{i // 6}"})
        score = 5 - 3 * loud / 0.12
        ratings += [(f"c{i}", f"r{rater}", "MI", score + rng.normal(0, 0.3)) for rater in (1, 2)]
    table = pd.DataFrame(ratings, columns=["clip", "rater", "axis", "score"])
    Study(name=SMALL, clips=pd.DataFrame(rows), ratings=table, root=home, kind="human").save(home)


def listening_study(folder: Path, clips: list[Path]) -> str:
    """Sets a listening study up in the store that the server will use."""
    from qamro.studies.listening import Design, known_scale
    from qamro.studies.listening.hub_backup import open_store
    from qamro.studies.listening.sources import Sound

    os.environ["QAMRO_RATINGS_DIR"] = str(folder)
    design = Design("load", seconds=1.0, scales=(known_scale("PQ"), known_scale("CE")), each=0, repeats=0, checks=0)
    return open_store().create(design, [Sound(path.name, path, f"s{i % 3}") for i, path in enumerate(clips)])


# What visitors do


@dataclass
class Told:
    """What visitors of a kind have seen.

    Attributes:
        seconds: How long each took, or each of their requests.
        wrong: What went wrong.
        done: How many came to their end.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: int = 0

    def p95(self) -> float:
        """The 95th percentile of the seconds."""
        took = sorted(self.seconds) or [float("nan")]
        return took[min(len(took) - 1, int(0.95 * len(took)))]


def scores(url: str, files: list[Path], right: dict[str, float]) -> Iterator[float]:
    """Brings clips, which are scored: seconds from the first byte of the upload to the last score."""
    page = Page(url)
    with page.open():
        start = time.perf_counter()
        page.fire("clips", "upload", {"files": page.upload(files)})
        SPANS.append((start, page.came[page.ids["results"]], time.perf_counter()))
        seconds = SPANS[-1][1] - start
        names = {row["id"]: row["name"] for row in page.value("clips")["rows"]}
        rows = page.value("results")["rows"]
        shown = {names[row["id"]]: row["cells"].get("PQ", {}).get("value") for row in rows}
        if shown.keys() != right.keys() or any(abs((shown[name] or 9e9) - right[name]) > 0.01 for name in right):
            raise RuntimeError(f"{shown} instead of {right}")
        yield seconds


def rates(url: str, study: str, until: threading.Event) -> Iterator[float]:
    """Joins a listening study and rates, a clip a second, as long as others are at work."""
    page = Page(url)
    with page.open():
        told = page.call("annotate", "join", {"study": study})
        if "error" in told:
            raise RuntimeError(told["error"])
        rater, state = told["rater"], told["state"]
        while state["task"] and not until.is_set():
            time.sleep(1.2)
            given = {"PQ": 1 + state["done"] % 10, "CE": 5}
            heard = [999.0] * len(state["task"]["clips"])
            sent = {"rater": rater, "task": state["task"]["id"], "scores": given, "heard": heard}
            answer = page.call("annotate", "rate", sent)
            if "error" in answer:
                raise RuntimeError(answer["error"])
            yield page.seconds[-1]
            if answer["state"]["done"] != state["done"] + 1:
                raise RuntimeError("a rating was lost")
            state = answer["state"]


def reads(url: str, predictions: Path, until: threading.Event) -> Iterator[float]:
    """Opens the large study in Compare, brings predictions, and goes through the views."""
    page = Page(url)
    with page.open():
        page.fire("compare-study", "select", {"source": LARGE, "fetch": False})
        page.fire("compare-predictions", "upload", {"files": page.upload([predictions])})
        views = next(entry for entry in page.config["components"] if entry["id"] == page.ids["compare-view"])
        seen = 0
        while not until.is_set() or not seen:
            for _, view in views["props"]["choices"][:4]:
                page.set("compare-view", view)
                page.fire("compare-view", "input")
                yield page.seconds[-1]
            seen += 1
        if not page.value("compare-section"):
            raise RuntimeError("Compare shows nothing")


def trains(url: str) -> Iterator[float]:
    """Trains heads on the small study."""
    page = Page(url)
    with page.open():
        page.fire("train-study", "select", {"source": SMALL, "fetch": False})
        page.set("train-axes", ["MI"])
        page.fire("train-go", "click")
        if "Run 1" not in str(page.value("train-status")):
            raise RuntimeError(f"training: {page.value('train-status')}")
        yield page.seconds[-1]


def sweeps(url: str) -> Iterator[float]:
    """Runs a sweep on the small study."""
    page = Page(url)
    with page.open():
        page.fire("sensitivity-study", "select", {"source": SMALL, "fetch": False})
        page.set("sensitivity-axes", ["MI"])
        page.set("sensitivity-seeds", 1)
        page.fire("sensitivity-run", "click")
        if "fits" not in str(page.value("sensitivity-status")):
            raise RuntimeError(f"sweep: {page.value('sensitivity-status')}")
        yield page.seconds[-1]


def at_once(*kinds: tuple[Told, list[Callable[[], Iterator[float]]]]) -> float:
    """Has visitors of several kinds come at once; returns the seconds until the last of the first kind is done."""
    threads = []

    def come(told: Told, visit: Callable[[], Iterator[float]]) -> None:
        try:
            for seconds in visit():
                told.seconds.append(seconds)
            told.done += 1
        except Exception as problem:
            told.wrong.append(f"{type(problem).__name__} {problem}"[:300])

    start = time.perf_counter()
    for told, visits in kinds:
        group = [threading.Thread(target=come, args=(told, visit)) for visit in visits]
        threads.append(group)
        for thread in group:
            thread.start()
    for thread in threads[0]:
        thread.join()
    seconds = time.perf_counter() - start
    ENDED.set()
    for group in threads[1:]:
        for thread in group:
            thread.join()
    return seconds


SPANS: list[tuple[float, float, float]] = []
"""When each visitor began, had all scores, and saw the curve over time of the first clip, which comes by itself."""

ENDED = threading.Event()
"""Set as soon as those are done whom the others are to accompany."""


# The server


@dataclass
class Server:
    """The app as a process of its own.

    Attributes:
        url: Its address.
        folder: Its cache.
        pid: Its process.
    """

    url: str
    folder: Path
    pid: int = 0

    def processor(self) -> float:
        """Seconds of processor that it and its decoders have taken; 0 where the platform does not tell."""
        took = 0.0
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = entry.read_text("ascii", "replace").rpartition(")")[2].split()
                if self.pid in (int(fields[1]), int(entry.parent.name)):
                    took += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return took

    def memory(self) -> float:
        """Resident megabytes."""
        return requests.get(f"{self.url}/healthz", timeout=60).json()["memory_bytes"] / 1e6


@contextlib.contextmanager
def served(**variables: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as own, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        server = Server(f"http://127.0.0.1:{port}", Path(own) / "cache")
        server.folder.mkdir()
        env = os.environ | {
            "QAMRO_CACHE": str(server.folder), "GRADIO_TEMP_DIR": f"{own}/up", "GRADIO_SERVER_PORT": str(port),
            "QAMRO_RATINGS_DIR": f"{own}/ratings", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
        } | variables  # fmt: skip
        process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=env, stdout=subprocess.DEVNULL)
        server.pid = process.pid
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    if requests.get(f"{server.url}/healthz", timeout=2).status_code == 200:
                        break
                time.sleep(0.2)
            yield server
        finally:
            process.terminate()
            process.wait(30)


# The parts


Goals = list[tuple[str, str, bool]]
"""What was to be reached, what was, and whether that is enough."""


def alone(visitors: int, goals: Goals) -> None:
    """So many visitors who score three clips each."""
    with served() as server, tempfile.TemporaryDirectory() as folder:
        files = [clips_of(i, Path(folder)) for i in range(visitors)]
        rights = [expected(own) for own in files]
        told, before, processor = Told(), server.memory(), server.processor()
        SPANS.clear()
        visits = [functools.partial(scores, server.url, *pair) for pair in zip(files, rights, strict=True)]
        at_once((told, visits))
        starts, scored, drawn = zip(*(SPANS or [(0.0, 1.0, 1.0)]), strict=True)
        first, last, curve = min(starts), max(scored), max(drawn)
        rate = CLIPS * told.done / (last - first)
        took = f"median {statistics.median(told.seconds or [0]):.2f} s, p95 {told.p95():.2f} s, {rate:.1f} clips/s"
        took += f", {CLIPS * told.done / (curve - first):.1f} with the curve of each visitor's first clip"
        each = (server.processor() - processor) / visitors
        print(f"alone: {took}, {each:.2f} s of processor a visitor, memory {before:.0f} to {server.memory():.0f} MB")
    goals.append((f"{visitors} alone: p95 under 8 s", f"{told.p95():.2f} s", told.p95() < 8))
    goals.append((f"{visitors} alone: at least 18 clips/s", f"{rate:.1f}", rate >= 18))
    goals.append((f"{visitors} alone: none lost, wrong or mixed up", _wrong(told), told.done == visitors))


def mix(visitors: int, goals: Goals) -> None:
    """All kinds of visitors at once."""
    ENDED.clear()
    with tempfile.TemporaryDirectory() as folder:
        files = [clips_of(i, Path(folder)) for i in range(visitors)]
        rights = [expected(own) for own in files]
        ratings = Path(folder) / "ratings"
        study = listening_study(ratings, [path for own in files[:10] for path in own])
        with served(QAMRO_RATINGS_DIR=str(ratings)) as server:
            predictions = large_study(server.folder)
            small_study(server.folder)
            kinds = [Told() for _ in range(5)]
            at_once(
                (kinds[0], [functools.partial(scores, server.url, *pair) for pair in zip(files, rights, strict=True)]),
                (kinds[1], [functools.partial(rates, server.url, study, ENDED)] * 10),
                (kinds[2], [functools.partial(reads, server.url, predictions, ENDED)] * 5),
                (kinds[3], [functools.partial(trains, server.url)]),
                (kinds[4], [functools.partial(sweeps, server.url)]),
            )
    for name, told in zip(("scoring", "rating", "reading", "training", "sweeping"), kinds, strict=True):
        print(f"mix, {name}: {len(told.seconds)} times, p95 {told.p95():.2f} s")
    goals.append(("mix: scoring p95 under 12 s", f"{kinds[0].p95():.2f} s", kinds[0].p95() < 12))
    goals.append(("mix: rating p95 under .5 s", f"{kinds[1].p95():.2f} s", kinds[1].p95() < 0.5))
    for name, told, number in zip(
        ("scores", "ratings", "readings", "training", "sweep"), kinds, (visitors, 10, 5, 1, 1), strict=True
    ):
        goals.append((f"mix: none of the {name} lost, wrong or mixed up", _wrong(told), told.done == number))


def memory(minutes: float, goals: Goals) -> None:
    """Visitors who come, score and go."""
    with served(GRADIO_IS_E2E_TEST="1") as server, tempfile.TemporaryDirectory() as folder:
        files = [clips_of(i, Path(folder)) for i in range(8)]
        rights = [expected(own) for own in files]
        visits = [functools.partial(scores, server.url, *pair) for pair in zip(files, rights, strict=True)]
        told, seen = Told(), []
        at_once((told, visits))  # what is loaded for the first visitors stays
        time.sleep(5)
        start, until = server.memory(), time.monotonic() + 60 * minutes
        while time.monotonic() < until:
            at_once((told, visits))
            seen.append(server.memory())
        time.sleep(75)
        end, third = server.memory(), max(1, len(seen) // 3)
    first, last = max(seen[:third]), max(seen[-third:])
    told_how = f"{first:.0f} to {last:.0f} MB over {len(seen)} cycles"
    goals.append((f"memory flat within 10 % over {minutes:g} minutes", told_how, last <= 1.1 * first))
    goals.append(("memory back within 20 % of the start", f"{start:.0f} to {end:.0f} MB", end <= 1.2 * start))
    goals.append(("memory: none lost, wrong or mixed up", _wrong(told), not told.wrong))


def _wrong(told: Told) -> str:
    return f"{len(told.wrong)} of {told.done + len(told.wrong)}" + (f": {told.wrong[0]}" if told.wrong else "")


def main() -> int:
    """Measures, and prints every goal with yes or no; returns how many were missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("alone", "mix", "memory"))
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=30.0, help="of cycles for the memory")
    options = parser.parse_args()
    goals: Goals = []
    print(f"{os.cpu_count()} processors, load before {os.getloadavg()[0]:.1f}, {CLIPS} clips of {SECONDS} s a visitor")
    parts = {
        "alone": lambda: alone(options.visitors, goals),
        "mix": lambda: mix(options.visitors, goals),
        "memory": lambda: memory(options.minutes, goals),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()
    print("\n| goal | measured | reached |\n|---|---|---|")
    for goal, measured, reached in goals:
        print(f"| {goal} | {measured} | {'yes' if reached else 'NO'} |")
    return sum(not reached for _, _, reached in goals)


if __name__ == "__main__":
    sys.exit(main())
