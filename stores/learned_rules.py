"""The learned rules in force, as workers go by them (`stores.states`). They are kept in `stores.guard_rules`.

What is published is signed, and whoever reads it looks at the signature.
"""

from typing import Final

from records.guard import SignedPolicy
from stores.states import Kind

RULES: Final = Kind("learned_rules", "rules_in_force", SignedPolicy, "learned rules stay as they were")
