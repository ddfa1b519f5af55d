"""laion-clap itself, run beside this project's encoder on the same checkpoint."""
