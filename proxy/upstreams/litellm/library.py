"""litellm itself, which costs seconds and 140 MB: imported when the first call needs it, and kept quiet."""

import asyncio
import importlib
import logging
import os
from typing import Any, Final

_ENVIRONMENT: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # Else it fetches its price table from the network when imported.
    "LITELLM_MODE": "PRODUCTION",  # Else it reads `.env` files.
}


class LitellmLibrary:
    """The module, once loaded. One per worker."""

    def __init__(self) -> None:
        self._module: Any = None
        self._loading = asyncio.Lock()

    async def load(self) -> Any:
        """Imports it in a thread, so that other calls go on meanwhile."""
        if self._module is None:
            async with self._loading:
                if self._module is None:
                    self._module = await asyncio.to_thread(_load)
        return self._module


def _load() -> Any:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.drop_params = False
    litellm.modify_params = False
    litellm.turn_off_message_logging = True
    litellm.disable_end_user_cost_tracking = True
    for callbacks in (
        "callbacks",
        "input_callback",
        "success_callback",
        "failure_callback",
        "_async_success_callback",
        "_async_failure_callback",
    ):
        setattr(litellm, callbacks, [])
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm
