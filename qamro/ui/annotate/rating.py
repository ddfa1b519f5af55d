"""What the pages of raters and of the owner ask the server: raters learn of nobody else, the owner has a token."""

from __future__ import annotations

import logging
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qamro.evaluation import live_race
from qamro.studies.listening import ListeningError, RatingStore, export, session, steering
from qamro.studies.listening.hub_backup import open_store
from qamro.studies.listening.store import WrongTokenError
from qamro.ui import middleware
from qamro.ui.annotate import comparing
from qamro.ui.annotate.languages import LANGUAGES, choose, words
from qamro.ui.static import own_folder, url

_log = logging.getLogger(__name__)

Asked = Mapping[str, Any]

TOKENS = middleware.Tries(5)
"""Wrong owner's tokens from one address."""

JOINS = middleware.Tries(60)
"""Raters who join from one address: a class in one network may."""


def answers(handle: Callable[[RatingStore, Asked], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Makes a function that the page may call: problems come back as ``{"error": …}``, never as a failed request."""

    def run(data: Any) -> dict[str, Any]:
        given = data if isinstance(data, dict) else {}
        who = middleware.client.get()
        limit = TOKENS if "token" in given else JOINS if handle.__name__ == "join" else None
        try:
            if limit is not None:
                limit.check(who)
            if limit is JOINS:
                limit.count(who)
            return handle(_store(), given)
        except middleware.TooManyTriesError as problem:
            return {"error": str(problem)}
        except WrongTokenError as problem:
            TOKENS.count(who)
            _log.warning("a wrong owner's token was given to %s", handle.__name__)
            return {"error": str(problem)}
        except ListeningError as problem:
            return {"error": str(problem)}
        except (sqlite3.Error, OSError, KeyError, TypeError, ValueError) as problem:
            _log.exception("annotate: %s", handle.__name__)
            told = words(choose(given.get("lang"), "", given.get("languages")))
            return {"error": told["broke"].format(problem=type(problem).__name__)}

    run.__name__, run.__doc__ = handle.__name__, handle.__doc__  # not its signature: Gradio goes by that
    return run


def _store() -> RatingStore:
    """The store, which may ask what is worth rating next: a clip of a race, or a pair."""
    store = open_store()
    store.steer = live_race.next_clip
    store.next_pair = _next_pair
    return store


def _next_pair(
    votes: Sequence[tuple[str, str, float]], systems: Sequence[str], among: Sequence[tuple[str, str]]
) -> tuple[str, str]:
    import pandas as pd

    from qamro.evaluation.preferences import next_pair

    winner = [{1.0: "a", 0.0: "b"}.get(score, "tie") for _, _, score in votes]
    pairs = [(a, b) for a, b, _ in votes]
    table = pd.DataFrame(pairs, columns=["system_a", "system_b"]).assign(winner=winner)
    table = table[table["system_a"] != table["system_b"]]
    return next_pair(table, list(systems), among=list(among))


@answers
def look(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Returns the study behind a link, its words, and the rater's state where the link is personal."""
    if data.get("rater"):
        token = str(data["rater"])
        about = _study(store, session.rater_of(store, token)["study"], data)
        return about | {"state": session.state(store, token)}
    return _study(store, str(data.get("study") or ""), data)


@answers
def join(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Adds a rater and returns the token of the personal link with the first state."""
    crowd = data.get("crowd")
    token = store.join(str(data.get("study") or ""), crowd if isinstance(crowd, dict) else None)
    return {"rater": token, "state": session.state(store, token)}


@answers
def rate(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Stores a confirmation; the answer means that it is on the disk."""
    scores = {str(axis): score for axis, score in dict(data["scores"]).items()}
    return {"state": session.rate(store, str(data["rater"]), int(data["task"]), scores, list(data["heard"]))}


@answers
def hear_headphones(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Takes the answers to the test for headphones."""
    given = [int(place) for place in list(data["answers"])]
    return {"state": session.hear_headphones(store, str(data["rater"]), given)}


@answers
def undo(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Takes the last confirmation back."""
    return {"state": session.undo(store, str(data["rater"]))}


@answers
def finish(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Ends the rater's work."""
    return {"state": session.finish(store, str(data["rater"]))}


@answers
def compare(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Returns own ratings beside the predictor's and the panel's, for a rater who has finished."""
    token = str(data["rater"])
    design = store.design(session.rater_of(store, token)["study"])
    return comparing.page(store, token, words(choose(data.get("lang"), design.language, data.get("languages"))))


FUNCTIONS = (look, join, hear_headphones, rate, undo, finish, compare)
"""What a rater's page may call."""


@answers
def overview(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Lists the studies of this server."""
    return {"studies": export.overview(store, str(data.get("token") or ""))}


@answers
def download(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Writes a study's ratings as a zip under a random address and returns that."""
    token, study = str(data.get("token") or ""), str(data.get("study") or "")
    export.owner_only(token)
    name = re.sub(r"[^\w-]+", "-", store.design(study).name).strip("-") or "study"
    folder = own_folder() / secrets.token_hex(32)
    folder.mkdir()
    more = live_race.files(store, study)
    target = export.write_zip(store, study, token, folder / f"{name}.zip", audio=bool(data.get("audio")), more=more)
    return {"url": url(target), "name": target.name}


@answers
def delete(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Deletes a study for good and lists what is left."""
    token = str(data.get("token") or "")
    export.delete_study(store, str(data.get("study") or ""), token)
    return {"studies": export.overview(store, token)}


@answers
def race(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Returns how the race of a study stands."""
    export.owner_only(str(data.get("token") or ""))
    return {"race": live_race.overview(store, str(data.get("study") or ""))}


@answers
def stop_race(store: RatingStore, data: Asked) -> dict[str, Any]:
    """Ends a race and returns how it stands."""
    export.owner_only(str(data.get("token") or ""))
    study = str(data.get("study") or "")
    steering.end(store, study)
    return {"race": live_race.overview(store, study)}


OWNER_FUNCTIONS = (overview, download, delete, race, stop_race)
"""What the owner's page may call."""


def warm() -> None:
    """Opens the store ahead of the first visitor, so that a backup is fetched and started."""
    try:
        open_store()
    except (sqlite3.Error, OSError):
        _log.exception("the store of ratings cannot be opened")


def _study(store: RatingStore, study: str, data: Asked) -> dict[str, Any]:
    design = store.design(study)
    language = choose(data.get("lang"), design.language, data.get("languages"))
    told = words(language)
    scales = [
        {"key": s.key, "name": s.name or s.key, "low": s.low, "high": s.high, "step": s.step}
        | {"values": s.values, "definition": s.definition}
        for s in design.scales
    ]
    own = design.question != type(design).question
    return {
        "words": told,
        "lang": language,
        "languages": {code: words(code)["language_name"] for code in LANGUAGES},
        "study": {
            "id": study,
            "name": design.name,
            "mode": design.mode,
            "page": design.method.page,
            "names": list(design.method.names),
            "level": design.level,
            "question": design.question if own else told.get(f"question_{design.mode}", design.question),
            "instructions": design.instructions,
            "scales": scales,
            "seconds": design.seconds,
            "checks": design.checks > 0,
            "repeats": design.repeats > 0,
            "open": bool(design.goal),
            "ended": steering.ended(store, study) is not None,
        },
    }
