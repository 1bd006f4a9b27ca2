"""Rows: sources, formats and the demo\x27s own tasks (installs as posttrain.data)."""
