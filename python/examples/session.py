"""A session that chooses its model by the task and keeps to a budget. Needs ANTHROPIC_API_KEY, and no gateway."""

from runguard import BudgetExceededError, LoopDetectedError, OptimizedAgentSession

session = OptimizedAgentSession(budget_usd=0.25, system_prompt="You answer in one sentence.")

try:
    print(session.turn("summarize", "Summarize what a tide is."))
    print(session.turn("reason", "Is the tide the same everywhere?"))
except (BudgetExceededError, LoopDetectedError) as stopped:
    print(f"Stopped: {stopped}")

print(f"${session.spent:.6f} of ${session.budget:.2f} spent")
