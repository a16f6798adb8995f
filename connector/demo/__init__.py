"""The embedded default: stand-ins for the outside world, spoken to over real sockets."""
