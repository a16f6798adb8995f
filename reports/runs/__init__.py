"""What a run does: the sales of its definition, each placed in the funnel, and the figures of them all."""
