"""How fast Slipway is, measured from outside against the local cloud; `make bench` prints the figures."""
