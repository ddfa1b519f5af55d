"""The code keeps to its plan: packages import from their own layer or a lower one, and only the UI knows Gradio."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qamro"
FILES = sorted(PACKAGE.rglob("*.py"))
GRADIO = {"gradio", "gradio_client"}
KNOWN_CIRCLES: set[frozenset[str]] = set()
"""Packages of one layer that are known to import each other; there should be none."""


def layers() -> dict[str, int]:
    """Reads the table of docs/architecture.md: package to layer."""
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE)
    return {name: int(layer) for layer, names in rows for name in re.findall(r"`(\w+)`", names)}


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Every absolute module that a file names in an import, inside functions and under TYPE_CHECKING, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                home = module(path).split(".")
                home = home[: len(home) - node.level + (path.name == "__init__.py")]
                base = ".".join([*home, base]).rstrip(".")
            found |= {base} | {f"{base}.{name.name}" for name in node.names}
    return found


def package(name: str) -> str:
    """The package of a dotted module name: ``qamro.losses.qamro`` is in ``losses``."""
    return name.split(".")[1] if name.count(".") else ""


def upward(name: str, imported: set[str], plan: dict[str, int]) -> list[str]:
    """Which imports of a module go to a higher layer than its own."""
    own = plan[package(name)]
    return sorted(other for other in imported if other.startswith("qamro.") and plan.get(package(other), 0) > own)


def circles(edges: dict[str, set[str]]) -> set[frozenset[str]]:
    """Groups of packages that reach each other by imports."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        queue = [start]
        while queue:
            new = edges.get(queue.pop(), set()) - seen
            seen |= new
            queue += new
        return seen

    reach = {name: reached(name) for name in edges}
    return {
        frozenset({name} | {other for other in reach[name] if name in reach.get(other, set())})
        for name in edges
        if name in reach[name]
    }


def package_edges(files: list[Path], plan: dict[str, int]) -> dict[str, set[str]]:
    """For each package the others that it imports."""
    edges: dict[str, set[str]] = {name: set() for name in plan}
    for path in files:
        own = package(module(path))
        if own in plan:
            edges[own] |= {package(other) for other in imports(path) if other.startswith("qamro.")} & plan.keys() - {
                own
            }
    return edges


def test_every_package_has_a_layer():
    packages = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} - {"__init__", "__main__"}
    assert packages == set(layers())
    assert set(layers().values()) == {1, 2, 3, 4}


def test_imports_go_downward_only():
    plan = layers()
    known = [path for path in FILES if package(module(path)) in plan]
    assert len(known) > 50
    assert {module(path): up for path in known if (up := upward(module(path), imports(path), plan))} == {}


def test_packages_of_one_layer_do_not_import_each_other():
    assert circles(package_edges(FILES, layers())) == KNOWN_CIRCLES


def test_only_the_ui_knows_gradio():
    knows = {module(path) for path in FILES if {name.split(".")[0] for name in imports(path)} & GRADIO}
    assert {package(name) for name in knows} == {"ui"}


def test_the_ui_and_the_command_line_do_not_lean_on_each_other():
    across = {
        (module(path), other)
        for path in FILES
        for other in imports(path)
        if {package(module(path)), package(other)} == {"ui", "cli"} and other.startswith("qamro.")
    }
    assert {(name, other.removesuffix(".launch")) for name, other in across} <= {("qamro.cli.serve", "qamro.ui")}


def test_qamro_itself_imports_none_of_its_packages():
    lazy = {"qamro.lazy", "qamro.lazy.imported"}  # what imports the others when they are asked for
    assert not {name for name in imports(PACKAGE / "__init__.py") if name.startswith("qamro")} - lazy


def test_an_upward_import_would_be_found(tmp_path, monkeypatch):
    """The check itself: it sees relative imports, imports in functions, and packages named by ``from qamro import``."""
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    plan = {"audio": 1, "studies": 2, "cli": 4}
    sources = {
        "import qamro.studies.study": ["qamro.studies.study"],
        "def f():\n    from qamro.cli import main": ["qamro.cli", "qamro.cli.main"],
        "from qamro import studies": ["qamro.studies"],
        "from ..studies import Study": ["qamro.studies", "qamro.studies.Study"],
        "from .errors import AudioError": [],
        "import numpy": [],
    }
    path = tmp_path / "qamro" / "audio" / "load.py"
    path.parent.mkdir(parents=True)
    for source, expected in sources.items():
        path.write_text(source)
        assert upward(module(path), imports(path), plan) == expected, source


def test_a_circle_between_packages_would_be_found(tmp_path, monkeypatch):
    """Also one that takes three packages, and one that only a function closes."""
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    plan = dict.fromkeys(("a", "b", "c", "d"), 1)
    sources = {
        "a": "import qamro.b",
        "b": "from qamro.c import x",
        "c": "def f():\n    from qamro import a",
        "d": "import qamro.a",
    }
    for name, source in sources.items():
        (tmp_path / "qamro" / name).mkdir(parents=True)
        (tmp_path / "qamro" / name / "m.py").write_text(source)
    files = sorted(tmp_path.rglob("*.py"))
    assert circles(package_edges(files, plan)) == {frozenset("abc")}
    assert circles(package_edges(files[:2] + files[3:], plan)) == set()
