"""The same work in JAX, jitted, on the networks of argv[2]. Reads lines of {"spec", "work", "runs"}, answers lines of {"ms": [...]}."""
import json
import os
import sys
import time

os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={sys.argv[1]}"
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

ACTIVATIONS = {"lrelu": lambda x: jnp.where(x > 0, x, 0.2 * x), "relu": jax.nn.relu, "tanh": jnp.tanh}


def weights(spec, key):
    shapes = []
    (height, width, channels), flat = spec["image"], False
    for layer in spec["layers"]:
        if layer["kind"] == "conv":
            shapes.append((layer["kernel"], layer["kernel"], channels, layer["channels"]))
            height, width = -(-height // layer["stride"]), -(-width // layer["stride"])
            channels = layer["channels"]
            shapes.append((channels,))
        elif layer["kind"] == "pool":
            height, width = height // layer["size"], width // layer["size"]
        elif layer["kind"] == "dense":
            shapes.append((channels if flat else height * width * channels, layer["units"]))
            channels, flat = layer["units"], True
            shapes.append((channels,))
    return [0.1 * jax.random.normal(k, s) for k, s in zip(jax.random.split(key, len(shapes)), shapes)]


def dropout(x, key, keep):
    return x if key is None else jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)


def apply(spec, w, x, key=None):
    keys = [None] * len(spec["layers"]) if key is None else jax.random.split(key, len(spec["layers"]))
    rest = iter(w)
    dims = ("NHWC", "HWIO", "NHWC")
    for layer, own in zip(spec["layers"], keys):
        kind = layer["kind"]
        if kind == "conv":
            stride = (layer["stride"], layer["stride"])
            x = jax.lax.conv_general_dilated(x, next(rest), stride, "SAME", dimension_numbers=dims) + next(rest)
        elif kind == "pool":
            size = (1, layer["size"], layer["size"], 1)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, size, size, "VALID")
        elif kind == "dense":
            x = x.reshape(x.shape[0], -1) @ next(rest) + next(rest)
        elif kind == "dropout":
            x = dropout(x, own, layer["keep"])
        else:
            x = ACTIVATIONS[kind](x)
    return x


def adam(gradient, w, m, v, t):
    m = [0.9 * a + 0.1 * b for a, b in zip(m, gradient)]
    v = [0.999 * a + 0.001 * b * b for a, b in zip(v, gradient)]
    scale = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return [a - scale * b / (jnp.sqrt(c) + 1e-8) for a, b, c in zip(w, m, v)], m, v


def works(spec):
    key = jax.random.key(1)
    batch = spec["batch"]
    images = jax.random.uniform(key, (batch, *spec["image"]))
    labels = jnp.arange(batch) % spec["classes"]

    def losses(w, x, y, key=None):
        logits = jax.nn.log_softmax(apply(spec, w, x, key))
        return -jnp.take_along_axis(logits, y[:, None], 1)[:, 0]

    def mean(w, x, y, key=None):
        return losses(w, x, y, key).mean()

    w = weights(spec, key)
    d = weights(spec, jax.random.key(2))
    state = [w, [0 * x for x in w], [0 * x for x in w], 1]
    jit_step = jax.jit(lambda w, m, v, t, x, y, key: adam(jax.grad(mean)(w, x, y, key), w, m, v, t))
    jit_forward = jax.jit(lambda w, x: apply(spec, w, x))
    jit_hvp = jax.jit(lambda w, d, x, y: jax.jvp(lambda p: jax.grad(mean)(p, x, y), (w,), (d,))[1])
    jit_jvp = jax.jit(lambda w, d, x, y: jax.jvp(lambda p: losses(p, x, y), (w,), (d,)))
    jit_each = jax.jit(jax.vmap(lambda w, x, y: jax.grad(mean)(w, x[None], y[None]), (None, 0, 0)))

    def step():
        state[0], state[1], state[2] = jit_step(*state, images, labels, jax.random.fold_in(key, state[3]))
        state[3] += 1
        return state[0]

    return {
        "forward": lambda: jit_forward(w, images),
        "step": step,
        "hvp": lambda: jit_hvp(w, d, images, labels),
        "jvp": lambda: jit_jvp(w, d, images, labels),
        "gradients": lambda: jit_each(w, images, labels),
    }


made = {}
specs = json.loads(sys.argv[2])
print(json.dumps({"version": jax.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    number = request["spec"]
    if number not in made:
        made[number] = works(specs[number])
    work = made[number][request["work"]]
    ms = []
    for _ in range(request["runs"]):
        begin = time.perf_counter()
        jax.block_until_ready(work())
        ms.append((time.perf_counter() - begin) * 1000)
    print(json.dumps({"ms": ms}), flush=True)
