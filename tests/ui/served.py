"""Runs app.py as a Space would, and writes down every address that it looks up or connects to.

While a file ``hold`` lies beside that log, predictors do not finish loading, as on a slow disk.

Usage: python served.py LOG (GRADIO_SERVER_PORT says where to serve).
"""

from __future__ import annotations

import ipaddress
import runpy
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _is_local(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text in {"", "None", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def listen(log: Path) -> None:
    """Adds a hook that appends a line for whatever would leave the machine."""

    def hook(event: str, args: tuple[object, ...]) -> None:
        host: object = None
        if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
            host = args[0]
        elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
            host = args[1][0]
        if not _is_local(host):
            with log.open("a") as file:
                file.write(f"{event} {host}\n")

    sys.addaudithook(hook)


def hold_back(flag: Path) -> None:
    """Makes whoever asks for a predictor wait while a file is there."""
    from qamro.ui import choices

    get = choices.get

    def slow(name: str) -> object:
        while flag.exists():
            time.sleep(0.02)
        return get(name)

    choices.get = slow


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.touch()
    listen(target)
    sys.path.insert(0, str(ROOT))
    hold_back(target.with_name("hold"))
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
