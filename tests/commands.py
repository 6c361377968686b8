"""The commands, as a user starts them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]
BIN = Path(sys.executable).parent
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
EVIL_NAME = "red \x1b[31malert\x1b[0m \x07\u202etxt.exe\x9b2J"
