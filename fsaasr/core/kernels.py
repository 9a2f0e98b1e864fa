"""numba's `njit`, with a cache in which code of older sources does not survive.

numba compiles a function anew when its own file has changed, but not when that of a function has changed which is part
of its code: a tree that was updated in place would go on with old loops, or fail to read them.
"""

from __future__ import annotations

from pathlib import Path

from numba import njit

from fsaasr.core.files import content_hash, write_text

__all__ = ["SOURCES", "STAMP", "drop_outdated", "njit"]

SOURCES = ("*kernels.py", "compiled.py", "intrinsics.py", "search_records.py")
"""Names of the files of which anything is compiled."""
STAMP = "kernels.stamp"
"""File in the package's `__pycache__` that tells which sources the cache is of."""


def drop_outdated(package: Path) -> None:
    """Deletes what numba compiled of a package if any of `SOURCES` has another size or time than it had then.

    Where nothing can be written, numba keeps its cache elsewhere, and nothing is done.
    """
    sources = sorted(path for pattern in SOURCES for path in package.rglob(pattern))
    files = ((path.relative_to(package), path.stat()) for path in sources)
    found = content_hash(*(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in files))
    stamp = package / "__pycache__" / STAMP
    try:
        if stamp.exists() and stamp.read_text(encoding="utf-8") == found:
            return
        for pattern in ("*.nbi", "*.nbc"):
            for path in package.rglob(f"__pycache__/{pattern}"):
                path.unlink(missing_ok=True)
        write_text(stamp, found)
    except OSError:
        return


# Before anything is decorated, as numba looks into its cache then.
drop_outdated(Path(__file__).parents[1])
