"""What the next call of a session is likely to cost, and how long an answer there is money for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .costs import likely_nano
from .usage import TokenCounts

_FIRST_INPUT_TOKENS = 4_000
_FIRST_OUTPUT_TOKENS = 500
_BYTES_PER_TOKEN = 3
# An answer of fewer tokens says nothing.
_LEAST_OUTPUT_TOKENS = 16


@dataclass
class CallHabit:
    """What a session has learned from its calls."""

    calls: int = 0
    output_tokens: int = 0
    """Of all calls."""
    model: Optional[str] = None
    """Of the last call, as the rest."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    last_output_tokens: int = 0

    @property
    def known_tokens(self) -> int:
        """What of the next call the last one has said or heard."""
        return self.prompt_tokens + self.last_output_tokens

    def learn(self, model: str, counts: TokenCounts) -> None:
        """Takes in a call that has ended."""
        self.calls += 1
        self.output_tokens += counts.output
        self.model, self.prompt_tokens, self.last_output_tokens = model, counts.prompt, counts.output
        self.cached_tokens = counts.read + counts.write5m + counts.write1h

    def likely_counts(self, model: str, content: int, max_tokens: int) -> TokenCounts:
        """The next call: what the cache holds is taken to be read from it, by the model that put it there."""
        prompt = content if self.calls else max(_FIRST_INPUT_TOKENS, content)
        read = min(self.cached_tokens, prompt) if self.model == model else 0
        usual = -(-self.output_tokens // self.calls) if self.calls else _FIRST_OUTPUT_TOKENS
        return TokenCounts(input=prompt - read, read=read, output=min(usual, max_tokens))


def affordable_tokens(model: str, prompt: TokenCounts, left_nano: int, at_ms: float) -> int:
    """The longest answer that what is left pays for beside the prompt; never so short that it says nothing."""
    left = left_nano - likely_nano(model, prompt, at_ms)
    each = likely_nano(model, TokenCounts(output=1_000_000), at_ms) // 1_000_000
    return max(_LEAST_OUTPUT_TOKENS, left // max(1, each))


def tokens_in(text: str) -> int:
    """Likely tokens of a text, rather too many."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)
