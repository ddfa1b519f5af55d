"""What the owner asks: which studies there are, how far they are, and the ratings; never without the token."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from qamro.studies.listening import RatingStore, export, removal
from qamro.ui.annotate.rating import answers
from qamro.ui.static import own_folder, url


@answers
def overview(store: RatingStore, data: Mapping[str, Any]) -> dict[str, Any]:
    """Lists the studies of this server."""
    return {"studies": export.overview(store, str(data.get("token") or ""))}


@answers
def download(store: RatingStore, data: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a study's ratings as a zip under a random address and returns that."""
    token, study = str(data.get("token") or ""), str(data.get("study") or "")
    export.owner_only(token)
    name = re.sub(r"[^\w-]+", "-", store.design(study).name).strip("-") or "study"
    folder = own_folder() / secrets.token_hex(32)
    folder.mkdir()
    target = export.write_zip(store, study, token, folder / f"{name}.zip", audio=bool(data.get("audio")))
    return {"url": url(target), "name": target.name}


@answers
def delete(store: RatingStore, data: Mapping[str, Any]) -> dict[str, Any]:
    """Deletes a study for good and lists what is left."""
    token = str(data.get("token") or "")
    removal.delete_study(store, str(data.get("study") or ""), token)
    return {"studies": export.overview(store, token)}


FUNCTIONS = (overview, download, delete)
"""What the page may call."""
