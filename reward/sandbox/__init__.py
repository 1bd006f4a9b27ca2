"""The sandbox in which untrusted programs run."""
