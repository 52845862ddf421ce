"""What plugin authors import: the names a step is written with. The command line lives in `burnish.cli`."""

from middleware.exchange import Agent, Exchange
from middleware.messages import ChatRequest, Chunk, Completion, Message, Tool, ToolCall
from middleware.protocol import Handler, Middleware, Settings
from middleware.reply import Ending, Reply
from middleware.services import Services

__all__ = [
    "Agent",
    "ChatRequest",
    "Chunk",
    "Completion",
    "Ending",
    "Exchange",
    "Handler",
    "Message",
    "Middleware",
    "Reply",
    "Services",
    "Settings",
    "Tool",
    "ToolCall",
]
