"""The frame of a page that is one file: it opens without a server, and can fetch nothing."""

import html

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; padding: 0 1rem; max-width: max-content; font: 1rem/1.4 system-ui, sans-serif; }
""".strip()
END = "</body>\n</html>\n"


def begin_page(title: str, style: str = "", *, scripts: bool = False) -> str:
    """What comes before the content; `END` comes after it. The policy is a promise that the browser keeps."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    policy += "; script-src 'unsafe-inline'" if scripts else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n{style}</style>\n</head>\n<body>\n"
    )
