"""Suite files: their schema, how they are read with line numbers, and how they expand to scenarios."""
