"""How fast, cheap and careful Slipway is, measured from outside against the local cloud, beside its peers."""
