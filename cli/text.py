"""How values look as text, for people: bytes and seconds in units, and characters that drive a terminal visible."""

import re

CONTROLS = "\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""C0 and C1 controls, zero-width and bidirectional marks, line and paragraph separators, byte-order mark: as a pattern
has them between brackets."""
_CONTROLS = re.compile(f"[{CONTROLS}]")
_THOUSAND = 1000
_NEEDS_A_DECIMAL = 10  # seconds below it
_MINUTE = 60  # seconds


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


def format_seconds(seconds: float) -> str:
    """A time in units that people read: 9.5 s, 1 min 24 s, 2 h 5 min."""
    if seconds < _NEEDS_A_DECIMAL:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
