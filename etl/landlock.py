"""Taking from this process, and from all that it starts, the right to change files: Linux's Landlock.

DuckDB's settings can't say that a folder is to be read only, and its shell writes wherever it may read. The kernel can.
Where it is no Linux, or one without Landlock (before 5.13, or switched off), nothing is taken.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

# The numbers are those of <linux/landlock.h>; the system calls have the same ones on every processor but Alpha.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_SINCE = {1: _WRITE_FILE | _REMOVE_AND_MAKE, 2: _REFER, 3: _TRUNCATE}  # by version of the interface


def forbid_writing(but: Iterable[Path] = ()) -> bool:
    """Forbid every change to files, other than to those that are open already, and to the existing files `but`.

    Returns:
        Whether the kernel does so from now on.
    """
    if sys.platform != "linux":
        return False
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    rights = sum(right for since, right in _SINCE.items() if since <= version)
    attributes = struct.pack("=Q", rights)
    ruleset = call(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for path in but:
            _allow(call, ruleset, path, rights & (_WRITE_FILE | _TRUNCATE))
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(call(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(call: "ctypes._NamedFuncPointer", ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH)
    try:
        call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
