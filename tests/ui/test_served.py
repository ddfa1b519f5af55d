"""What a running server answers to those who do not come through the page: operators, and strangers who try doors."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request

import httpx
import pytest

from .serving import Server

pytestmark = pytest.mark.server


def get(server: Server, path: str, data: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(server.url.rstrip("/") + path, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, dict(problem.headers), problem.read()


def test_health_and_metrics(server: Server) -> None:
    status, headers, body = get(server, "/healthz")
    told = json.loads(body)
    assert (status, told["ready"]) in {(200, True), (503, False)}
    assert told["queue"].keys() == {"waiting", "running"}
    assert headers["cache-control"] == "no-store"
    status, headers, body = get(server, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"# TYPE qamro_ready gauge\nqamro_ready " in body
    assert b'qamro_requests_total{method="GET",status="2xx"}' in body
    assert b"qamro_request_seconds_bucket" in body


@pytest.mark.parametrize("path", ["/", "/config", "/qamro/css/app.css", "/nothing", "/gradio_api/file=/etc/passwd"])
def test_every_answer_has_the_headers(server: Server, path: str) -> None:
    headers = {name.lower(): value for name, value in get(server, path)[1].items()}
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]


def test_browsers_keep_what_never_changes_under_its_name(server: Server) -> None:
    page = get(server, "/")[2].decode()
    script = re.search(r'src="\./(assets/index-[^"]+)"', page)
    assert script
    assert "immutable" in get(server, f"/{script[1]}")[1]["cache-control"]
    assert "immutable" not in str(get(server, "/assets/nothing.js")[1])
    early = re.findall(r'rel="(?:module)?preload"[^>]* href="([^"]+)"', page)
    assert {"qamro/js/clips.js", "qamro/css/app.css"} <= set(early)
    for name in early:
        status, headers, script = get(server, f"/{name}")
        assert (status, headers["cache-control"]) == (200, "no-cache")
        for other in re.findall(rb'^import .* from "\./(\w+\.js)";', script, re.M):
            assert f"qamro/js/{other.decode()}" in early, f"{name} would wait for it"


@pytest.mark.parametrize("packed", ["gzip, deflate, br, zstd", "br", "gzip", "identity"])
def test_what_is_kept_for_all_comes_whole_each_time(server: Server, packed: str) -> None:
    script = re.findall(r'src="\./(assets/index-[^"]+)"', get(server, "/")[2].decode())
    plain = {path: get(server, path)[2] for path in ("/", f"/{script[0]}")}
    for path, body in plain.items():
        for _ in range(3):
            answer = httpx.get(server.url.rstrip("/") + path, headers={"accept-encoding": packed})
            assert answer.content == body, answer.headers  # httpx unpacks


def test_doors_that_are_closed(server: Server) -> None:
    for path, expected in {
        "/openapi.json": {404},
        "/docs": {404},
        "/redoc": {404},
        "/qamro/listen/0123456789abcdef.flac": {404},
        "/qamro/listen/..%2f..%2fetc%2fpasswd": {404},
        "/qamro/../app.py": {404},
        "/gradio_api/file=/etc/passwd": {403, 404},
        "/gradio_api/nothing": {404, 405},
        "/monitoring": {403, 404},
    }.items():
        status, _, body = get(server, path)
        assert status in expected, (path, status)
        assert b"root:" not in body
        assert b"Traceback" not in body
