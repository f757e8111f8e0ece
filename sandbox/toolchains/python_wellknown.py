"""Distributions that may be installed although a project does not declare them: a closed table, because a name that
merely looks right could be anybody's package. No logic here.
"""

# module that is imported -> distribution
MODULES = {
    "aiohttp": "aiohttp",
    "anyio": "anyio",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "click": "click",
    "dateutil": "python-dateutil",
    "django": "Django",
    "faker": "Faker",
    "fastapi": "fastapi",
    "flask": "Flask",
    "freezegun": "freezegun",
    "httpx": "httpx",
    "hypothesis": "hypothesis",
    "jinja2": "Jinja2",
    "lxml": "lxml",
    "mock": "mock",
    "networkx": "networkx",
    "numpy": "numpy",
    "pandas": "pandas",
    "parameterized": "parameterized",
    "pydantic": "pydantic",
    "pytest_asyncio": "pytest-asyncio",
    "pytest_cov": "pytest-cov",
    "pytest_mock": "pytest-mock",
    "pytz": "pytz",
    "requests": "requests",
    "requests_mock": "requests-mock",
    "responses": "responses",
    "rich": "rich",
    "scipy": "scipy",
    "six": "six",
    "sortedcontainers": "sortedcontainers",
    "sympy": "sympy",
    "testfixtures": "testfixtures",
    "toml": "toml",
    "typing_extensions": "typing-extensions",
    "yaml": "PyYAML",
}

# a fixture or mark that tests use -> (module, distribution)
FIXTURES = {
    "mocker": ("pytest_mock", "pytest-mock"),
    "freezer": ("pytest_freezer", "pytest-freezer"),
    "httpx_mock": ("pytest_httpx", "pytest-httpx"),
    "requests_mock": ("requests_mock", "requests-mock"),
    "aiohttp_client": ("pytest_aiohttp", "pytest-aiohttp"),
}
MARKS = {
    "pytest.mark.asyncio": ("pytest_asyncio", "pytest-asyncio"),
    "pytest.mark.django_db": ("pytest_django", "pytest-django"),
    "pytest.mark.anyio": ("anyio", "anyio"),
    "pytest.mark.benchmark": ("pytest_benchmark", "pytest-benchmark"),
}

# an option in the project's pytest settings -> (module, distribution)
OPTIONS = {
    "--cov": ("pytest_cov", "pytest-cov"),
    "-n": ("xdist", "pytest-xdist"),
    "--numprocesses": ("xdist", "pytest-xdist"),
    "--timeout": ("pytest_timeout", "pytest-timeout"),
    "--asyncio-mode": ("pytest_asyncio", "pytest-asyncio"),
    "asyncio_mode": ("pytest_asyncio", "pytest-asyncio"),
    "DJANGO_SETTINGS_MODULE": ("pytest_django", "pytest-django"),
    "--benchmark": ("pytest_benchmark", "pytest-benchmark"),
    "--reruns": ("pytest_rerunfailures", "pytest-rerunfailures"),
    "--randomly": ("pytest_randomly", "pytest-randomly"),
}
