"""`handeye record`: records what a person does in a browser or a program, and writes a suite."""
