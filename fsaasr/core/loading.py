"""Imports tried in processes of their own, where a crash or a half-loaded library harms nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Mapping

LOAD_SECONDS = 300.0


def load_errors(modules: Mapping[str, str]) -> Dict[str, str]:
    """Imports each module in its own process, two at a time.

    Args:
      modules: module name of each package.

    Returns:
      For each package that failed to load, the last line that it said.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        said = pool.map(_load_error, modules.values())
        return {package: error for package, error in zip(modules, said) if error}


def _load_error(module: str) -> str:
    command = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"importing {module} took more than {LOAD_SECONDS:.0f} seconds"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"importing {module} crashed with signal {-done.returncode}"
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if lines else f"importing {module} ended with status {done.returncode}"
