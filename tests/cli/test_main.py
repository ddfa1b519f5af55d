"""The command as a user types it, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from qamro import __version__

pytestmark = pytest.mark.server


def qamro(*arguments, **options):
    command = [sys.executable, "-m", "qamro", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_help_lists_the_verbs():
    result = qamro("--help")
    assert result.returncode == 0
    for verb in ("predict", "evaluate", "studies", "serve"):
        assert verb in result.stdout
    assert result.stderr == ""


def test_version():
    assert qamro("--version").stdout == f"qamro {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["predict"], ["--nonsense"], ["studies"]])
def test_wrong_use(arguments):
    result = qamro(*arguments)
    assert result.returncode == 2
    assert "Usage: python -m qamro" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_a_closed_pipe_is_no_crash():
    result = subprocess.run(
        f"{sys.executable} -m qamro studies list | head -1", shell=True, capture_output=True, text=True, check=False
    )
    assert result.stdout.startswith("aes_natural")
    assert "Traceback" not in result.stderr


def test_evaluate_end_to_end(tmp_path):
    (tmp_path / "r.csv").write_text("clip,axis,score\n" + "\n".join(f"c{i},beauty,{i}" for i in range(6)))
    (tmp_path / "s.csv").write_text("clip,beauty\n" + "\n".join(f"c{i},{i * i}" for i in range(6)))
    result = qamro("evaluate", "--predictions", "s.csv", "--ratings", "r.csv", cwd=tmp_path, env=_here())
    assert result.returncode == 0, result.stderr
    assert "6 clips matched" in result.stdout
    assert "1.000" in result.stdout


def test_serve_answers_and_stops_on_ctrl_c(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "qamro", "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert server.poll() is None, server.communicate()[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                    assert page.status == 200
                break
            except OSError:
                assert time.monotonic() < deadline, "no answer in a minute"
                time.sleep(0.2)
        taken = qamro("serve", "--port", port)
        assert taken.returncode == 1
        assert "--port" in taken.stderr
        assert "Traceback" not in taken.stderr
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
    finally:
        server.kill()
        server.communicate()


def _here():
    return os.environ | {"PYTHONPATH": os.getcwd()}
