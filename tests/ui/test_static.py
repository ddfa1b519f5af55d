from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

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
    plotly = client.get(f"/{PREFIX}/plotly.min.js")
    assert "javascript" in plotly.headers["content-type"]
    assert b"plotly.js v" in plotly.content[:200]
    assert (plotly.headers["content-encoding"], plotly.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(plotly.headers["content-length"]) < len(plotly.content) / 2
    plain = client.get(f"/{PREFIX}/plotly.min.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == plotly.content


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
