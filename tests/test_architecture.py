"""The house keeps to its plan: rooms import from their own floor or a lower one, and only the UI knows Gradio."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qamro"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 250
GRADIO = {"gradio", "gradio_client"}


def floors() -> dict[str, int]:
    """Reads the table of docs/architecture.md: room to floor."""
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE)
    return {room: int(floor) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}


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


def room(name: str) -> str:
    """The room of a dotted module name: ``qamro.losses.qamro`` is in ``losses``."""
    return name.split(".")[1] if name.count(".") else ""


def upward(name: str, imported: set[str], plan: dict[str, int]) -> list[str]:
    """Which imports of a module go to a higher floor than its own."""
    own = plan[room(name)]
    return sorted(other for other in imported if other.startswith("qamro.") and plan.get(room(other), 0) > own)


def test_every_room_has_a_floor():
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES} - {"__init__", "__main__"}
    assert rooms == set(floors())
    assert set(floors().values()) == {1, 2, 3, 4}


def test_imports_go_downward_only():
    plan = floors()
    rooms = [path for path in FILES if room(module(path)) in plan]
    assert len(rooms) > 50
    assert {module(path): up for path in rooms if (up := upward(module(path), imports(path), plan))} == {}


def test_only_the_ui_knows_gradio():
    knows = {module(path) for path in FILES if {name.split(".")[0] for name in imports(path)} & GRADIO}
    assert {room(name) for name in knows} == {"ui"}


def test_one_idea_a_file():
    assert {module(path): n for path in FILES if (n := len(path.read_text("utf-8").splitlines())) > LONGEST} == {}


def test_the_ui_and_the_command_line_do_not_lean_on_each_other():
    across = {
        (module(path), other)
        for path in FILES
        for other in imports(path)
        if {room(module(path)), room(other)} == {"ui", "cli"} and other.startswith("qamro.")
    }
    assert {(name, other.removesuffix(".launch")) for name, other in across} <= {("qamro.cli.serve", "qamro.ui")}


def test_the_package_itself_imports_none_of_its_rooms():
    assert not {name for name in imports(PACKAGE / "__init__.py") if name.startswith("qamro")}


def test_an_upward_import_would_be_found(tmp_path, monkeypatch):
    """The check itself: it sees relative imports, imports in functions, and rooms named by ``from qamro import``."""
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
