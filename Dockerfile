# One image for every process of the cluster; the compose file chooses the command.
# Built in two steps so that the running image carries no compiler and no package cache.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/collateral
COPY requirements.lock ./
RUN /opt/collateral/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY beat beat
COPY cli cli
COPY client client
COPY compute compute
COPY core core
COPY embedded embedded
COPY services services
COPY storage storage
COPY tasks tasks
COPY workers workers
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir "hatchling>=1.27" \
    && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/collateral/bin/pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/collateral collateral
COPY --from=build /opt/collateral /opt/collateral
ENV PATH=/opt/collateral/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/var/lib/collateral/numba \
    PROMETHEUS_MULTIPROC_DIR=/tmp/collateral-metrics
USER collateral
WORKDIR /var/lib/collateral
ENTRYPOINT ["collateral"]
CMD ["--help"]
