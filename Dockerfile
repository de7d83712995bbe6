# agent: plays and evaluates on the stand-in world. minerl and mcio: the same in Minecraft, of 2020 and of today.
#   docker build --target agent -t basalt-iq .
#   docker build --target mcio --build-arg BASE=python:3.12-slim-bookworm -t basalt-iq-mcio .
#   docker run --rm -v "$PWD/runs/cave:/run-folder:ro" -v "$PWD/results:/out" basalt-iq --episodes 20
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS package
COPY . /src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /src

FROM ${BASE} AS agent
# The index with the kind of torch you want; empty for the one of PyPI, which is for CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OMP_WAIT_POLICY=passive \
    HOME=/tmp NUMBA_CACHE_DIR=/tmp/numba-cache WANDB_MODE=disabled
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
COPY constraints.txt /tmp/constraints.txt
COPY --from=package /wheels /tmp/wheels
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
    -c /tmp/constraints.txt "$(echo /tmp/wheels/*.whl)[train,world]" \
 && rm -r /tmp/wheels /tmp/constraints.txt
# Compile the world once, here, not at every start.
RUN NUMBA_CACHE_DIR=/opt/numba-cache python -c "from basalt_iq.world import make; w = make('FindCave'); w.reset(seed=0); w.step({})" \
 && chmod -R a+rX /opt/numba-cache \
 && useradd --uid 1001 --no-create-home player \
 && install -d -o player /out
COPY tools/entrypoint.sh /usr/local/bin/entrypoint
USER 1001
WORKDIR /tmp
VOLUME /out
# Videos grow with every step: half an hour without a change is a hang.
HEALTHCHECK --interval=1m --timeout=10s --start-period=30m \
    CMD ["sh", "-c", "find /out -mmin -30 | grep -q ."]
ENTRYPOINT ["tini", "-g", "--", "entrypoint", "basalt-iq", "evaluate", "--run", "/run-folder", "--out", "/out"]

FROM agent AS mcio
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
    libgl1 libgl1-mesa-dri libglx-mesa0 libopenal1 libxcursor1 libxi6 libxrandr2 libxxf86vm1 xauth xvfb \
 && rm -rf /var/lib/apt/lists/*
# The game and its Java lie in /game/.mcio: a volume, as nobody may hand the game on in an image. Fill it once:
#   docker run --rm -v game:/game/.mcio --entrypoint /opt/mcio/bin/mcio basalt-iq-mcio inst install basalt
ENV HOME=/game BASALT_IQ_MCIO_PYTHON=/opt/mcio/bin/python BASALT_IQ_MCIO_INSTANCE=basalt LIBGL_ALWAYS_SOFTWARE=1
RUN python -c "import sys; sys.exit(0 if sys.version_info >= (3, 12) else 'give --build-arg BASE=python:3.12-slim-bookworm')" \
 && python -m venv /opt/mcio \
 && /opt/mcio/bin/pip install --no-cache-dir "mcio-ctrl==1.5.2" "cbor2<6" \
 && install -d -o player /game /game/.mcio
USER 1001
VOLUME /game/.mcio
ENTRYPOINT ["tini", "-g", "--", "entrypoint", "xvfb-run", "-a", "-s", "-screen 0 1024x768x24 +extension GLX", \
    "basalt-iq", "evaluate", "--run", "/run-folder", "--out", "/out", "--world", "mcio"]

FROM eclipse-temurin:8-jdk AS jdk

FROM agent AS minerl
USER 0
COPY --from=jdk /opt/java/openjdk /opt/java/openjdk
ENV JAVA_HOME=/opt/java/openjdk PATH=/opt/java/openjdk/bin:$PATH LIBGL_ALWAYS_SOFTWARE=1 \
    BASALT_IQ_MINERL_PYTHON=/opt/minerl/bin/python
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
    git libgl1 libgl1-mesa-dri libglib2.0-0 libglx-mesa0 xauth xvfb \
 && rm -rf /var/lib/apt/lists/*
# MineRL has an environment of its own, so that its old numpy and gym are nobody else's.
RUN python -m venv /opt/minerl \
 && /opt/minerl/bin/pip install --no-cache-dir "numpy<1.24" "gym==0.23.1" \
    "minerl @ git+https://github.com/minerllabs/minerl@v1.0.2"
USER 1001
ENTRYPOINT ["tini", "-g", "--", "entrypoint", "xvfb-run", "-a", "-s", "-screen 0 1024x768x24 +extension GLX", \
    "basalt-iq", "evaluate", "--run", "/run-folder", "--out", "/out", "--world", "minerl-1.0"]
