"""Time of the demonstration as a user starts it, after installation: under 90 seconds on two cores. Run by `make bench`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET_SECONDS = 90.0


def main() -> None:
    """Run `checkstar demo` in a process of its own and print its wall time."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "checkstar", "demo", "--out", str(Path(folder) / "demo")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
    met = seconds < TARGET_SECONDS
    print(f"checkstar demo: {seconds:.1f} s (target < {TARGET_SECONDS:.0f} s: {'met' if met else 'MISSED'})")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
