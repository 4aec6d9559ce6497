"""Builds and runs the local server, for the scripts that test against one."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


def binary():
    """Returns the path of the server: the script's argument, or else where it is built."""
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1]).resolve()
    # Without --package: for a single one, features of dependencies differ, and the AWS SDK is compiled again.
    subprocess.run(["cargo", "build", "--quiet", "--bin", "herobrain"], cwd=ROOT, check=True)
    return TARGET / "debug" / "herobrain"


@contextlib.contextmanager
def serve(path, plan="enterprise"):
    """Runs a server that keeps nothing on a free port of 127.0.0.1, and yields what it says about itself."""
    command = [path, "--memory", "--port", "0", "--plan", plan, "--json"]
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield json.loads(server.stdout.readline())
            finally:
                server.terminate()
