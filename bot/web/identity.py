"""Who the server is on the forge, as its processes learn it: out of the settings or, once somebody has created the App
on the set-up page, out of the file where that page (of any process) stored it.
Writing the file is `bot.web.credentials_file`'s."""

from __future__ import annotations

from bot.core.errors import InputError
from bot.settings import AppCredentials, ServerSettings, credentials_from


class Identity:
    """The App's credentials, looked for until they are there and then kept."""

    def __init__(self, settings: ServerSettings) -> None:
        self._file = settings.credentials_file
        self._known = settings.credentials

    def credentials(self) -> AppCredentials | None:
        """None while no App was created. Raises InputError when there is a file that cannot be used."""
        if self._known is None and self._file.is_file():
            self._known = credentials_from(self._file)
        return self._known

    def known(self) -> bool:
        """Whether an App was created, also when its credentials cannot be used: nobody may create another over it."""
        try:
            return self.credentials() is not None
        except InputError:
            return True
