"""Published benchmarks for agents: MiniWoB++, WebArena, OSWorld, and the interface of BrowserGym."""
