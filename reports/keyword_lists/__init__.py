"""Keyword lists: immutable versions, the editor, files and checks."""
