"""``make before``: the tests of the release before, with its code, on the schema of now.

That tree is taken out of git and given the migrations that are newer, so that whatever its tests do,
they do on a database of the newest schema. Before the first release: the commit before the newest
migration.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).parents[2]
MIGRATIONS = Path("alerts/storage/migrations/versions")
VENDOR = Path("alerts/console/assets/vendor")
# Not tests/storage: those hold code and schema against each other.
ROOMS = ("actions", "broadcasts", "conversations", "subscribers", "team")


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, check=True).stdout


def the_one_before() -> str:
    """The newest release that is not this very commit; else the commit before the newest migration."""
    tags = git("tag", "--merged", "HEAD^", "--list", "v*", "--sort=-version:refname").decode().split()
    if tags:
        return tags[0]
    newest = max(path.name for path in (HERE / MIGRATIONS).glob("[0-9]*.py"))
    added = (
        git("log", "-1", "--format=%H", "--diff-filter=A", "--", str(MIGRATIONS / newest)).decode().strip()
    )
    return f"{added}^" if added else "HEAD"


def lay_out(revision: str, where: Path) -> list[str]:
    """The tree of ``revision`` in the folder ``where``, with the migrations that it lacks: their names."""
    with tarfile.open(fileobj=BytesIO(git("archive", revision))) as tree:
        tree.extractall(where, filter="data")
    newer = [
        path
        for path in (HERE / MIGRATIONS).glob("[0-9]*.py")
        if not (where / MIGRATIONS / path.name).exists()
    ]
    for path in newer:
        shutil.copy(path, where / MIGRATIONS)
    (where / VENDOR).symlink_to(HERE / VENDOR)
    return sorted(path.stem for path in newer)


def main() -> int:
    """What pytest of that tree said."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", nargs="?", help="a tag or commit; without: the release before")
    parser.add_argument("--rooms", nargs="+", default=ROOMS, help=f"of its tests; without: {' '.join(ROOMS)}")
    asked = parser.parse_args()
    revision = asked.revision or the_one_before()
    with tempfile.TemporaryDirectory(prefix="alerts-before-") as folder:
        where = Path(folder)
        newer = lay_out(revision, where)
        sys.stderr.write(f"The code of {revision} on a schema with {', '.join(newer) or 'nothing more'}.\n")
        tests = [f"tests/{room}" for room in asked.rooms]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        # First, so that also what the tests start is that tree's, not this one's.
        env = {**os.environ, "PYTHONPATH": folder}
        return subprocess.run(command, cwd=where, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
