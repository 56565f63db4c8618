"""The tables that the package ships. They are generated from the TypeScript source and never edited by hand."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any, Dict


@lru_cache(maxsize=None)
def load_table(name: str) -> Dict[str, Any]:
    """The table ``data/<name>.json``, read once. Treat it as read-only: all callers share it."""
    text = files("runguard").joinpath("data").joinpath(name + ".json").read_text(encoding="utf-8")
    table: Dict[str, Any] = json.loads(text)
    return table
