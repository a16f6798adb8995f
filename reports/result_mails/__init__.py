"""The result of a scheduled job by mail, to users of the desk."""
