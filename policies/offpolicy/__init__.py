"""What a policy would have earned, told from a log of other policies' decisions and their propensities."""

from policies.offpolicy.estimate import Estimate, Method, Missing, estimate, every_variant
from policies.offpolicy.log import Logged, NoSupport, Policy

__all__ = ["Estimate", "Logged", "Method", "Missing", "NoSupport", "Policy", "estimate", "every_variant"]
