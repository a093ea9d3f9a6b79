"""A program written for LLM Guard, with one import changed. Runs offline."""

from llm_guard_protecto import LocalVault
from llm_guard_protecto.integrations.llm_guard import (
    Anonymize,
    Deanonymize,
    Vault,
    scan_output,
    scan_prompt,
)

PROMPT = "Write to Sarah Johnson (sarah.johnson@example.com) about Project Falcon."

vault = Vault(tokens=LocalVault("memory:"))  # leave it out to use the vault in your data directory
scanners = [Anonymize(vault, hidden_names=["Falcon"])]

prompt, valid, risk = scan_prompt(scanners, PROMPT)
print("sent: ", prompt)
reply = f"Done. {prompt}"  # a model answers here
reply, valid, risk = scan_output([Deanonymize(vault)], prompt, reply)
print("reply:", reply)
