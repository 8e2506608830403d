"""Everything without a screen: nouns, store, backends, call budgets, simulator."""
