"""The Margin page on its own, served once for all tests of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qamro.ui.margin.figures import serve_page


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve_page() as url:
        yield url
