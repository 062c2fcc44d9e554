"""The same work in JAX, jitted. Reads lines of {"work", "runs"}, answers lines of {"ms": [...]} on standard output."""
import json
import os
import sys
import time

os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={sys.argv[1]}"
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

BATCH = 256
key = jax.random.key(1)
images = jax.random.uniform(key, (BATCH, 28, 28, 1))
labels = jnp.arange(BATCH) % 10


def weights(key):
    shapes = [(3, 3, 1, 8), (8,), (3, 3, 8, 16), (16,), (3, 3, 16, 32), (32,), (512, 32), (32,), (32, 10), (10,)]
    return [0.1 * jax.random.normal(k, s) for k, s in zip(jax.random.split(key, len(shapes)), shapes)]


def lrelu(x):
    return jnp.where(x > 0, x, 0.2 * x)


def dropout(x, key):
    return x if key is None else jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2 * x, 0)


def net(w, x, key=None):
    first, second = (None, None) if key is None else jax.random.split(key)
    for i in range(3):
        dims = ("NHWC", "HWIO", "NHWC")
        x = lrelu(jax.lax.conv_general_dilated(x, w[2 * i], (2, 2), "SAME", dimension_numbers=dims) + w[2 * i + 1])
    x = lrelu(dropout(x.reshape(x.shape[0], -1) @ w[6] + w[7], first))
    return dropout(x @ w[8] + w[9], second)


def losses(w, x, y, key=None):
    logits = jax.nn.log_softmax(net(w, x, key))
    return -jnp.take_along_axis(logits, y[:, None], 1)[:, 0]


def mean(w, x, y, key=None):
    return losses(w, x, y, key).mean()


def adam(w, m, v, t, x, y, key):
    g = jax.grad(mean)(w, x, y, key)
    m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
    v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
    scale = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return [a - scale * b / (jnp.sqrt(c) + 1e-8) for a, b, c in zip(w, m, v)], m, v


w = weights(key)
d = weights(jax.random.key(2))
state = [w, [0 * x for x in w], [0 * x for x in w], 1]
jit_step = jax.jit(adam)
jit_forward = jax.jit(net)
jit_hvp = jax.jit(lambda w, d: jax.jvp(lambda p: jax.grad(mean)(p, images, labels), (w,), (d,))[1])
jit_jvp = jax.jit(lambda w, d: jax.jvp(lambda p: losses(p, images, labels), (w,), (d,)))
jit_each = jax.jit(jax.vmap(lambda w, x, y: jax.grad(mean)(w, x[None], y[None]), (None, 0, 0)))


def step():
    state[0], state[1], state[2] = jit_step(*state, images, labels, jax.random.fold_in(key, state[3]))
    state[3] += 1
    return state[0]


works = {
    "forward": lambda: jit_forward(w, images),
    "training step (Adam)": step,
    "HVP": lambda: jit_hvp(w, d),
    "per-example losses' jvp": lambda: jit_jvp(w, d),
    "per-example gradients": lambda: jit_each(w, images, labels),
}
print(json.dumps({"version": jax.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    work = works[request["work"]]
    ms = []
    for _ in range(request["runs"]):
        begin = time.perf_counter()
        jax.block_until_ready(work())
        ms.append((time.perf_counter() - begin) * 1000)
    print(json.dumps({"ms": ms}), flush=True)
