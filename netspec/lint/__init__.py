"""Report → further diagnostics: rules that are not shapes, about data, loss, structure and budgets."""
