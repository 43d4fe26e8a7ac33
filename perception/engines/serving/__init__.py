"""InternVL behind a server: the engine for a running server, and starting vLLM."""
