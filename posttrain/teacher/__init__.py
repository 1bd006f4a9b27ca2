"""Teachers: what a larger model thinks of each next token, from memory, from a cache on disk, or from a server."""
