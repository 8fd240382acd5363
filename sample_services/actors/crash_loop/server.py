"""A service that dies as soon as it has started."""

import sys

sys.exit("cannot reach the database at db.internal:5432")
