# Caddy with our configurations: the proxy in front of the backend, HTTPS, and the check of Host headers.
# Built from the repository's root: docker build -f infrastructure/containers/frontend.Dockerfile .
FROM caddy:2.11.7-alpine
# The image's own binary carries a file capability, and a container that may gain none cannot start it: a copy has none.
RUN cp /usr/bin/caddy /usr/bin/caddy.plain \
 && mv /usr/bin/caddy.plain /usr/bin/caddy \
 && mkdir -p /data/caddy \
 && chown -R 10002:10002 /data
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/tmp HOME=/tmp
COPY infrastructure/containers/*.Caddyfile /etc/caddy/
COPY --chmod=0755 infrastructure/containers/tls-start /usr/local/bin/tls-start
USER 10002:10002
WORKDIR /tmp
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/ui/"]
CMD ["caddy", "run", "--config", "/etc/caddy/frontend.Caddyfile", "--adapter", "caddyfile"]
