"""The commands that make training sets of a release, and their options."""
