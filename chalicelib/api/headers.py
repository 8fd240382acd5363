"""What every answer tells a browser, whoever gives it: our function, or API Gateway by itself."""

from collections.abc import Mapping

# https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html: nothing is taken for another type than
# it says, a year long nobody asks without TLS, and no other page hears from which URL somebody came.
SAFE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
}
