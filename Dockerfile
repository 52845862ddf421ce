# The proxy in a container: no build tools, not root, and content with a read-only root file system.
#
#   docker build -t burnish .
#   docker run --rm --read-only --tmpfs /tmp -v burnish:/var/lib/burnish -p 127.0.0.1:8400:8400 -e OPENAI_API_KEY burnish

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN ["python", "-m", "venv", "/opt/burnish"]
# Before the sources, so that an edit of them does not install everything again.
COPY requirements/local.txt ./
RUN ["/opt/burnish/bin/pip", "install", "--require-hashes", "--requirement", "local.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY burnish burnish
COPY console console
COPY evaluators evaluators
COPY learners learners
COPY middleware middleware
COPY policies policies
COPY proxy proxy
COPY records records
COPY stores stores
RUN ["/opt/burnish/bin/pip", "install", "--no-deps", "--no-build-isolation", "."]

FROM python:3.13-slim-trixie
RUN groupadd --system --gid 10001 burnish \
    && useradd --system --uid 10001 --gid burnish --create-home --home-dir /var/lib/burnish burnish
COPY --from=build /opt/burnish /opt/burnish
COPY deploy/burnish.yaml /etc/burnish/burnish.yaml
ENV PATH=/opt/burnish/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BURNISH_CONFIG=/etc/burnish/burnish.yaml \
    BURNISH_CACHE=/var/lib/burnish/cache
USER 10001:10001
WORKDIR /var/lib/burnish
VOLUME /var/lib/burnish
EXPOSE 8400
# The address is that of deploy/burnish.yaml.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-ISc", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8400/healthz', timeout=2)"]
ENTRYPOINT ["burnish"]
CMD ["serve"]
