"""Lock the newest allowed version of every package, with hashes, for every supported Python.

The development lock is made first: what production installs is then a part of what was tested.
"""

import os
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).resolve().parent
GROUPS = ("bootstrap", "build", "test", "lint")

OUTPUTS = {
    "dev": [*(f"--group={group}" for group in GROUPS), "--extra=embedded", "pyproject.toml"],
    "base": ["--constraint=requirements/dev.txt", "pyproject.toml"],
    "build": ["--constraint=requirements/dev.txt", "--group=build"],
    "bootstrap": ["--constraint=requirements/dev.txt", "--group=bootstrap"],
}


def main() -> None:
    """Write each lock; none names an index."""
    uv = Path(sys.executable).with_name("uv")
    common = "--quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11"
    for name, arguments in OUTPUTS.items():
        output = f"requirements/{name}.txt"
        subprocess.run(  # noqa: S603 - fixed words
            [str(uv), "pip", "compile", *common.split(), "--upgrade", *arguments, "-o", output],
            check=True,
            cwd=LOCKS.parent,
            env={**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"},
        )
        if "://" in (LOCKS / f"{name}.txt").read_text():
            sys.exit(f"{output} names an address: everyone's own index is to be asked.")


if __name__ == "__main__":
    main()
