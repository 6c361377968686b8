"""Where documents come from: a file for each kind of place, and what they have in common."""
