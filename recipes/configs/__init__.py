"""One YAML a run: launch command, hardware and expected memory in its header."""
