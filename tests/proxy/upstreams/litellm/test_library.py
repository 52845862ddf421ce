"""litellm is loaded by those who need it and by nobody else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]

ROUTE_WITHOUT = """
import asyncio, sys
from burnish.testing import exchange
from proxy.config.model import Config
from proxy.upstreams.pool import Pool
from proxy.upstreams.router import ModelRouter
from tests.support.upstream import Upstream

async def main():
    async with Upstream() as upstream, Pool() as pool:
        config = Config.model_validate({
            "version": 1,
            "providers": {"local": {"base_url": upstream.base_url}, "claude": {"litellm": "anthropic"}},
            "models": {"fast": {"provider": "local", "model": "a"}, "haiku": {"provider": "claude", "model": "b"}},
            "agents": {"test": {"models": {"default": "fast"}}},
        })
        async with await ModelRouter(config, "test", pool)(exchange()) as reply:
            assert (await reply.collect()).text

asyncio.run(main())
assert "litellm" not in sys.modules
assert "openai" not in sys.modules
"""


def test_calls_to_other_providers_do_not_load_it() -> None:
    subprocess.run([sys.executable, "-c", ROUTE_WITHOUT], check=True, timeout=60, cwd=ROOT)
