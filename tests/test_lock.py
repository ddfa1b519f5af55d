"""requirements.lock: all that the app needs at run time, indirectly too, each of one version and with its hashes."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from test_notice import canonical

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
ENTRY = re.compile(
    r"^([a-z0-9][a-z0-9-]*)==(\S+)(?: ; ([^\\]*))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def locked() -> dict[str, str]:
    """What this machine is to have, by the lock."""
    found = {}
    for name, version, marker, _ in ENTRY.findall(LOCK):
        if not marker or Requirement(f"{name} ; {marker}").marker.evaluate():
            assert name not in found, name
            found[name] = version
    return found


def asked() -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def test_every_line_of_the_lock_has_a_version_and_a_hash() -> None:
    names = re.findall(r"^([a-zA-Z0-9][^=\s]*)==", LOCK, re.M)
    assert len(names) == len(ENTRY.findall(LOCK)) > 80
    assert not re.findall(r"^(?![#\s]|[a-z0-9][a-z0-9-]*==).+", LOCK, re.M), "nothing but pinned packages"


def test_the_lock_holds_what_is_asked_for_and_what_that_needs() -> None:
    known, left, seen = locked(), asked(), set()
    for requirement in left:
        (pin,) = requirement.specifier
        assert known[canonical(requirement.name)] == pin.version, f"{requirement}: run make lock"
    while left:
        requirement = left.pop()
        name = canonical(requirement.name)
        if (name, *sorted(requirement.extras)) in seen:
            continue
        seen.add((name, *sorted(requirement.extras)))
        assert name in known, name
        assert requirement.specifier.contains(known[name], prereleases=True), (str(requirement), known[name])
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform, or of another build of torch
        for text in needs:
            need = Requirement(text)
            extras = requirement.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                left.append(need)
    assert len(seen) > 70


def test_the_image_installs_by_the_lock_and_what_it_leaves_out_is_torchs() -> None:
    """The image takes torch and what it needs of CUDA from an index that the operator chooses."""
    recipe = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes" in recipe
    left_out = re.search(r"!/\^\((.*)\)==/", recipe)
    assert left_out is not None
    pattern = re.compile(f"^({left_out[1]})$")
    names = {name for name, *_ in ENTRY.findall(LOCK)}
    assert {name for name in names if pattern.match(name)} == {
        name for name in names if name in ("torch", "triton") or name.startswith(("nvidia-", "cuda-"))
    }
