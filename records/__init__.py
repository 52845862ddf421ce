"""The records Burnish keeps: plain types, their JSON, and their mapping to OpenTelemetry traces."""

from records.run import Assignment, Attempt, Fact, JsonValue, Run, SideCall, Step, ToolEvent, Usage

__all__ = ["Assignment", "Attempt", "Fact", "JsonValue", "Run", "SideCall", "Step", "ToolEvent", "Usage"]
