"""What is written whole or not at all leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

# Interrupts the first removal of a file, as Ctrl-C at that moment would.
INTERRUPTED = """
import sys
from pathlib import Path

waiting = [True]

def interrupt(event, arguments):
    if event == "os.remove" and waiting and waiting.pop():
        raise KeyboardInterrupt

sys.addaudithook(interrupt)
from etl.atomic import remove_folder

try:
    remove_folder(Path(sys.argv[1]))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_folder_is_removed_to_its_end_though_that_is_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "staging"
    (folder / "release").mkdir(parents=True)
    for number in range(3):
        (folder / "release" / str(number)).touch()
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, folder], capture_output=True, text=True, check=True)
    assert done.stdout == "interrupted\n"
    assert not folder.exists()
