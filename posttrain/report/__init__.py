"""What a run has left behind as one page: read (`collect`), drawn (`charts`), laid out (`page`)."""
