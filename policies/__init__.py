"""Pure decisions, without input or output: which variant, which answer, which rule."""
