# The server as one small image, run by a user without rights.
#   docker build -t chairside .
#   docker run -p 127.0.0.1:8080:8080 -v chairside:/data -e CHAIRSIDE_TRUSTED_PROXIES=172.17.0.1/32 chairside
# Plain HTTP is spoken to named proxies only: here to the host, by the bridge's address, where a proxy does TLS. Or let the
# server do TLS itself: mount certificate and key, and set CHAIRSIDE_TLS_CERT and CHAIRSIDE_TLS_KEY.

FROM rust:1.95-slim-bookworm AS build
# A C compiler for the bundled SQLite and libpq, OpenSSL's headers for TLS towards PostgreSQL.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev libssl-dev pkg-config
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY migrations migrations
RUN cargo build --release --locked --features postgres-tls

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin chairside \
    && install --directory --owner=chairside --mode=0700 /data
COPY --from=build /build/target/release/chairside /usr/local/bin/chairside
COPY LICENSE /usr/share/doc/chairside/LICENSE
USER 10001
WORKDIR /data
VOLUME /data
ENV DATABASE_URL=sqlite:///data/chairside.db CHAIRSIDE_BIND=0.0.0.0:8080 CHAIRSIDE_KEYS=/data/keys
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["chairside", "healthcheck"]
ENTRYPOINT ["chairside"]
CMD ["serve"]
