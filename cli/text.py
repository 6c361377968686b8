"""How values look as text, for people: bytes in units, and characters that could drive a terminal made visible."""

import re

# C0 and C1 controls, zero-width and bidirectional marks, line and paragraph separators, byte-order mark.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_THOUSAND = 1000


def escape_controls(text: str, keep: str = "") -> str:
    r"""`text` with every control character but those in `keep` spelled as in JSON: `\u001b`."""
    return _CONTROLS.sub(lambda match: match[0] if match[0] in keep else f"\\u{ord(match[0]):04x}", text)


def format_bytes(size: float) -> str:
    """A size in decimal units: 1.1 GB."""
    for unit in ("bytes", "kB", "MB"):
        if size < _THOUSAND:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _THOUSAND
    return f"{size:.1f} GB"
