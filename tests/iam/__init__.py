"""IAM, as far as our policies need it: what they say, what a call asks of them, and whether they allow it."""
