# One image for every process of a deployment; alone it serves everything, as bin/run does:
#   docker run --publish 8000:8000 --volume holdfast:/data holdfast

FROM python:3.13-slim AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/holdfast
COPY deploy/requirements-pdf.txt /tmp/
RUN /opt/holdfast/bin/python -m pip install --require-hashes --requirement /tmp/requirements-pdf.txt

FROM environment AS test-environment
COPY deploy/requirements-dev.txt /tmp/
RUN /opt/holdfast/bin/python -m pip install --require-hashes --requirement /tmp/requirements-dev.txt

FROM python:3.13-slim AS base
ENV PATH=/opt/holdfast/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=settings.project \
    DATA_DIR=/data
# What WeasyPrint draws receipts and invoices with, and the letters of most scripts.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin holdfast \
    && install --directory --owner holdfast --group holdfast /data /data/static
WORKDIR /app

# The suite, against the services of docker-compose.yml: docker compose run --rm test
FROM base AS test
COPY --from=test-environment /opt/holdfast /opt/holdfast
COPY --chown=holdfast:holdfast . .
RUN chown holdfast:holdfast /app
USER holdfast
CMD ["pytest", "--numprocesses", "auto", "--maxprocesses", "8", "-p", "no:cacheprovider"]

FROM base AS production
COPY --from=environment /opt/holdfast /opt/holdfast
COPY manage.py pyproject.toml LICENSE ./
COPY deploy/gunicorn.conf.py deploy/healthy.py deploy/
COPY api api
COPY config config
COPY desk desk
COPY guests guests
COPY hooks hooks
COPY notices notices
COPY payments payments
COPY reservations reservations
COPY settings settings
COPY spelling spelling
COPY venues venues
COPY web web
USER holdfast
VOLUME /data
EXPOSE 8000
ENV HOST=0.0.0.0 PORT=8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "deploy/healthy.py"]
CMD ["python", "manage.py", "serve"]
