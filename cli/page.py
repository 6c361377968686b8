"""The frame of a page that is one file: it opens without a server, and can fetch nothing but what it names."""

import base64
import hashlib
import html
from collections.abc import Iterable

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; padding: 0 1rem; max-width: max-content; font: 1rem/1.4 system-ui, sans-serif; }
""".strip()
END = "</body>\n</html>\n"


def begin_page(title: str, style: str = "", scripts: Iterable[str] = (), pictures: str = "data:") -> str:
    """What comes before the content; `END` comes after it. The policy is a promise that the browser keeps.

    No other scripts run than `scripts`, which are named by their hashes: a value that gets out of its place can't. Nor
    are there pictures of elsewhere than `pictures`, a source as Content-Security-Policy has them.
    """
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}"
    if hashes := " ".join(map(_hash, scripts)):
        policy += f"; script-src {hashes}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n{style}</style>\n</head>\n<body>\n"
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
