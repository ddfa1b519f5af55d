"""NOTICE against requirements.txt and against what the installed packages state.

``python tests/test_notice.py`` prints both tables anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
SPDX = {  # what older metadata says, by its classifier or the first line of its licence
    "Apache Software License": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Attribution 4.0 International": "CC-BY-4.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line.split("#")[0]).name for line in lines if line.split("#")[0].strip()]


OPTIONAL = ("mcp", "torchmetrics", "trackio")
"""What the extras of their names bring that a Space does not install."""


def indirect() -> list[str]:
    """What the required packages need in turn, on this machine."""
    direct = {canonical(name) for name in required()}
    return sorted(needed_by(direct) - direct)


def optional() -> list[str]:
    """What the optional extras bring besides."""
    return sorted(needed_by(OPTIONAL) - needed_by(required()))


def needed_by(names: Iterable[str]) -> set[str]:
    """Packages and what they need in turn, the extras that they ask for included."""
    seen, queue = set[tuple[str, str]](), [(canonical(name), "") for name in names]
    while queue:
        name, extra = queue.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in metadata.requires(name) or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                queue += [(canonical(need.name), asked) for asked in ("", *need.extras)]
    return {name for name, _ in seen}


def stated(name: str) -> str:
    """The licence that a package states in its metadata, as an SPDX expression where it has one."""
    facts = metadata.metadata(name)
    if expression := facts.get("License-Expression"):
        return expression
    kinds = [
        line.split("::")[-1].strip() for line in facts.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    first = (facts.get("License") or "").strip().split("\n")[0].strip()
    return " AND ".join(SPDX.get(kind, kind) for kind in kinds) or SPDX.get(first, first)


def table(heading: str) -> dict[str, str]:
    text = (ROOT / "NOTICE").read_text(encoding="utf-8").split(f"{heading}\n")[1].split("\n\n")[0]
    return dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in text.splitlines())


def test_the_notice_tells_every_licence():
    assert table("Required:") == {canonical(name): stated(name) for name in required()}


def test_the_notice_tells_the_licence_of_what_these_need():
    """What another platform needs may stand there besides."""
    rows = table("Needed by these:")
    needed = indirect()
    assert {name: rows.get(name) for name in needed} == {name: stated(name) for name in needed}


def test_the_notice_tells_the_licence_of_the_optional_extras():
    rows = table("Optional, by the extras mcp, metrics and trackio, with what these need in turn:")
    assert {name: rows.get(name) for name in optional()} == {name: stated(name) for name in optional()}
    assert not [name for name in optional() if re.search(r"(?<!L)GPL", stated(name))]


def test_the_notice_tells_what_the_licence_of_a_wheel_does_not():
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    libraries = Path(str(metadata.distribution("av").locate_file("av.libs")))
    if libraries.is_dir():
        inside = {path.name.split("-")[0] for path in libraries.iterdir()}
        assert {"libx264", "libx265"} <= inside
    for word in ("libx264 and libx265", "GPL-2.0-or-later", "libsndfile", "CC BY 4.0", "soxr is LGPL"):
        assert word in text


def test_nothing_in_the_core_is_gpl():
    for name in (*required(), *indirect()):
        assert not re.search(r"(?<!L)GPL", stated(name)), name


def test_pyav_stands_apart_with_its_reason():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    core, optional = text.split("# Optional:")
    assert "av==" not in core
    assert "libx264 and libx265 (GPL-2.0-or-later)" in optional
    assert "GPL" not in core


if __name__ == "__main__":
    for heading, names in (("Required:", required), ("Needed by these:", indirect), ("Optional:", optional)):
        print(heading)
        for name in names():
            print(f"    {canonical(name):24}  {stated(name)}")
        print()
