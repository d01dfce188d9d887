"""Make the virtual environment from the hash-locked requirements, or leave a current one alone.

Run by any Python that the project supports, with nothing installed: `environment.py DIRECTORY`.
pip brings uv, which installs the rest some twenty times as fast; where uv cannot (it is offline,
or its settings differ from pip's), pip does it all.
"""

import ast
import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"

# What uv calls pip's settings: it reads neither pip.conf nor PIP_*.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main() -> None:
    """Compare the environment with what it should be, and make it so."""
    target = Path(sys.argv[1]).resolve()
    wanted = fingerprint()
    mark = target / "complete"
    if read(mark) == wanted:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two at once, the second finds it done
        former = read(mark)
        if former == wanted:
            return
        say(f"Making the environment in {target} ...")
        mark.unlink(missing_ok=True)
        # Without the mark an installation was cut short; with another Python nothing can stay.
        if former.partition(" ")[0] != wanted.partition(" ")[0]:
            venv.create(target, clear=True, with_pip=True, symlinks=True)
        install(target / "bin" / "python")
        mark.write_text(wanted)


def fingerprint() -> str:
    """This Python, what is to be installed, and how."""
    digest = hashlib.sha256()
    locks = (LOCKS / "bootstrap.txt", LOCKS / "dev.txt")
    for path in (*locks, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{version}:{sys.base_prefix} {digest.hexdigest()}"


def read(mark: Path) -> str:
    """The fingerprint that an environment was made with; empty if it is not complete."""
    try:
        return mark.read_text() if (mark.parent / "bin" / "python").exists() else ""
    except OSError:
        return ""


def install(python: Path) -> None:
    """Install every locked package, exactly, and the project itself as a link to its source."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    locked = ["--require-hashes", "--no-deps", "-r", str(LOCKS / "dev.txt")]
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    bootstrap = ["--require-hashes", "--no-deps", "-r", str(LOCKS / "bootstrap.txt")]
    quickly = run([*pip, "install", *bootstrap])
    if quickly:
        uv = [str(python.parent / "uv"), "pip", "--quiet"]
        there = ["--python", str(python)]
        environment = {**os.environ, **uv_settings(pip)}
        # As pip does; else every process compiles all that it imports where Python may not write.
        sync = [*uv, "sync", *there, "--compile-bytecode", *locked[:1], locked[-1]]
        quickly = run(sync, environment) and run([*uv, "install", *there, *project], environment)
    if not quickly:
        say("uv could not; pip does it, which takes a while ...")
        if not (run([*pip, "install", *locked]) and run([*pip, "install", *project])):
            sys.exit("The packages could not be installed: see pip's message above.")


def uv_settings(pip: list[str]) -> dict[str, str]:
    """The settings of pip, from its files and its environment, in uv's words."""
    listed = subprocess.run(  # noqa: S603 - the environment's own pip
        [*pip, "config", "list"], capture_output=True, check=False, text=True
    ).stdout
    settings: dict[str, str] = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip; hashes decide
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        known = UV_NAMES.get(name.rpartition(".")[2])
        if known is not None and known not in os.environ:
            settings[known] = str(ast.literal_eval(value.strip()))
    return settings


def run(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Whether a command succeeded; its own message explains a failure."""
    try:
        return subprocess.run(command, check=False, env=environment).returncode == 0  # noqa: S603
    except OSError as error:
        say(f"{command[0]}: {error.strerror}")
        return False


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
