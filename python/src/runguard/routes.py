"""Which model does for a task: the plain table, for programs that choose before they call."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Mapping, Optional

from ._data import load_table
from .checks import check_mapping, check_text, first_unknown, hint, show
from .values import read_number

_TASKS = load_table("tasks")
_TIERS = ("small", "medium", "large")

#: The ids of the models that serve each tier, by preset: ``current``, or ``classic`` for the 4.5 to 4.7 generation.
TIER_MODELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {preset: MappingProxyType(models) for preset, models in _TASKS["tierModels"].items()}
)

#: The model of each known task, before its length is looked at, with today's models.
TASK_MODEL_MAP: Mapping[str, str] = MappingProxyType(
    {task: TIER_MODELS["current"][tier] for task, tier in _TASKS["taskTiers"].items()}
)


def select_model(
    task_type: str,
    content_length: float,
    *,
    preset: str = "current",
    tiers: Optional[Mapping[str, str]] = None,
    tasks: Optional[Mapping[str, str]] = None,
) -> str:
    """The id of the model for a task.

    Small for ``classify``, ``extract`` and ``summarize``; medium for ``reason``, ``code_review``, ``analyze`` and every
    task that is not known; large for ``research``. Content of more than 50,000 tokens lifts small to medium.

    ``content_length`` is all that the model has to read, in tokens (not characters: a token is about 3 of them).
    ``tiers`` gives other models to some tiers; ``tasks`` gives tasks a tier, or the id of a model. Raises
    ``ValueError`` if the length is no number of tokens, or a preset or tier is not known, ``TypeError`` for a task that
    is no text, and for tables that are none.
    """
    check_text("task_type", task_type)
    length = read_number(content_length)
    if length is None or not 0 <= length < math.inf:
        raise ValueError(f"not a number of tokens: {show(content_length)}")
    check_text("preset", preset)
    if preset not in TIER_MODELS:
        raise ValueError(f"unknown preset of models: {show(preset)}{hint(preset, TIER_MODELS)}")
    _check_models("tiers", tiers)
    _check_models("tasks", tasks)
    unknown = first_unknown(tiers or {}, _TIERS)
    if unknown is not None:
        raise ValueError(f"there is no tier {show(unknown)}{hint(unknown, _TIERS)}")
    models = {**TIER_MODELS[preset], **(tiers or {})}
    choice = {**_TASKS["taskTiers"], **(tasks or {})}.get(task_type, "medium")
    model = models[choice] if choice in _TIERS else choice
    # Who names the small tier's model by its id means the tier: the same content is as long for it.
    is_lifted = model == models["small"] and length > _TASKS["smallTierTokens"]
    return models["medium"] if is_lifted else model


def _check_models(name: str, models: Optional[Mapping[str, str]]) -> None:
    if models is None:
        return
    check_mapping(name, models)
    for key, model in models.items():
        check_text(f"{name}[{show(key)}]", model)
