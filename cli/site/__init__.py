"""A release as a folder of pages that open without a server: each is one file with its scripts and styles inside.

Nothing is fetched, and a page's policy has the browser see to that. What a page says of a release it says in HTML:
scripts only sort, filter and copy what is there, and look bins up.
"""
