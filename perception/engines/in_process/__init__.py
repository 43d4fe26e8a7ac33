"""InternVL in this process: weights, caches, prefill and decoding."""
