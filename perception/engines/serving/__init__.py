"""InternVL behind a server: asking one that runs, and starting one."""
