"""Which past answers may be shown, which are, and whether that helps: pure decisions over figures and vectors."""
