# The gateway in a container. Not run by the tests of this repository: they have no container engine.
#
#   docker build -t runguard .
#   docker run -p 4141:4141 -v runguard:/data -e RUNGUARD_ADMIN_TOKEN -e ANTHROPIC_API_KEY runguard

FROM node:20-slim AS build
WORKDIR /house
COPY . .
RUN node scripts/setup.mjs \
  && mkdir /packed \
  && npm pack --ignore-scripts --pack-destination /packed \
    --workspace packages/sdk --workspace packages/gateway --workspace packages/simulator \
    --workspace packages/cli

FROM node:20-slim
COPY --from=build /packed /packed
# The last is for access.oidc, and wanted nowhere else.
RUN npm install --global --no-audit --no-fund /packed/*.tgz openid-client@6 && npm cache clean --force && rm -rf /packed
COPY deploy/runguard.yaml /etc/runguard/runguard.yaml
ENV NODE_ENV=production RUNGUARD_HOME=/data
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4141
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4141/runguard/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["runguard"]
CMD ["start", "--host", "0.0.0.0", "--config", "/etc/runguard/runguard.yaml"]
