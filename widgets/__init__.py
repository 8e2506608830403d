"""Textual widgets. They know the nouns of `backends.model` and nothing else of ours."""
