"""What a machine with a GPU has to show: the CUDA tests and the benchmarks on the GPU, in one report.

Run ``make gpu`` or ``python -m benchmarks.gpu [--out FILE]``. Where there is no GPU it says so and ends with 2: nothing
was measured. ``make reference`` first, else the encoders are not held against laion-clap. Every part is a process of
its own; one that fails is in the report with the end of what it said, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = {
    "CUDA tests": ["-m", "pytest", "-m", "cuda", "-q", "-rs", "-p", "no:cacheprovider"],
    "Losses": ["-m", "benchmarks.gpu", "--losses"],
    "Sweeps": ["-m", "benchmarks.sweep", "--device", "cuda"],
    "Encoders against the originals": [
        "benchmarks/encoders.py",
        "--device",
        "cuda",
        "--clips",
        "64",
        "--seconds",
        "10",
    ],
    "End to end": ["-m", "benchmarks.end_to_end", "--device", "cuda"],
}
SIZES = (256, 4096, 65_536)
NO_GPU = "No CUDA GPU is usable on this machine: nothing was tested or measured."


def gpu() -> str:
    """Names the GPU; empty where there is none that PyTorch can use."""
    if importlib.util.find_spec("torch") is None:
        return ""
    import torch

    if not torch.cuda.is_available():
        return ""
    free, total = torch.cuda.mem_get_info()
    return (
        f"{torch.cuda.get_device_name()}, {total / 2**30:.0f} GiB ({free / 2**30:.0f} free), CUDA {torch.version.cuda}"
    )


def losses(device: str = "cuda") -> str:
    """Times every loss of the table, forward and backward, on the CPU and on a device."""
    import torch

    from qamro.losses import coral_loss, gaussian_cross_entropy_loss, listmle_loss, qamro_loss, soft_spearman_loss

    def one(loss: object, size: int, where: str) -> float:
        generator = torch.Generator().manual_seed(0)
        y = (4 * torch.rand(size, generator=generator) + 1).to(where)
        width = 20 if loss in (coral_loss, gaussian_cross_entropy_loss) else 0
        shape = (size, width) if width else (size,)
        p = torch.randn(shape, generator=generator).to(where).requires_grad_()
        times = []
        for _ in range(6):
            if where != "cpu":
                torch.cuda.synchronize()
            start = time.perf_counter()
            loss(p, y).backward()  # type: ignore[operator]
            if where != "cpu":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        return 1000 * min(times[1:])

    lines = ["| loss | batch | CPU | GPU |", "|---|--:|--:|--:|"]
    for loss in (qamro_loss, listmle_loss, soft_spearman_loss, gaussian_cross_entropy_loss):
        for size in SIZES:
            cpu, there = (one(loss, size, where) for where in ("cpu", device))
            lines.append(f"| {loss.__name__} | {size:,} | {cpu:.2f} ms | {there:.2f} ms |")
    return "\n".join(lines)


def part(name: str, command: list[str]) -> tuple[str, bool]:
    """Runs a part; returns its section of the report, and whether it went well."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    said = done.stdout.strip() if done.returncode == 0 else (done.stdout + done.stderr).strip()[-3000:]
    good = done.returncode == 0
    state = "went well" if good else f"FAILED with code {done.returncode}"
    plain = said if good and said.startswith("|") else f"```\n{said}\n```"
    words = " ".join(command)
    return f"## {name}\n\n`python {words}` {state} in {time.perf_counter() - start:.0f} s.\n\n{plain}\n", good


def main() -> int:
    """Writes the report; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "gpu-report.md")
    parser.add_argument("--losses", action="store_true", help="only time the losses")
    options = parser.parse_args()
    name = gpu()
    if not name:
        print(NO_GPU)
        return 2
    if options.losses:
        print(losses())
        return 0
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    sections, good = [f"# On a GPU\n\n{name}; {platform.platform()}; {now}.\n"], True
    for title, command in PARTS.items():
        print(f"{title} …", flush=True)
        text, fine = part(title, command)
        sections.append(text)
        good &= fine
        options.out.write_text("\n".join(sections), encoding="utf-8")
    print(f"{options.out}: {'everything went well' if good else 'something failed'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
