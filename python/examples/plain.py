"""One line puts a client behind a budget. Needs a gateway that runs: npx runguard start"""

import os

import runguard

client = runguard.guard(
    gateway=os.environ.get("RUNGUARD_GATEWAY", "http://127.0.0.1:4141"), project="facts", tags=["example"]
)
question = "Tell me one fact about the sea."

try:
    message = client.messages.create(
        model=runguard.select_model("summarize", 100),
        max_tokens=200,
        messages=[{"role": "user", "content": question}],
    )
    print("".join(block.text for block in message.content if block.type == "text"))
    print(f"${runguard.cost(message.usage, message.model).usd:.6f}")
except runguard.BudgetExceededError as refused:
    print(f"Refused: {refused} ({refused.spent_usd} of {refused.limit_usd} dollars are spent)")
