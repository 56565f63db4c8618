"""RunGuard for Python: exact cost, budgets and loop detection around Claude."""

from .batches import BatchInputError, BatchSubmitError, retrieve_batch_results, submit_batch_job
from .caching import CacheHit, call_with_caching, check_cache_hit, with_cache
from .costs import Cost, CostLine, cost, estimate_cost
from .deferral import DeferredCall, DeferredCallError, defer, deferred
from .errors import (
    BreakerOpenError,
    BudgetExceededError,
    GatewayUnreachableError,
    LoopDetectedError,
    RunGuardError,
    UnpricedModelError,
    error_from_api_error,
    error_from_wire,
)
from .gateway import gateway_environment, guard
from .loops import LoopDetector, LoopMatch
from .routes import TASK_MODEL_MAP, TIER_MODELS, select_model
from .session import AgentStoppedError, OptimizedAgentSession

__version__ = "0.1.0"

__all__ = [
    "TASK_MODEL_MAP",
    "TIER_MODELS",
    "AgentStoppedError",
    "BatchInputError",
    "BatchSubmitError",
    "BreakerOpenError",
    "BudgetExceededError",
    "CacheHit",
    "Cost",
    "CostLine",
    "DeferredCall",
    "DeferredCallError",
    "GatewayUnreachableError",
    "LoopDetectedError",
    "LoopDetector",
    "LoopMatch",
    "OptimizedAgentSession",
    "RunGuardError",
    "UnpricedModelError",
    "call_with_caching",
    "check_cache_hit",
    "cost",
    "defer",
    "deferred",
    "error_from_api_error",
    "error_from_wire",
    "estimate_cost",
    "gateway_environment",
    "guard",
    "retrieve_batch_results",
    "select_model",
    "submit_batch_job",
    "with_cache",
]
