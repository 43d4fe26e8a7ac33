"""InternVL in this process: its weights, its caches, and a loop of our own that reads prompts and writes answers."""
