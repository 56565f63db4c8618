"""The programs in the documents, run as their readers would type them."""

import re
from pathlib import Path
from typing import Any, Dict

import pytest

pytest.importorskip("anthropic")

import runguard  # noqa: E402

_PACKAGE = Path(__file__).parent.parent
_DOCUMENTS = [_PACKAGE / "README.md", _PACKAGE.parent / "docs" / "guides" / "python.md"]


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.name)
def test_the_programs_of_a_document_run(document: Path, gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not document.exists():
        pytest.skip(f"{document.name} is not part of the source package")
    guard = runguard.guard

    def guard_here(client: Any = None, gateway: str = "", **account: Any) -> Any:
        return guard(client, gateway_url, **account)

    monkeypatch.setattr(runguard, "guard", guard_here)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", gateway_url)
    programs = re.findall(r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(programs) >= 2
    # One after the other: later ones go on with what earlier ones have made.
    names: Dict[str, Any] = {"__name__": "__main__"}
    for program in programs:
        exec(compile(program, document.name, "exec"), names)
    assert 0 < names["session"].spent < names["session"].budget
