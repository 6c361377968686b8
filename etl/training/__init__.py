"""From a release to training sets: which bins are one shelf, which side each is on, what is asked about it.

What of this is SQL is in `sql/models/inferred/`; a release holds none of it.
"""
