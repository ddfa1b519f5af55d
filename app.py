"""The entry point of a Hugging Face Space: builds and launches the interface, nothing else."""

from qamro.ui import launch

if __name__ == "__main__":
    launch()
