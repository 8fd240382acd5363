"""AWS on a laptop: runs the unchanged Slipway against services that really run. Never packaged."""

from localcloud import quick_imports

quick_imports.prepare()  # before anything of moto is imported
