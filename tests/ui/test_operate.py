"""Health, metrics, headers and the end of the server, without a server; test_operate_served.py has a real one."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from qamro.ui import middleware, monitoring, operate
from qamro.ui.middleware import Around, route_of, security_headers
from qamro.ui.monitoring import Metrics, health, metrics_text
from qamro.ui.operate import JsonLines

SAMPLE = re.compile(r'^[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+-]+$')


def queue_with(waiting: int, running: int) -> SimpleNamespace:
    lanes = {"a": SimpleNamespace(queue=[1] * waiting)}
    return SimpleNamespace(
        _queue=SimpleNamespace(event_queue_per_concurrency_id=lanes, active_jobs=[None, [1] * running])
    )


def test_metrics_are_in_prometheus_form() -> None:
    own = Metrics()
    own.count("clips_total", outcome='a "quoted"\nkind')
    own.count("clips_total", 2, outcome="scored")
    for seconds in (0.01, 0.3, 100.0):
        own.took("seconds", seconds)
    lines = own.lines()
    assert 'clips_total{outcome="scored"} 2' in lines
    assert 'seconds_bucket{le="0.05"} 1' in lines
    assert 'seconds_bucket{le="0.5"} 2' in lines
    assert 'seconds_bucket{le="60.0"} 2' in lines
    assert 'seconds_bucket{le="+Inf"} 3' in lines
    assert lines[-2:] == ["seconds_count 3", "seconds_sum 100.31"]
    text = metrics_text(queue_with(3, 2))
    assert "qamro_queue_waiting 3" in text
    assert "qamro_queue_running 2" in text
    types = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    assert len(types) == len(set(types))
    for line in [*lines, *text.splitlines()]:
        assert line.startswith("# TYPE ") or SAMPLE.match(line.replace('\\"', "")), line


def test_rows_are_counted_by_what_kept_them_from_a_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "metrics", Metrics())
    for error in (
        "",
        "",
        "x: takes more than 10 s to decode; y",
        "is cut off or damaged: z",
        "no such file",
        "too large",
    ):
        monitoring.count_row({"error": error, "seconds": 2.5})
    text = "\n".join(monitoring.metrics.lines())
    for outcome, n in {"scored": 2, "slow": 1, "damaged": 1, "unreadable": 1, "large": 1}.items():
        assert f'qamro_clips_total{{outcome="{outcome}"}} {n}' in text
    assert "qamro_sound_seconds_total 5" in text


def test_health_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qamro.ui.choices._loaded", {"offline": object(), "saved:somebody/own": object()})
    told = health(queue_with(0, 0))
    assert (told["ready"], told["problems"], told["predictors"]) == (True, [], ["offline"])
    assert told["memory_bytes"] > 10_000_000
    monkeypatch.setattr(monitoring, "LOW_DISK", 2**62)
    monkeypatch.setattr("qamro.ui.choices._loaded", {})
    monitoring.draining.set()
    try:
        told = health()
    finally:
        monitoring.draining.clear()
    assert told["problems"] == [
        "the server is ending",
        *(["the first predictor is being loaded"] if time.time() - monitoring._STARTED < 60 else []),
        "the disk is nearly full",
    ]
    assert not told["ready"]


def answer_of(path: str, headers: dict[str, str] | None = None, own: list[tuple[bytes, bytes]] | None = None):
    sent: list[dict] = []

    async def inner(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": own or []})
        await send({"type": "http.response.body", "body": middleware.request_id.get().encode()})

    async def send(message) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": given}
    asyncio.run(Around(inner)(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_every_answer_has_an_id_and_headers_once() -> None:
    status, headers, body = answer_of("/x", own=[(b"X-Content-Type-Options", b"none"), (b"content-type", b"a/b")])
    assert (status, headers[b"content-type"], headers[b"x-content-type-options"]) == (200, b"a/b", b"nosniff")
    assert re.fullmatch(rb"[0-9a-f]{16}", body)
    assert headers[b"x-request-id"] == body
    assert answer_of("/x", {"x-request-id": "trace-1"})[2] == b"trace-1"
    for hostile in ("a\nb", "x" * 65, "<script>", ""):
        assert re.fullmatch(rb"[0-9a-f]{16}", answer_of("/x", {"x-request-id": hostile})[2])


def test_uploads_of_an_address_are_bounded_and_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_UPLOAD_MB_ADDRESS", "3")
    monkeypatch.setenv("QAMRO_PROXY", "1")

    def upload(size: str, who: str = "6.6.6.6") -> tuple[int, str]:
        headers = {"x-forwarded-for": who} | ({"content-length": size} if size else {})
        status, _, body = answer_of("/gradio_api/upload", headers)
        return status, json.loads(body)["detail"] if status != 200 else ""

    assert upload("")[0] == upload("-1")[0] == 411
    assert [upload("1000000")[0] for _ in range(3)] == [200] * 3
    assert upload("1") == (429, "This server takes 3 MB a day from your network, and has them. Try again tomorrow.")
    assert upload("1", "7.7.7.7")[0] == upload("9000000", "127.0.0.1")[0] == 200
    monkeypatch.setattr(monitoring, "LOW_DISK", 2**62)
    assert upload("1", "8.8.8.8") == (507, "The disk of this server is full. Tell whoever runs it.")


def test_events_of_an_address_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAMRO_QUEUE_ADDRESS", "2")
    asked = SimpleNamespace(client=SimpleNamespace(host="6.6.6.6"), headers={})
    queue = {"a": SimpleNamespace(queue=[SimpleNamespace(request=asked)] * 2)}
    around = Around(None, SimpleNamespace(_queue=SimpleNamespace(event_queue_per_concurrency_id=queue)))
    for path in ("/gradio_api/queue/join", "/gradio_api/call/score"):
        scope = {"method": "POST", "path": path}
        assert around._refusal(scope, {}, "6.6.6.6")[0] == 429
        assert around._refusal(scope, {}, "7.7.7.7") == (0, "")
    assert around._refusal({"method": "GET", "path": "/gradio_api/call/score/1"}, {}, "6.6.6.6") == (0, "")


def test_a_page_that_listens_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, query in (("/gradio_api/heartbeat/abc", b""), ("/gradio_api/queue/data", b"x=1&session_hash=abc")):
        assert middleware._listener({"path": path, "query_string": query}) == "abc"
    assert middleware._listener({"path": "/gradio_api/queue/join", "query_string": b"session_hash=abc"}) == ""


def test_sessions_of_those_who_left_are_forgotten() -> None:
    def session(closed: bool, states: dict[int, str]) -> SimpleNamespace:
        return SimpleNamespace(is_closed=closed, state_data=states, STATE_TTL_WHEN_CLOSED=3600)

    now = datetime.now()
    sessions = {
        "here": session(False, {1: "x"}), "left": session(True, {}), "may come back": session(True, {1: "x"}),
        "program": session(False, {}), "old program": session(False, {1: "x"}),
        "program that left": session(True, {1: "never returned"}),
    }  # fmt: skip
    used = dict.fromkeys(sessions, now) | {"old program": now - timedelta(days=1, seconds=5)}
    used["program that left"] = now - timedelta(seconds=3605)
    closed: list[str] = []
    holder = SimpleNamespace(session_data=sessions, time_last_used=used, delete_state=closed.append)
    assert operate.forget_sessions(SimpleNamespace(state_holder=holder)) == 3
    assert list(sessions) == list(used) == ["here", "may come back", "program"]
    assert closed == ["left", "old program", "program that left"]


def test_the_page_is_made_once_for_an_address_and_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    async def page(scope, receive, send) -> None:
        made.append(scope["path"])
        body = f"{scope['path']} at {dict(scope['headers']).get(b'host')}".encode() * 100
        start = {"type": "http.response.start", "status": 404 if b"gone" in body else 200, "headers": []}
        await send(start | {"headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    client = TestClient(Around(page))
    first = client.get("/", headers={"host": "a.b"})
    again = client.get("/?tab=train", headers={"host": "a.b"})
    assert first.headers["content-encoding"] == "gzip"
    assert int(first.headers["content-length"]) < len(first.content) / 2
    assert again.content == first.content
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert made == ["/"]
    other = client.get("/", headers={"host": "evil"})
    assert other.content != first.content
    assert client.get("/", headers={"host": "a.b", "x-forwarded-host": "evil"}).content == first.content
    plain = client.get("/", headers={"host": "a.b", "accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    assert len(made) == 4
    for query in ("?page=x", "?deep_link=", "?tab=a&page="):
        client.get(f"/{query}", headers={"host": "a.b"})
    client.get("/other", headers={"host": "a.b"})
    client.post("/config", headers={"host": "a.b"})
    assert len(made) == 9
    for _ in range(2):
        client.get("/config", headers={"host": "gone"})
    assert len(made) == 11, "an error is not kept"
    for host in ("a.b", "b.b", "a.b"):
        client.get("/assets/one.js", headers={"host": host})
    assert len(made) == 12, "a script is the same wherever it is seen"
    client.get("/assets/one.js", headers={"range": "bytes=0-9"})
    assert len(made) == 13
    monkeypatch.setattr(middleware._Kept, "_MOST", 1000)
    for i in range(30):
        client.get("/", headers={"host": str(i)})
    client.get("/", headers={"host": "a.b"})
    assert len(made) == 44, "the oldest went"


def test_frames_are_for_spaces_only() -> None:
    at_home, space = security_headers(space=False), security_headers(space=True)
    assert "frame-ancestors 'self'" in at_home["content-security-policy"]
    assert "huggingface.co" not in at_home["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in space["content-security-policy"]
    assert "x-frame-options" not in space
    assert "http:" not in at_home["content-security-policy"] + space["content-security-policy"]


def test_what_a_killed_server_left_is_swept_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "up"))
    entries = ["tmp/qamro-old/a/b.wav", "tmp/qamro-new/a.wav", "tmp/other/a.wav", "up/0a/x.wav", "up/session-1/y.csv"]
    for entry in entries:
        (tmp_path / entry).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / entry).write_text("x")
    outside = tmp_path / "outside.txt"
    outside.write_text("stays")
    (tmp_path / "up" / "link").symlink_to(outside)
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        os.utime(path, (0, 0), follow_symlinks=False)
    (tmp_path / "tmp/qamro-new/a.wav").touch()
    (tmp_path / "up/session-1/y.csv").touch()
    assert operate.sweep(3600) == 3
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "outside.txt", "tmp/other/a.wav", "tmp/qamro-new/a.wav", "up/session-1/y.csv"
    ]  # fmt: skip
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    assert operate.sweep(-1) == 1
    assert (tmp_path / "up/session-1/y.csv").exists()


def test_logs_are_lines_of_json_without_names_of_files() -> None:
    assert route_of("/gradio_api/file=/tmp/gradio/ab/my secret song.wav") == "/gradio_api/file=…"
    assert route_of("/qamro/listen/0123.flac") == "/qamro/listen/…"
    assert route_of("/qamro/shared/s3cret") == "/qamro/shared/…"
    record = logging.makeLogRecord({"name": "qamro", "levelname": "INFO", "msg": "two\nlines", "route": "/", "ms": 3})
    token = middleware.request_id.set("r1")
    line = JsonLines().format(record)
    middleware.request_id.reset(token)
    assert "\n" not in line
    assert json.loads(line).items() >= {"message": "two\nlines", "request_id": "r1", "route": "/", "ms": 3}.items()


def test_at_the_end_nothing_new_begins_and_what_goes_on_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate.threading, "Timer", lambda *a: SimpleNamespace(start=lambda: None))
    running = queue_with(0, 1)
    closed: list[float] = []
    running.close = lambda verbose: closed.append(time.monotonic())
    start = time.monotonic()
    threading.Thread(target=lambda: (time.sleep(0.4), running._queue.active_jobs.clear())).start()
    try:
        operate.drain(running, 20)
        assert 0.3 < closed[0] - start < 5
        status, headers, body = answer_of("/gradio_api/queue/join")
        assert (status, json.loads(body)["detail"][:29]) == (503, "The server is being restarted")
        assert headers[b"retry-after"] == b"60"
        assert answer_of("/gradio_api/upload", {"content-length": "3"})[0] == 200
        stuck = queue_with(1, 1)
        stuck.close = running.close
        start = time.monotonic()
        operate.drain(stuck, 2.5)
        assert 0.4 < closed[1] - start < 2
    finally:
        monitoring.draining.clear()


def test_tries_are_counted_by_address_and_waits_double() -> None:
    now = [0.0]
    tries = middleware.Tries(5, clock=lambda: now[0])

    def barred(who: str = "a") -> float:
        try:
            tries.check(who)
        except middleware.TooManyTriesError as problem:
            return float(re.search(r"(\d+) s", str(problem))[1])
        return 0.0

    waits = []
    for _ in range(3):
        for _ in range(5):
            tries.count("a")
            assert barred() == 0
        tries.count("a")
        waits.append(barred())
        now[0] += waits[-1] + 1
        assert barred() == 0
    assert waits == [60, 120, 240]
    assert barred("b") == 0
    for _ in range(50):  # slowly
        tries.count("b")
        now[0] += 13
    assert barred("b") == 0
    now[0] += 7200
    for _ in range(6):
        tries.count("a")
    assert barred() == 60
    for i in range(20_000):
        tries.count(str(i))
        tries.count("")
    assert len(tries._tries) <= 10_000
    assert barred("") == 0


def test_a_proxy_is_believed_where_there_is_one_and_only_its_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SPACE_ID", "QAMRO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    request = SimpleNamespace(client=SimpleNamespace(host="10.0.0.1"), headers={"x-forwarded-for": "6.6.6.6, 1.2.3.4"})
    assert middleware.client_of(request) == "10.0.0.1"
    for variable, value in (("SPACE_ID", "a/b"), ("QAMRO_PROXY", "1")):
        with monkeypatch.context() as own:
            own.setenv(variable, value)
            assert middleware.client_of(request) == "1.2.3.4"
            assert middleware.client_of(SimpleNamespace(client=request.client, headers={})) == "10.0.0.1"
    assert middleware.client_of(SimpleNamespace(client=None, headers={})) == ""


def test_sigterm_ends_the_process_in_order(tmp_path: Path) -> None:
    code = """
import threading, time
from types import SimpleNamespace as Of
from qamro.ui import monitoring, operate
job = [1]
queue = Of(event_queue_per_concurrency_id={}, active_jobs=[job])
app = Of(_queue=queue, is_running=True, close=lambda verbose: print("closed", monitoring.draining.is_set(), len(job)))
def end():
    monitoring.draining.wait()
    time.sleep(0.3)
    job.clear()
threading.Thread(target=end, daemon=True).start()
print("up", flush=True)
operate.serve_until_told(app)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    time.sleep(0.2)
    process.terminate()
    assert process.communicate(timeout=20)[0] == "closed True 0\n"
    assert process.returncode == 0
