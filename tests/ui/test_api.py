"""The endpoints for programs and the tools for agents, called as users call them: gradio_client, HTTP, curl, MCP."""

from __future__ import annotations

import ast
import asyncio
import base64
import json
import math
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from qamro import __version__
from qamro.report.verdict import SIMULATED, verdicts
from qamro.ui import monitoring

from .serving import Server

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"/score", "/windows", "/compare", "/evaluate", "/plan", "/rank", "/predictors", "/studies", "/health"}
META = {"_type": "gradio.FileData"}


@pytest.fixture(scope="module")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from gradio_client import Client

    return Client(server.url, download_files=tmp_path_factory.mktemp("downloads"), verbose=False)


@pytest.fixture(autouse=True)
def _nothing_in_the_log(server: Server) -> Any:
    """What a caller does wrong is told to the caller: the server's log has no trace of it."""
    server.troubles()
    yield
    assert server.troubles() == ""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings of 8 systems by named raters, two predictors of which one is noise, and votes between three systems."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    clips = [(f"s{s}-c{c}.wav", f"s{s}", 2 + 0.3 * s + 0.3 * rng.standard_normal()) for s in range(8) for c in range(6)]
    rated = [
        f"{clip},{system},r{r},MI,{np.clip(round(quality + 0.5 * rng.standard_normal()), 1, 5)}"
        for clip, system, quality in clips
        for r in range(4)
    ]
    (folder / "ratings.csv").write_text("\n".join(["clip,system,rater,axis,score", *rated]))
    for name, noise in (("good", 0.1), ("noise", 5.0)):
        rows = [f"{clip},{quality + noise * rng.standard_normal():.4f}" for clip, _, quality in clips]
        (folder / f"{name}.csv").write_text("\n".join(["clip,MI", *rows]))
    votes = [f"s{a},s{b},{'A' if rng.random() < 1 / (1 + math.exp(b - a)) else 'B'}" for a, b in pairs(rng)]
    (folder / "votes.csv").write_text("\n".join(["system_a,system_b,preference", *votes]))
    return folder


def pairs(rng: np.random.Generator) -> list[tuple[int, int]]:
    return [tuple(map(int, rng.choice(3, 2, replace=False))) for _ in range(120)]


def files(*paths: Path) -> list[Any]:
    from gradio_client import handle_file

    return [handle_file(path) for path in paths]


def refusal(client: Any, name: str, **given: Any) -> str:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError) as refused:
        client.predict(**given, api_name=name)
    return str(refused.value)


def post(http: httpx.Client, name: str, given: dict[str, Any]) -> tuple[str, Any]:
    """Calls an endpoint without any client that would upload a file first; returns the event's end and its data."""
    asked = http.post(f"gradio_api/call/v2/{name}", json=given)
    answer = http.get(f"gradio_api/call/{name}/{asked.json()['event_id']}").text
    event, data = re.findall(r"event: (\w+)\ndata: (.*)", answer)[-1]
    return event, json.loads(data)


# What there is


def test_only_the_named_endpoints_are_told_to_strangers(server: Server, client: Any) -> None:
    told = client.view_api(return_format="dict")
    assert set(told["named_endpoints"]) == NAMES
    assert not told["unnamed_endpoints"]
    for endpoint in told["named_endpoints"].values():
        for parameter in endpoint["parameters"]:
            assert parameter["type"], parameter
    listed = httpx.get(f"{server.url}gradio_api/openapi.json").json()["paths"]
    calls = {path.removeprefix("/gradio_api/call").removeprefix("/v2").split("/{")[0] for path in listed}
    assert calls - {"/gradio_api/upload"} == NAMES
    assert httpx.get(f"{server.url}openapi.json").status_code == 404
    assert httpx.get(f"{server.url}docs").status_code == 404


def test_the_page_offers_use_via_api(server: Server) -> None:
    config = httpx.get(f"{server.url}config").json()
    assert "api" in config["footer_links"]
    public = {entry["api_name"] for entry in config["dependencies"] if entry["api_visibility"] != "private"}
    assert {f"/{name}" for name in public} == NAMES


def test_what_may_be_named(client: Any) -> None:
    told = client.predict(api_name="/health")
    assert told.keys() > monitoring.health().keys()
    assert told["version"] == __version__
    states = {entry["name"]: entry["state"] for entry in client.predict(api_name="/predictors")}
    assert states["offline"] == "ready"
    studies = {entry["name"]: entry for entry in client.predict(api_name="/studies")}
    assert studies["simulated"]["kind"] == "simulated"
    assert studies["lstm_music"]["here"]
    assert not studies["musiceval"]["here"]


# Clips


def test_scores_are_the_predictors_own_in_the_order_of_the_clips(client: Any, ten_files: list[Path]) -> None:
    from qamro.predictors import load

    chosen = [ten_files[1], ten_files[9], ten_files[0], ten_files[1]]
    prompts = ["calm piano", "x", "", "loud drums"]
    systems = ["a", "a", "b", "b"]
    found = client.predict(files(*chosen), prompts, systems, "offline", api_name="/score")
    assert [clip["system"] for clip in found["clips"]] == systems
    assert [clip["prompt"] for clip in found["clips"]] == prompts
    assert found["clips"][0]["clip"] == ten_files[1].name
    assert found["clips"][1]["error"]
    assert found["clips"][1]["scores"]["MI"]["value"] is None
    assert found["clips"][2]["scores"]["TA"]["value"] is None
    expected = load("offline").predict(chosen, prompts, systems)
    for clip, (_, row) in zip(found["clips"], expected.iterrows(), strict=True):
        for axis, score in clip["scores"].items():
            assert (
                score["value"] == pytest.approx(row[axis], abs=2e-4) if row[axis] == row[axis] else not score["value"]
            )
            assert score["source"] == row[f"source_{axis}"]
    assert found["axes"]["MI"]["provenance"]["kind"] == "simulated"
    assert found["verdict"] == verdicts(expected.to_dict("records"), list(found["axes"]))
    assert "simulated listeners are a demonstration" in found["verdict"][0]
    assert str(ten_files[0].parent) not in json.dumps(found)
    assert "/uploads/" not in json.dumps(found)


def test_progress_comes_clip_by_clip(client: Any, ten_files: list[Path]) -> None:
    async def follow() -> list[tuple[int, int]]:
        job = client.submit(files(*ten_files[:9]), predictor="offline", api_name="/score")
        seen = []
        async for update in job:
            seen += [(at.index, at.length) for at in getattr(update, "progress_data", None) or []]
        return seen

    seen = asyncio.run(follow())
    assert seen
    assert set(seen) <= {(n, 9) for n in range(10)}
    assert seen == sorted(seen)


def test_windows_of_a_clip(client: Any, ten_files: list[Path]) -> None:
    (clip,) = files(ten_files[0])
    found = client.predict(clip, "calm piano", predictor="offline", api_name="/windows")
    assert found["seconds"] == 3.5, "halves of 7 s"
    assert [row["start"] for row in found["windows"]] == [0, 3.5]
    threes = client.predict(clip, "calm piano", seconds=3, predictor="offline", api_name="/windows")
    assert [row["start"] for row in threes["windows"]] == [0, 3]  # a rest of 1 s is less than half a window
    assert "shorter" in refusal(client, "/windows", clip=clip, seconds=1.0) or "3 s or more" in refusal(
        client, "/windows", clip=clip, seconds=1.0
    )


def test_bounds_and_mistakes_are_told_in_words(client: Any, ten_files: list[Path]) -> None:
    (clip,) = files(ten_files[0])
    uploaded = [{"path": "x", "meta": {}}] * 101
    assert "101 clips; a call takes 1 to 100" in refusal(client, "/score", clips=uploaded)
    assert "0 clips" in refusal(client, "/score", clips=[])
    assert "2 prompts for 1 clips" in refusal(client, "/score", clips=[clip], prompts=["a", "b"])
    assert "prompts: Input should be a valid list" in refusal(client, "/score", clips=[clip], prompts=5)
    assert "seconds: Input should be a valid number" in refusal(client, "/windows", clip=clip, seconds="long")
    assert "no predictor 'best'" in refusal(client, "/score", clips=[clip], predictor="best")
    assert "not ready" in refusal(client, "/score", clips=[clip], predictor="full")


# Files: uploads and nothing else


def hostile(server: Server, address: str) -> list[str]:
    private = server.folder / "uploads" / "session-of-somebody" / "scores.csv"
    private.parent.mkdir(parents=True, exist_ok=True)
    private.write_text("clip,MI\na,1\n")
    up = "../" * 12
    return [
        "/etc/passwd",
        f"{up}etc/passwd",
        f"{server.folder}/uploads/x/{up}etc/passwd",
        f"{server.folder}/cache/studies/lstm_music/clips.csv",
        "file:///etc/passwd",
        f"{address}/secret.csv",
        f"{address}/gradio_api/file=/etc/passwd",
        str(private),
        str(server.folder / "uploads"),
        "pyproject.toml",
        "\0",
    ]


@pytest.mark.parametrize("name", ["score", "windows", "evaluate", "compare", "rank", "plan"])
def test_no_endpoint_opens_a_path_of_the_server_or_an_address(server: Server, name: str, tables: Path) -> None:
    """Whatever form a file is given in; a listener on this machine hears from nobody."""
    with socket.socket() as listener, httpx.Client(base_url=server.url, timeout=60) as http:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.1)
        paths = hostile(server, f"http://127.0.0.1:{listener.getsockname()[1]}")
        forms: list[Any] = [{"path": path, "meta": META} for path in paths]
        forms += [{"path": paths[0]}, paths[0], {"path": paths[5], "url": paths[5], "orig_name": "a.wav", "meta": META}]
        for bad in forms:
            event, told = post(http, name, arguments(name, bad))
            assert event == "error", (bad, told)
            assert "not an uploaded file" in told["error"] or "not a file" in told["error"], told
            assert "root:" not in json.dumps(told)
        with pytest.raises(TimeoutError):
            listener.accept()


def arguments(name: str, bad: Any) -> dict[str, Any]:
    return {
        "score": {"clips": [bad]},
        "windows": {"clip": bad},
        "evaluate": {"predictions": bad, "study": "simulated"},
        "compare": {"predictions": [bad], "study": "simulated"},
        "rank": {"votes": [bad]},
        "plan": {"ratings": [bad]},
    }[name]


@pytest.mark.parametrize("study", ["/etc", "../../etc", "file:///etc", "http://127.0.0.1/x", "nobody"])
def test_a_study_is_a_name_of_the_registry_and_no_path(client: Any, study: str) -> None:
    assert f"no study '{study}'" in refusal(client, "/plan", study=study)


def test_paths_within_a_table_lead_nowhere(client: Any, tmp_path: Path) -> None:
    """A study that a stranger brings may name files; none of them is opened, and the answer does not show them."""
    rows = "\n".join(f"/etc/passwd,s{i % 3},r{r},MI,{1 + (i + r) % 5}" for i in range(6) for r in range(3))
    (tmp_path / "ratings.csv").write_text(f"clip,system,rater,axis,score\n{rows}\n")
    (tmp_path / "clips.csv").write_text("clip,path,system\n/etc/passwd,/etc/passwd,s0\n")
    given = files(tmp_path / "ratings.csv", tmp_path / "clips.csv")
    try:
        answer = json.dumps(client.predict(ratings=given, report="", api_name="/compare"))
    except Exception as problem:
        answer = str(problem)
    assert "root:" not in answer


# Predictions and ratings


def test_evaluate_is_what_the_package_computes(client: Any, tables: Path) -> None:
    from qamro.evaluation import evaluate
    from qamro.studies.importers import read_ratings

    rated, (scores,) = files(tables / "ratings.csv"), files(tables / "good.csv")
    found = client.predict(predictions=scores, ratings=rated, draws=200, api_name="/evaluate")
    study = read_ratings(tables / "ratings.csv")
    expected = evaluate(study, pd.read_csv(tables / "good.csv"), draws=200).as_dict()
    for got, want in zip(found["metrics"], expected["metrics"], strict=True):
        assert got["metric"] == want["metric"]
        assert got["value"] == pytest.approx(want["value"], nan_ok=True)
    assert found["study"] == "ratings"
    assert "0 to 1000, not 5000" in refusal(client, "/evaluate", predictions=scores, ratings=rated, draws=5000)
    assert "either uploaded ratings or the name" in refusal(client, "/evaluate", predictions=scores)
    broken = files(tables / "votes.csv")[0]
    told = refusal(client, "/evaluate", predictions=broken, ratings=rated)
    assert "votes.csv" in told
    assert "/uploads/" not in told


def test_compare_gives_claims_tables_and_a_report(client: Any, tables: Path) -> None:
    given = {"ratings": files(tables / "ratings.csv"), "predictions": files(tables / "good.csv", tables / "noise.csv")}
    found = client.predict(**given, names=["good", "poor"], report="html", api_name="/compare")
    assert any("good" in claim and "poor" in claim for claim in found["claims"])
    srcc = next(t for s in found["sections"] for t in s["tables"] if t["id"] == "overview-srcc")
    assert {row["predictor"] for row in srcc["rows"]} == {"good", "poor"}
    assert found["provenance"]["predictors"]["good"]["joined"] == 48
    report = Path(found["report"])
    assert report.is_file()
    assert "<title>" in report.read_text("utf-8")[:4000]
    assert "give one each" in refusal(client, "/compare", **given, names=["good"])
    assert "html, zip or empty" in refusal(client, "/compare", **given, report="pdf")


def test_rank_and_plan(client: Any, tables: Path) -> None:
    ranked = client.predict(votes=files(tables / "votes.csv"), draws=50, api_name="/rank")
    assert [row["system"] for row in ranked["systems"]] == ["s2", "s1", "s0"]
    assert "no votes between pairs" in refusal(client, "/rank", votes=files(tables / "ratings.csv"))
    planned = client.predict(ratings=files(tables / "ratings.csv"), designs=["6x4", "12x2"], api_name="/plan")
    assert planned["systems"] == 8
    assert planned["kind"] == "human"
    assert [each["total"] for each in planned["designs"]] == [192, 192]
    assert all(each["apart_low"] <= each["apart"] <= each["apart_high"] for each in planned["designs"])
    typed = {"systems": 6, "between_sd": 0.5, "clips_sd": 0.5, "noise_sd": 0.9, "goal": "mean:0.4"}
    assert client.predict(**typed, api_name="/plan")["cheapest"]["mean"] <= 0.4
    assert "give between_sd, clips_sd, noise_sd, systems" in refusal(client, "/plan")


def test_plan_is_what_the_command_line_writes(client: Any, tables: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from qamro.cli import app

    out = tmp_path / "plan.json"
    asked = ["plan", "--ratings", str(tables / "ratings.csv"), "--design", "6x4", "--json", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    want, got = (
        json.loads(out.read_text()),
        client.predict(ratings=files(tables / "ratings.csv"), designs=["6x4"], api_name="/plan"),
    )
    for key in ("mean", "difference", "apart", "apart_low", "apart_high", "total", "cost"):
        assert got["designs"][0][key] == pytest.approx(want["designs"][0][key], rel=1e-9), key
    assert got["variances"] == pytest.approx(want["variances"])


# docs/api.md, word for word


def examples(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / "docs" / "api.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, tables: Path, ten_files: list[Path]) -> Path:
    """What the page's examples find beside them."""
    shutil.copy(ten_files[0], tmp_path / "take-1.wav")
    shutil.copy(ten_files[5], tmp_path / "take-2.wav")
    shutil.copy(tables / "ratings.csv", tmp_path)
    shutil.copy(tables / "good.csv", tmp_path / "scores.csv")
    return tmp_path


def test_the_page_has_examples() -> None:
    assert [len(examples(kind)) for kind in ("python", "js", "sh")] == [4, 1, 1]


@pytest.mark.parametrize(
    ("number", "says"), [(0, "take-1.wav"), (1, "ratings by people"), (2, "8 scored"), (3, "['score', 'compare'")]
)
def test_the_examples_in_python_run(server: Server, folder: Path, number: int, says: str) -> None:
    code = examples("python")[number].replace("http://127.0.0.1:7860", server.url.rstrip("/"))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


def test_the_example_with_curl_runs(server: Server, folder: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    code = examples("sh")[0].replace("http://127.0.0.1:7860/", server.url)
    done = subprocess.run(["bash", "-ec", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "event: complete" in done.stdout
    assert '"verdict"' in done.stdout


def test_the_example_in_javascript_runs(server: Server, folder: Path) -> None:
    node = shutil.which("node")
    look = [node or "node", "--input-type=module", "-e", "await import('@gradio/client')"]
    if node is None or subprocess.run(look, cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("node or its package @gradio/client is not installed")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    code = examples("js")[0].replace("http://127.0.0.1:7860", server.url.rstrip("/"))
    (folder / "example.mjs").write_text(code)
    done = subprocess.run([node, "example.mjs"], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^take-1\.wav \d\.\d+ simulated: ", done.stdout, re.MULTILINE)


def calls_in_the_page() -> list[tuple[str, set[str]]]:
    """Every call of docs/api.md: endpoint and the arguments that it names."""
    calls = []
    for code in examples("python"):
        for node in ast.walk(ast.parse(code)):
            named = {word.arg: word.value for word in getattr(node, "keywords", ())}
            if isinstance(endpoint := named.pop("api_name", None), ast.Constant):
                calls.append((str(endpoint.value), {str(name) for name in named}))
    for code in examples("js"):
        for endpoint, given in re.findall(r'\.predict\("(/\w+)", \{(.*?)\}\)', code, re.DOTALL):
            calls.append((endpoint, set(re.findall(r"(\w+):", given))))
    for code in examples("sh"):
        (endpoint,) = re.findall(r"call/v2(/\w+)", code)
        (given,) = re.findall(r'-d "(.*)"', code)
        calls.append((endpoint, set(json.loads(given.replace('\\"', '"')))))
    return calls


def test_what_the_page_calls_is_there(client: Any) -> None:
    """Holds the examples that need node or curl to the server, too, where neither is installed."""
    there = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    takes = {name: {each["parameter_name"] for each in one["parameters"]} for name, one in there.items()}
    calls = calls_in_the_page()
    assert len(calls) == 5
    for endpoint, given in calls:
        assert given
        assert given <= takes[endpoint], endpoint


# Tools for agents


def agent(server: Server, work: Any) -> Any:
    """Does work with an MCP client over HTTP."""
    mcp = pytest.importorskip("mcp")

    async def run() -> Any:
        async with mcp.Client(f"{server.url}gradio_api/mcp") as client:
            return await work(client)

    return asyncio.run(run())


def data_url(path: Path) -> str:
    return f"data:audio/wav;name={path.name};base64,{base64.b64encode(path.read_bytes()).decode()}"


def test_agents_see_four_tools_and_score_two_clips(server: Server, ten_files: list[Path], folder: Path) -> None:
    at: list[tuple[float, float | None]] = []

    async def work(client: Any) -> Any:
        async def progress(done: float, total: float | None, message: str | None) -> None:
            at.append((done, total))

        takes = [data_url(folder / "take-1.wav"), data_url(folder / "take-2.wav")]
        given = {"clips": takes, "prompts": ["calm piano", "calm piano"], "predictor": "offline"}
        return await client.list_tools(), await client.call_tool("score", given, progress_callback=progress)

    listed, scored = agent(server, work)
    assert {tool.name for tool in listed.tools} == {"score", "compare", "plan", "rank"}
    for tool in listed.tools:
        assert tool.description
        assert "data URL" in tool.description
        assert "progress" not in tool.input_schema["properties"]
        assert "report" not in tool.input_schema["properties"]
    assert not scored.is_error
    assert [clip["clip"] for clip in scored.structured_content["clips"]] == ["take-1.wav", "take-2.wav"]
    assert scored.structured_content["verdict"] == [SIMULATED]
    assert sorted(at) == [(1, 2), (2, 2)]


def test_agents_compare_plan_and_rank(server: Server, tables: Path) -> None:
    def text(name: str) -> str:
        return data_url(tables / f"{name}.csv").replace("audio/wav", "text/csv")

    async def work(client: Any) -> list[Any]:
        return [
            await client.call_tool("compare", {"ratings": [text("ratings")], "predictions": [text("good")]}),
            await client.call_tool("plan", {"ratings": [text("ratings")], "designs": ["6x4"]}),
            await client.call_tool("rank", {"votes": [text("votes")], "draws": 50}),
        ]

    compared, planned, ranked = agent(server, work)
    assert any("ratings by people" in claim for claim in compared.structured_content["claims"])
    assert compared.structured_content["report"] is None
    assert planned.structured_content["designs"][0]["total"] == 192
    assert ranked.structured_content["systems"][0]["system"] == "s2"


def test_no_tool_opens_a_path_or_an_address(server: Server) -> None:
    async def work(client: Any) -> list[Any]:
        found = []
        for path in [*hostile(server, "http://127.0.0.1:9"), "data:text/csv,clip", "data:;base64,***"]:
            for tool, given in (
                ("score", {"clips": [path]}),
                ("rank", {"votes": [path]}),
                ("plan", {"ratings": [path]}),
            ):
                found.append((path, await client.call_tool(tool, given)))
        return found

    for path, answer in agent(server, work):
        assert answer.is_error, path
        said = answer.content[0].text
        assert "not an uploaded file" in said or "neither a data URL" in said or "not a file" in said, said
        assert "root:" not in said


def test_pages_of_others_reach_no_tool(server: Server) -> None:
    """A web page that a visitor has open may not call the tools of the visitor's own machine."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
        answer = httpx.post(
            f"{server.url}gradio_api/mcp",
            json=asked,
            headers={"Accept": "application/json, text/event-stream"} | headers,
        )
        assert answer.status_code in (403, 421), headers


def test_without_the_switch_there_are_no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    from qamro.ui import mcp_server

    for value, on in (("", False), ("0", False), ("1", True), ("true", True)):
        monkeypatch.setenv(mcp_server.VARIABLE, value)
        assert mcp_server.wanted() is on


def test_a_machine_without_mcp_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from qamro.ui import mcp_server

    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(ImportError, match=r"pip install 'qamro\[mcp\]'"):
        mcp_server.mcp_kwargs("127.0.0.1")


def test_a_failure_is_no_leak(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody expected goes to the log; the caller learns its kind and no more."""
    from qamro.ui.endpoint import Refused, endpoint

    @endpoint
    def broken() -> None:
        raise RuntimeError("/home/secret")

    with pytest.raises(Refused) as refused:
        broken()
    assert "RuntimeError" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "/home/secret" in caplog.text
