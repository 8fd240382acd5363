"""AWS on a laptop: runs the unchanged Slipway against services that really run. Never packaged."""
