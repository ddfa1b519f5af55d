# The app in a container: docker build -t qamro . ; see docs/operate.md.
# CUDA: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130, and docker run --gpus all.
FROM python:3.11-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /src
COPY requirements.txt requirements.lock ./
# torch and what it needs of CUDA come from its index; all else by version and hash.
RUN python -m venv /opt/qamro \
 && /opt/qamro/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)" \
 && awk '/^[a-z]/ {keep = !/^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+)==/} keep' requirements.lock > rest.lock \
 && /opt/qamro/bin/pip install --no-cache-dir --no-deps --require-hashes -r rest.lock
COPY . .
RUN /opt/qamro/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --uid 1000 --create-home qamro && mkdir /data /tmp/gradio && chown qamro /data /tmp/gradio
COPY --from=build /opt/qamro /opt/qamro
ENV PATH=/opt/qamro/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/tmp/gradio \
    QAMRO_CACHE=/data \
    HF_HOME=/data/hub \
    QAMRO_LOG=json
USER qamro
VOLUME ["/data"]
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["qamro", "serve"]
