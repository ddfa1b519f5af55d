"""Stands for a tab's components where a test calls handlers without a page: each is called by its name."""

from __future__ import annotations

from typing import Any


class Named(str):
    """``Named().status`` equals ``"status"``, so that a test reads an answer as ``answer["status"]``."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        return str.__getattribute__(self, name) if name.startswith("_") else Named(name)


P = Named()
