"""How reliable it is: what survives kills, long runs and hostile pages, as figures."""
