"""Step lines of revisions as geometry: documents in, coordinates and paths out, no template."""
