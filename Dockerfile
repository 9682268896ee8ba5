# Two images from one file:
#   docker build --target api    …   the API, without torch
#   docker build --target worker …   the trainer

ARG PYTHON_IMAGE=python:3.11.14-slim-trixie

FROM ${PYTHON_IMAGE} AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/srv/clinic \
    PATH=/opt/venv/bin:$PATH \
    CLINIC_HOME=/var/lib/clinic
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin clinic \
 && install --directory --mode 0700 --owner clinic --group clinic /var/lib/clinic
WORKDIR /srv/clinic

FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv

FROM build AS api-packages
COPY requirements/api.lock requirements/
RUN pip install --require-hashes --requirement requirements/api.lock

FROM build AS worker-packages
COPY requirements/worker.lock requirements/
RUN pip install --require-hashes --requirement requirements/worker.lock
# torch's CPU and CUDA builds differ under one version, so it has no hash; TORCH_FLAGS chooses
ARG TORCH_FLAGS=""
RUN pip install ${TORCH_FLAGS} torch==2.13.0

FROM base AS api
COPY --from=api-packages /opt/venv /opt/venv
COPY migrations migrations
COPY app app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "app.server", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS worker
COPY --from=worker-packages /opt/venv /opt/venv
COPY app app
COPY worker worker
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s \
    CMD ["sh", "-c", "CELERY_BROKER_URL=$CLINIC_BROKER_URL exec python -m celery inspect ping --timeout 10 --destination worker@$HOSTNAME"]
CMD ["sh", "-c", "exec python -m celery --app worker.main worker --pool threads --concurrency ${CLINIC_SLOTS:-1} --hostname worker@$HOSTNAME --loglevel INFO --without-gossip --without-mingle"]
