"""Heads that lie on the hub, ``hub:OWNER/NAME``: fetched once, pinned by their commit, checked before every use."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from qamro.checkpoints import WeightsError, sha256_of
from qamro.listeners import listeners
from qamro.paths import cache_path
from qamro.predictors.head_predictor import TRAINED_WITH
from qamro.predictors.saved_card import FILES, is_on_hub, read_saved

HUB = "hub:"
"""How heads begin that lie on the hub; ``@REVISION`` may follow their name."""

VARIABLE = "QAMRO_HEADS"
"""Names a folder of kept heads, or heads on the hub: ``OWNER/NAME`` where there is no such folder."""

_ENDPOINT = "https://huggingface.co"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w.-]+)?")
_RECORD = "pulled.json"
_TIMEOUT = (10, 60)
_NEEDED = ("card.json", "heads.safetensors")


def from_variable() -> str:
    """Returns ``hub:OWNER/NAME`` where the variable names heads on the hub, else nothing."""
    value = os.environ.get(VARIABLE, "")
    return f"{HUB}{value}" if is_on_hub(value) else ""


def resolved(heads: Path | str | None) -> Path | str | None:
    """Returns the folder of heads that may lie on the hub; what is no name of the hub stays.

    Raises:
        WeightsError: They cannot be fetched, or are not what was fetched.
        ValueError: The name is none of the hub.
    """
    text = str(heads) if heads is not None else ""
    return pull(text.removeprefix(HUB)) if text.startswith(HUB) else heads


def pull(name: str, *, fresh: bool = False) -> Path:
    """Fetches heads; those that are here already are not asked for again.

    Args:
        name: ``OWNER/NAME`` or ``OWNER/NAME@REVISION``.
        fresh: Ask the hub again, for a newer commit.

    Returns:
        Their folder.

    Raises:
        ValueError: The name is none of the hub, or these are no heads that can be used without their encoder.
        WeightsError: The hub cannot be reached, has no such heads, or a file here has changed since.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} names no heads on the hub; write OWNER/NAME or OWNER/NAME@REVISION")
    repo, _, revision = name.partition("@")
    base = cache_path("hub-heads", repo.replace("/", "--"), revision or "main")
    if not fresh and (base / _RECORD).is_file():
        return _checked(base)
    base.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base.parent) as made:
        folder = Path(made) / base.name
        folder.mkdir()
        commit = _download(repo, revision or "main", folder)
        card = read_saved(folder)
        if card.brings_encoder:
            raise ValueError(f"{repo}: {TRAINED_WITH} is its encoder; fetch the whole repository by hand")
        sums = {file.name: sha256_of(file, fresh=True) for file in folder.iterdir()}
        record = {"repo": repo, "commit": commit, "sha256": sums}
        (folder / _RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        if base.exists():
            shutil.rmtree(base)
        folder.rename(base)
    return base


def record_of(folder: Path) -> dict[str, Any]:
    """Returns what was noted when heads were fetched: ``repo``, ``commit``, ``sha256`` by file."""
    return dict(json.loads((folder / _RECORD).read_text("utf-8")))


def push(folder: Path | str, repo: str, *, private: bool = False) -> str:
    """Puts heads on the hub with a model card; signing in is the hub's own command line's task (``hf auth login``).

    Args:
        folder: What ``train`` wrote.
        repo: ``OWNER/NAME``.
        private: Whether only its owner may see it.

    Returns:
        Its address.

    Raises:
        ValueError: The name is none of the hub.
        DamagedHeadsError: The folder holds no heads.
        WeightsError: The hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi

    if not _NAME.fullmatch(repo) or "@" in repo:
        raise ValueError(f"{repo!r} is no name on the hub; write OWNER/NAME")
    folder = Path(folder).resolve()
    heads = read_saved(folder)
    with tempfile.TemporaryDirectory() as made:
        for name in FILES[:-1]:
            if (folder / name).is_file():
                shutil.copy2(folder / name, made)
        page = Path(made) / "README.md"
        page.write_text(model_card(heads.card, repo, page.read_text("utf-8") if page.is_file() else ""), "utf-8")
        try:
            api = HfApi()
            api.create_repo(repo, private=private, exist_ok=True)
            api.upload_folder(repo_id=repo, folder_path=made, commit_message=f"Heads {heads.name}")
        except Exception as problem:  # whatever a network or the hub can say
            raise WeightsError(f"{repo} cannot be written: {type(problem).__name__}: {problem}") from problem
    return f"{_endpoint()}/{repo}"


def model_card(card: dict[str, Any], repo: str, page: str) -> str:
    """Returns the page of heads on the hub: what the hub reads, how to use them, and their card.

    Args:
        card: Their card.
        repo: ``OWNER/NAME``.
        page: The card as a page.
    """
    licence = str(card["study"].get("licence") or "not stated")
    head = ["---", "library_name: qamro", "license: other", f"license_name: {json.dumps(f'data: {licence}')}"]
    head += ["tags:", "- audio", "- mos", "- qamro", "---", ""]
    encoder = ", ".join(f"{key} {value}" for key, value in card["encoder"].items())
    use = [
        f"Heads that predict how {listeners(card['kind'])} would rate generated audio. Use them with:",
        "",
        f"    qamro predict FOLDER --heads hub:{repo}",
        "",
        f"Trained on ratings of {card['study'].get('name', 'a study')}, licence {licence}. They read the "
        f"encoder {encoder}, and refuse another one.",
        "",
    ]
    return "\n".join([*head, *use, page])


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or _ENDPOINT


def _download(repo: str, revision: str, folder: Path) -> str:
    """Fetches the files; returns the commit, which the first answer names and the others are asked for."""
    import requests

    commit = revision
    for name in (*_NEEDED, "README.md", "run.json"):
        url = f"{_endpoint()}/{repo}/resolve/{commit}/{name}"
        try:
            answer = requests.get(url, timeout=_TIMEOUT)
        except requests.RequestException as problem:
            raise WeightsError(f"{url} cannot be reached ({type(problem).__name__})") from problem
        if answer.ok:
            (folder / name).write_bytes(answer.content)
            commit = answer.headers.get("X-Repo-Commit", commit)
        elif name in _NEEDED:
            raise WeightsError(f"{url} cannot be had: the server answers {answer.status_code} {answer.reason}")
    return commit


def _checked(folder: Path) -> Path:
    for name, expected in record_of(folder)["sha256"].items():
        if not (folder / name).is_file() or sha256_of(folder / name) != expected:
            raise WeightsError(f"{folder / name} is not what was fetched; fetch again with `qamro heads pull`")
    return folder
