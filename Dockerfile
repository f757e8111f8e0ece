# FixBugs as one image for the web and worker processes. Which of them runs, compose.yaml says.
# BASE can be any image with Python 3.11 or newer, its venv module, and apt: docker build --build-arg BASE=… .
# Where pip needs settings or a CA of your own, give them as the secrets `pip` and `ca`: docs/server.md says how. No trace
# of them stays in the image.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
RUN python3 -m venv /opt/fixbugs
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY pyproject.toml ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    python3 -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > dependencies.txt \
 && /opt/fixbugs/bin/pip install --no-cache-dir --requirement dependencies.txt
COPY README.md LICENSE app.py app.yml ./
COPY bot bot
COPY handlers handlers
COPY sandbox sandbox
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    /opt/fixbugs/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
# git reads repositories; their code runs on a Docker engine, which may be one that ssh leads to, or, where the operator
# says so, in namespaces that bubblewrap makes.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends bubblewrap ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/fixbugs /opt/fixbugs
# Volumes that are mounted here take over the owner. The credentials have a folder of their own, because only the web
# process may write there.
RUN useradd --uid 10002 --user-group --no-create-home --home-dir /var/lib/fixbugs --shell /usr/sbin/nologin fixbugs \
 && install -d -o fixbugs -g fixbugs -m 0700 /var/lib/fixbugs /var/lib/fixbugs-credentials
ENV PATH=/opt/fixbugs/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/fixbugs \
    FIXBUGS_CACHE_DIR=/var/lib/fixbugs \
    FIXBUGS_CREDENTIALS_FILE=/var/lib/fixbugs-credentials/credentials.json
USER 10002:10002
WORKDIR /var/lib/fixbugs
EXPOSE 8000
# Both processes end on SIGTERM; a worker first hands back what it works on.
STOPSIGNAL SIGTERM
CMD ["fixbugs", "serve", "--host", "0.0.0.0"]
