"""Masking under a policy of your own, answered in Protecto's JSON. Runs offline."""

import json
from pathlib import Path

from llm_guard_protecto import LocalVault, Policy

TEXT = (
    "Sarah Johnson recently moved to 456 Elm Avenue, Boston, "
    "and you can reach her at (555) 987-6543 or https://www.example.com"
)

policy = Policy.load(Path(__file__).with_name("policy.toml"))

with LocalVault("memory:", policy=policy) as vault:
    [masked] = vault.mask([TEXT])
    [restored] = vault.unmask([masked.token_value])

answer = {
    "value": masked.value,
    "token_value": masked.token_value,
    "individual_tokens": [
        {
            "value": token.value,
            "pii_type": token.pii_type,
            "token": token.token,
            "prefix": token.prefix,
            "suffix": token.suffix,
            "start_pos": token.start_pos,
            "end_pos": token.end_pos,
        }
        for token in masked.individual_tokens
    ],
    "excluded_entities": [
        {
            "value": left.value,
            "pii_type": left.pii_type,
            "start_pos": left.start_pos,
            "end_pos": left.end_pos,
        }
        for left in masked.excluded_entities
    ],
}
print(json.dumps({"data": [answer], "success": True, "error": {"message": ""}}, indent=2))
assert restored.value == TEXT
