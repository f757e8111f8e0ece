"""The web side: routes of the Flask application. What a delivery asks for is decided in `handlers/`, and carried out by
workers; nothing slow happens here."""
