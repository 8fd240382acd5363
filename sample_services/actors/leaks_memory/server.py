"""A service that loads its cache before it listens, and never has enough: it grows until it is killed."""

import time

MEBIBYTE = 2**20

if __name__ == "__main__":
    cache: list[bytes] = []
    while True:
        cache.append(b"x" * (64 * MEBIBYTE))
        print(f"{64 * len(cache)} MiB", flush=True)  # noqa: T201
        time.sleep(0.05)
