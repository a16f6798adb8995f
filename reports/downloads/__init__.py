"""Results as files: streamed, prepared, and every one of them recorded."""
