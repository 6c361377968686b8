"""The pictures of bins, from the source into a folder."""
