"""The web application: `create_app()` for Flask and gunicorn. Routes are in `bot.web`."""
