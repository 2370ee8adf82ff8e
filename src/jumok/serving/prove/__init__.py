"""`jumok serve --prove`: a server under load and attack, measured from outside."""
