"""Policies: what happens to each entity, where values may go, and what may leave at all.

A policy file (TOML or JSON) is a few lines on top of a built-in one::

    name = "support"
    extends = "default"
    allow = ["Acme Corp"]

    [entities.PERSON]
    prefix = "{Person Name "
    suffix = "}"

    [entities.URL]
    action = "exclude"

    [custom.EMPLOYEE_ID]
    patterns = ["EMP-[0-9]{6}"]

    [restore]
    urls = "never"

Unknown keys, entities and values are errors that name the mistake (`ConfigurationError`).
"""

from llm_guard_protecto.policy.built_in import BUILT_IN
from llm_guard_protecto.policy.custom import CustomEntity
from llm_guard_protecto.policy.paths import Step, any_starts
from llm_guard_protecto.policy.places import Addresses, Restoring, ToolRule
from llm_guard_protecto.policy.rules import Action, EntityRule, default_wrapper
from llm_guard_protecto.policy.surfaces import ROLES, Masking, Surfaces
from llm_guard_protecto.policy.whole import Policy

__all__ = [
    "BUILT_IN",
    "ROLES",
    "Action",
    "Addresses",
    "CustomEntity",
    "EntityRule",
    "Masking",
    "Policy",
    "Restoring",
    "Step",
    "Surfaces",
    "ToolRule",
    "any_starts",
    "default_wrapper",
]
