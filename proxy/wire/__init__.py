"""Wire formats: the APIs a client may speak, each bytes → `ChatRequest` and `Reply` → bytes."""
