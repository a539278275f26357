# PostgreSQL as compose.yaml uses it, from Debian's packages: for machines that have no registry to take postgres:15 from.
# Its entrypoint does what that image's does with the same variables.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql util-linux \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/*/main \
    && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ 2>/dev/null || true
COPY postgres-entrypoint /usr/local/bin/entrypoint
STOPSIGNAL SIGINT
ENTRYPOINT ["entrypoint"]
CMD ["postgres"]
