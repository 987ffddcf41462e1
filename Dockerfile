# Tagboat with everything that its three parts need: `web`, `worker` and `beat` are the same image.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/tagboat
# With every extra: a cloud's login or a keyless signature must not need another image.
COPY requirements-image.lock ./
RUN /opt/tagboat/bin/pip install --no-cache-dir --require-hashes --requirement requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY workers workers
RUN /opt/tagboat/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# git and ssh serve the plain `git` forge; ssh and gnupg sign its commits.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client gnupg \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/tagboat tagboat
COPY --from=build /opt/tagboat /opt/tagboat
ENV PATH=/opt/tagboat/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TAGBOAT_CONFIG=/etc/tagboat/tagboat.yaml
USER tagboat
WORKDIR /var/lib/tagboat
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["tagboat"]
CMD ["up"]
