"""The lines that connect another program to a release: one template a program, in `templates/`.

A template opens with a header, as .sql files do:

- `title`: what it connects, for the list of all.
- `language`: what the lines are written in (`languages`); it decides how texts and comments are spelled.
- `about`: what to know first; it becomes a comment above the lines.
- `untested`: present where no test runs the lines, and says so in that comment.
- `location`: the schemes of places where the program looks for a copy of the release, if it can't read this one.
- `refuses`: characters in a path that the program, or what it is written in, has no way to spell.
- `types`, `column`, `longest`: how SQL declares a column, and the most bytes that its comment may have.

Below it are the lines, with places as `{{release}}`, which `filling` lists. What names a table is repeated for each: a
paragraph as a whole. A line that names what a table doesn't have (a partition) is left out.
"""
