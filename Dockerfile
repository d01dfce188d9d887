# The API's image: a virtual environment from hash-locked wheels, and Python. `docker-compose.yml`
# runs it; docs/deployment.md says with which variables.

FROM python:3.13.15-slim-trixie AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The locks alone first, so that a change of the code does not fetch every dependency again. The build
# back end goes to this stage's own Python: nothing of it reaches the image. Only wheels: there is no
# compiler here, and none should be needed.
COPY requirements/base.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/isthmus \
    && pip --python /opt/isthmus/bin/python install --require-hashes --only-binary :all: -r requirements/base.txt \
    && pip install --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE schema.graphql ./
COPY app app
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/isthmus/bin/python install --no-deps --no-index dist/*.whl

# Beside the package, where a checkout has them too.
RUN cp -r migrations schema.graphql /opt/isthmus/lib/python3.13/site-packages/
COPY deploy/healthcheck.py /opt/isthmus/healthcheck.py


FROM python:3.13.15-slim-trixie

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Isthmus" \
      org.opencontainers.image.description="One GraphQL API over PostgreSQL and MongoDB, with live subscriptions over Redis" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13.15-slim-trixie"

# A volume mounted at the home takes over this owner. The account needs no name and no shell.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/isthmus
COPY --from=builder /opt/isthmus /opt/isthmus

# Production unless told otherwise: a bare `docker run` refuses to start without its secrets.
ENV PATH=/opt/isthmus/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 \
    ISTHMUS_ENV=production ISTHMUS_HOME=/var/lib/isthmus HOST=0.0.0.0 PORT=8000

USER 10001:10001
WORKDIR /var/lib/isthmus
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/isthmus/healthcheck.py"]
ENTRYPOINT ["isthmus"]
CMD ["serve"]
