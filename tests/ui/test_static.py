from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import plotly
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from qamro.paths import assets
from qamro.ui.static import PREFIX, routes, url


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=routes()))


@pytest.mark.parametrize(
    "name", ["css/app.css", "logo.svg", *(f"js/{path.name}" for path in (assets() / "js").iterdir())]
)
def test_the_page_finds_its_files_and_asks_again_after_an_update(client: TestClient, name: str) -> None:
    answer = client.get(f"/{PREFIX}/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert (
        "no-cache"
        in client.get(f"/{PREFIX}/{name}", headers={"if-none-match": answer.headers["etag"]}).headers["cache-control"]
    )


def test_scripts_import_what_is_exported() -> None:
    folder = assets() / "js"
    wanted = []
    for script in folder.glob("*.js"):
        for names, other in re.findall(
            r'^import (?:\{ (.*?) \}|\w+) from "\./(\w+\.js)";', script.read_text("utf-8"), re.M
        ):
            text = (folder / other).read_text("utf-8")
            exported = {*re.findall(r"^export (?:async )?(?:function|const|let|class) (\w+)", text, re.M)}
            wanted += [(script.name, other, name) for name in names.split(", ") if name and name not in exported]
    assert wanted == []


def test_scripts_are_served_as_scripts(client: TestClient) -> None:
    assert "javascript" in client.get(f"/{PREFIX}/js/page.js").headers["content-type"]
    script = client.get(f"/{PREFIX}/plotly.min.js")
    assert "javascript" in script.headers["content-type"]
    assert b"plotly.js v" in script.content[:200]
    assert (script.headers["content-encoding"], script.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(script.headers["content-length"]) < len(script.content) / 2
    plain = client.get(f"/{PREFIX}/plotly.min.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == script.content


def test_plotly_of_the_page_is_of_the_installed_version_and_has_every_trace_that_is_drawn() -> None:
    whole = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text("utf-8")
    part = (assets() / "plotly" / "plotly.min.js").read_text("utf-8")
    version = re.search(r"plotly\.js (v[\d.]+)", whole[:300])
    assert version is not None
    assert f"plotly.js {version[1]}, of its traces" in part[:200]
    assert len(part) < len(whole) / 3
    kept = {*re.findall(r"\w+", re.search(r"of its traces ([\w, ]+)\.", part[:300])[1])}
    sources = "".join(path.read_text("utf-8") for path in (assets().parent / "qamro").rglob("*.py"))
    figure = (Path(plotly.__file__).parent / "graph_objs" / "_figure.py").read_text("utf-8")
    shapes = {"annotation", "shape", "hline", "vline", "hrect", "vrect", "layout_image", "selection", "trace", "traces"}
    known = set(re.findall(r"^    def add_(\w+)\(", figure, re.M)) - shapes
    traces = {name for name in known if re.search(rf"\.add_{name}\(|go\.{name}\(", sources, re.I)}
    assert traces == kept


@pytest.mark.parametrize(
    "path", ["../qamro/paths.py", "..%2fqamro%2fpaths.py", "%2e%2e/README.md", "nothing.js", "js/"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/{PREFIX}/{path}").status_code == 404


def test_addresses_are_relative_and_escaped(tmp_path: Path) -> None:
    assert url(assets() / "examples" / "a b.wav") == f"{PREFIX}/examples/a%20b.wav"
    odd = tmp_path / 'x"#?<.wav'
    address = url(odd)
    assert address.startswith("gradio_api/file=")
    assert not set('"#?<> ') & set(address)
    assert unquote(address.removeprefix("gradio_api/file=")) == str(odd.resolve())
