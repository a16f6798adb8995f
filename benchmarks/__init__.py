"""What is fast, measured beside a yardstick in the same run: machines are noisy, ratios are not."""
