"""How the app bears many visitors: 50 at once bring three clips of 10 s each and have them scored.

Run ``python benchmarks/load.py [VISITORS ...]``, by default 1 and 50. A server is started on this machine with an empty
cache; each visitor is a thread that speaks what the page speaks: upload, the event of the list, the Score button, and
the stream of answers. Told are the times from the first byte of the upload to the last score (median, p95, worst),
clips a second over all, wrong or lost answers, and the server's memory before and after. Visitors and server share the
machine, so that the figures are lower bounds.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import requests  # noqa: E402
from audio_files import tone, write_wav  # noqa: E402

CLIPS, SECONDS = 3, 10


class Page:
    """What a browser does with the Predict tab."""

    def __init__(self, url: str) -> None:
        self.url, self.session, self.http = url, uuid.uuid4().hex[:11], requests.Session()
        self.config = self.http.get(f"{url}/config", timeout=60).json()
        ids = {entry["props"].get("elem_id"): entry["id"] for entry in self.config["components"]}
        self.clips, self.results = ids["clips"], ids["results"]
        self.parts = {entry["id"]: entry for entry in self.config["components"]}

    def event(self, component: int, name: str) -> dict[str, Any]:
        """The event of a component; the first that it triggers."""
        return next(entry for entry in self.config["dependencies"] if [component, name] in map(list, entry["targets"]))

    def call(self, event: dict[str, Any], values: dict[int, Any], data: Any = None) -> dict[int, Any]:
        """Has an event answered; returns the last answer by component."""
        sent = [values.get(one, self.parts[one]["props"].get("value")) for one in event["inputs"]]
        body = {"data": sent, "fn_index": event["id"], "session_hash": self.session, "event_data": data}
        body["trigger_id"] = event["targets"][0][0]
        joined = self.http.post(f"{self.url}/gradio_api/queue/join", json=body, timeout=120)
        joined.raise_for_status()
        own, shown = joined.json()["event_id"], dict[int, Any]()
        stream = f"{self.url}/gradio_api/queue/data?session_hash={self.session}"
        held: list[Any] = [None] * len(event["outputs"])
        with self.http.get(stream, stream=True, timeout=600) as answers:
            for line in answers.iter_lines():
                if not line.startswith(b"data:"):
                    continue
                told = json.loads(line[5:])
                if told.get("event_id") not in (own, None):
                    continue
                output = told.get("output") or {}
                if told["msg"] in ("process_generating", "process_completed") and output.get("data"):
                    for i, value in enumerate(output["data"]):
                        held[i] = _patched(held[i], value) if told["msg"] == "process_generating" else value
                if told["msg"] == "process_completed":
                    if not told.get("success", True):
                        raise RuntimeError(str(output)[:300])
                    return dict(zip(event["outputs"], held, strict=False)) | shown
                if told["msg"] == "close_stream":
                    raise RuntimeError("the stream ended")
        raise RuntimeError("no answer")


def _patched(old: Any, new: Any) -> Any:
    """Answers after the first may be differences: lists of (action, path, value)."""
    if not (isinstance(new, list) and new and all(isinstance(one, list) and len(one) == 3 for one in new)):
        return new
    for action, path, value in new:
        if not path:
            old = value
            continue
        at = old
        for key in path[:-1]:
            at = at[key]
        if action == "delete":
            del at[path[-1]]
        elif action == "append":
            at[path[-1]] += value
        elif isinstance(at, list) and action == "add":
            at.insert(path[-1], value)
        else:
            at[path[-1]] = value
    return old


def visit(url: str, files: list[Path]) -> tuple[float, dict[str, float]]:
    """Returns seconds from upload to score, and each clip's PQ."""
    page = Page(url)
    start = time.perf_counter()
    handles = [("files", (path.name, path.read_bytes())) for path in files]
    there = page.http.post(f"{url}/gradio_api/upload", files=handles, timeout=120).json()
    told = {"files": [{"path": at, "name": path.name} for at, path in zip(there, files, strict=True)]}
    listed = page.call(page.event(page.clips, "upload"), {}, told)[page.clips]
    listed = listed.get("value", listed) if isinstance(listed, dict) else listed
    score = next(
        entry for entry in page.config["dependencies"] if [page.clips, "submit"] in map(list, entry["targets"])
    )
    shown = page.call(score, {page.clips: listed})[page.results]
    shown = shown.get("value", shown) if "rows" not in shown else shown
    seconds = time.perf_counter() - start
    return seconds, {row["name"]: row["cells"].get("PQ", {}).get("value") for row in shown["rows"]}


def clips_of(visitor: int, folder: Path) -> list[Path]:
    rng, files = np.random.default_rng(visitor), []
    for i in range(CLIPS):
        noise = 0.05 * (1 + i) * rng.standard_normal((32_000 * SECONDS, 1)).astype(np.float32)
        files.append(
            write_wav(folder / f"v{visitor}-{i}.wav", noise + tone(SECONDS, 32_000, hz=200 + 9 * visitor), 32_000)
        )
    return files


def load_of(visitors: int) -> None:
    with tempfile.TemporaryDirectory() as own, socket.socket() as free:
        folder = Path(own)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        url = f"http://127.0.0.1:{port}"
        env = os.environ | {
            "QAMRO_CACHE": f"{own}/cache", "GRADIO_TEMP_DIR": f"{own}/up", "GRADIO_SERVER_PORT": str(port),
            "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=env, stdout=subprocess.DEVNULL)
        try:
            for _ in range(600):
                try:
                    if json.load(urllib.request.urlopen(f"{url}/healthz", timeout=2))["ready"]:
                        break
                except OSError:
                    time.sleep(0.2)
            files = [clips_of(i, folder) for i in range(visitors)]
            health = requests.get(f"{url}/healthz", timeout=10).json()
            times: dict[int, float] = {}
            wrong: list[str] = []

            def come(i: int) -> None:
                try:
                    times[i], scores = visit(url, files[i])
                    if set(scores) != {path.name for path in files[i]} or not all(scores.values()):
                        wrong.append(f"{i}: {scores}")
                except Exception as problem:
                    wrong.append(f"{i}: {type(problem).__name__} {problem}"[:300])

            threads = [threading.Thread(target=come, args=(i,)) for i in range(visitors)]
            start = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            whole = time.perf_counter() - start
            after = requests.get(f"{url}/healthz", timeout=10).json()
        finally:
            server.terminate()
            server.wait(30)
        took = sorted(times.values()) or [float("nan")]
        p95 = took[min(len(took) - 1, int(0.95 * len(took)))]
        rate = visitors * CLIPS / whole
        print(
            f"| {visitors} | {statistics.median(took):.2f} | {p95:.2f} | {took[-1]:.2f} | {rate:.1f} "
            f"| {len(wrong)} | {health['memory_bytes'] / 1e6:.0f} to {after['memory_bytes'] / 1e6:.0f} MB |",
            flush=True,
        )
        for told in wrong[:3]:
            print(told)


def main() -> None:
    print(f"{os.cpu_count()} processors, {CLIPS} clips of {SECONDS} s a visitor, seconds from upload to score")
    print("| visitors | median | p95 | worst | clips/s | wrong | memory |\n|--:|--:|--:|--:|--:|--:|---|")
    for visitors in map(int, sys.argv[1:] or ("1", "50")):
        load_of(visitors)


if __name__ == "__main__":
    main()
