#!/usr/bin/env python3
"""Logits of tiny checkpoints as modeling_llama.py, modeling_qwen2.py, modeling_qwen3.py,
modeling_mixtral.py, modeling_deepseek_v2.py and modeling_deepseek_v3.py of
github.com/huggingface/transformers compute them, in plain Python and doubles.

Prints what hf_logits.txt holds: config.json, tensors, a text and the logits after its last token.
Weights follow from a tensor's name alone and are exact in bf16, fp16 and fp32.

  python3 tests/golden/checkpoint/hf_logits.py > tests/golden/checkpoint/hf_logits.txt
"""
import json
import math

MASK = (1 << 64) - 1
TEXT = [3, 17, 0, 39, 22, 5, 5, 31, 8, 12, 26, 1]


def codes(name, count):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield ((state >> 40) & 0xFF) - 128


class Model:
    def __init__(self, config):
        self.c = config
        self.tensors = {}

    def matrix(self, name, rows, columns):
        values = [v / 1024 for v in codes(name, rows * columns)]
        self.tensors[name] = [rows, columns]
        return [values[r * columns:(r + 1) * columns] for r in range(rows)]

    def vector(self, name, size, around):
        self.tensors[name] = [size]
        if around == 1:
            return [1 + math.trunc(v / 8) / 128 for v in codes(name, size)]
        return [v / 1024 for v in codes(name, size)]

    def norm(self, x, weight):
        scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + self.c["rms_norm_eps"])
        return [v * scale * w for v, w in zip(x, weight)]

    def mlp(self, x, gate, up, down):
        g, u = times(gate, x), times(up, x)
        return times(down, [a / (1 + math.exp(-a)) * b for a, b in zip(g, u)])

    def heads(self, x, count, weight, bias, norm, position, rotate):
        d = self.c["head_dim"]
        flat = times(weight, x)
        if bias:
            flat = [a + b for a, b in zip(flat, bias)]
        out = []
        for h in range(count):
            head = flat[h * d:(h + 1) * d]
            if norm:
                head = self.norm(head, norm)
            out.append(self.rotated(head, position) if rotate else head)
        return out

    def rotated(self, head, position):
        d = len(head)
        inv = [1 / self.c["rope_theta"] ** (2 * i / d) for i in range(d // 2)]
        cos = [math.cos(position * f) for f in inv] * 2
        sin = [math.sin(position * f) for f in inv] * 2
        half = [-v for v in head[d // 2:]] + head[:d // 2]  # rotate_half
        return [a * c + b * s for a, b, c, s in zip(head, half, cos, sin)]

    def attention(self, prefix, rows):
        c, p = self.c, prefix + "self_attn."
        d, n, kv = c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"]
        parts = {}
        for part, count in (("q", n), ("k", kv), ("v", kv)):
            weight = self.matrix(p + part + "_proj.weight", count * d, c["hidden_size"])
            bias = None
            if c["model_type"] == "qwen2":
                bias = self.vector(p + part + "_proj.bias", count * d, 0)
            norm = None
            if c["model_type"] == "qwen3" and part != "v":
                norm = self.vector(p + part + "_norm.weight", d, 1)
            parts[part] = [self.heads(x, count, weight, bias, norm, t, part != "v")
                           for t, x in enumerate(rows)]
        out = self.matrix(p + "o_proj.weight", c["hidden_size"], n * d)
        results = []
        for t in range(len(rows)):
            flat = []
            for h in range(n):
                g = h // (n // kv)
                scores = [sum(a * b for a, b in zip(parts["q"][t][h], parts["k"][s][g]))
                          / math.sqrt(d) for s in range(t + 1)]
                weights = softmax(scores)
                flat += [sum(w * parts["v"][s][g][i] for s, w in enumerate(weights))
                         for i in range(d)]
            results.append(times(out, flat))
        return results

    def ffn(self, prefix, rows):
        c = self.c
        h, f = c["hidden_size"], c["intermediate_size"]
        if c["model_type"] != "mixtral":
            gate, up = (self.matrix(f"{prefix}mlp.{n}_proj.weight", f, h) for n in ("gate", "up"))
            down = self.matrix(prefix + "mlp.down_proj.weight", h, f)
            return [self.mlp(x, gate, up, down) for x in rows]
        p = prefix + "block_sparse_moe."
        router = self.matrix(p + "gate.weight", c["num_local_experts"], h)
        experts = []
        for e in range(c["num_local_experts"]):
            q = f"{p}experts.{e}."
            experts.append((self.matrix(q + "w1.weight", f, h), self.matrix(q + "w3.weight", f, h),
                            self.matrix(q + "w2.weight", h, f)))
        results = []
        for x in rows:
            weights = softmax(times(router, x))
            chosen = sorted(range(len(weights)), key=lambda e: -weights[e])
            chosen = chosen[:c["num_experts_per_tok"]]
            total = sum(weights[e] for e in chosen)
            sums = [0.0] * h
            for e in chosen:
                y = self.mlp(x, *experts[e])
                sums = [a + weights[e] / total * b for a, b in zip(sums, y)]
            results.append(sums)
        return results

    def logits(self, text):
        c = self.c
        table = self.matrix("model.embed_tokens.weight", c["vocab_size"], c["hidden_size"])
        rows = [list(table[token]) for token in text]
        for layer in range(c["num_hidden_layers"]):
            p = f"model.layers.{layer}."
            for name, block in (("input_layernorm", self.attention),
                                ("post_attention_layernorm", self.ffn)):
                weight = self.vector(p + name + ".weight", c["hidden_size"], 1)
                out = block(p, [self.norm(x, weight) for x in rows])
                rows = [[a + b for a, b in zip(x, y)] for x, y in zip(rows, out)]
        final = self.norm(rows[-1], self.vector("model.norm.weight", c["hidden_size"], 1))
        head = table
        if not c["tie_word_embeddings"]:
            head = self.matrix("lm_head.weight", c["vocab_size"], c["hidden_size"])
        return times(head, final)


class DeepSeek(Model):
    """Latent attention; the rotated part of heads is stored in pairs, (0, 1), (2, 3), ..."""

    def frequencies(self, d):
        theta, scaling = self.c["rope_theta"], self.c.get("rope_scaling")
        inv = [1 / theta ** (2 * i / d) for i in range(d // 2)]
        if not scaling:
            return inv
        context = scaling["original_max_position_embeddings"]

        def correction(turns):
            return d * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(theta))

        low = max(math.floor(correction(scaling["beta_fast"])), 0)
        high = min(math.ceil(correction(scaling["beta_slow"])), d - 1)
        high = high + 0.001 if low == high else high
        ramps = [min(max((i - low) / (high - low), 0), 1) for i in range(d // 2)]
        return [f / scaling["factor"] * r + f * (1 - r) for f, r in zip(inv, ramps)]

    def turned(self, x, position):
        out = []
        for i, f in enumerate(self.frequencies(len(x))):
            z = complex(x[2 * i], x[2 * i + 1]) * complex(math.cos(position * f),
                                                          math.sin(position * f))
            out += [z.real, z.imag]
        return out

    def attention(self, prefix, rows):
        c, p, n = self.c, prefix + "self_attn.", self.c["num_attention_heads"]
        h, rank, nope = c["hidden_size"], c["kv_lora_rank"], c["qk_nope_head_dim"]
        rope, v = c["qk_rope_head_dim"], c["v_head_dim"]
        if c["q_lora_rank"]:
            down = self.matrix(p + "q_a_proj.weight", c["q_lora_rank"], h)
            norm = self.vector(p + "q_a_layernorm.weight", c["q_lora_rank"], 1)
            up = self.matrix(p + "q_b_proj.weight", n * (nope + rope), c["q_lora_rank"])
            queries = [times(up, self.norm(times(down, x), norm)) for x in rows]
        else:
            up = self.matrix(p + "q_proj.weight", n * (nope + rope), h)
            queries = [times(up, x) for x in rows]
        down = self.matrix(p + "kv_a_proj_with_mqa.weight", rank + rope, h)
        norm = self.vector(p + "kv_a_layernorm.weight", rank, 1)
        up = self.matrix(p + "kv_b_proj.weight", n * (nope + v), rank)
        latents = [times(down, x) for x in rows]
        keys = [self.turned(x[rank:], t) for t, x in enumerate(latents)]
        heads = [times(up, self.norm(x[:rank], norm)) for x in latents]
        scale = 1 / math.sqrt(nope + rope)
        if c.get("rope_scaling"):
            factor, all_dim = (c["rope_scaling"][k] for k in ("factor", "mscale_all_dim"))
            scale *= (0.1 * all_dim * math.log(factor) + 1) ** 2
        out = self.matrix(p + "o_proj.weight", h, n * v)
        results = []
        for t in range(len(rows)):
            flat = []
            for i in range(n):
                q = queries[t][i * (nope + rope):(i + 1) * (nope + rope)]
                q = q[:nope] + self.turned(q[nope:], t)
                mine = [x[i * (nope + v):(i + 1) * (nope + v)] for x in heads[:t + 1]]
                weights = softmax([scale * sum(a * b for a, b in zip(q, kv[:nope] + k))
                                   for kv, k in zip(mine, keys)])
                flat += [sum(w * kv[nope + j] for w, kv in zip(weights, mine)) for j in range(v)]
            results.append(times(out, flat))
        return results

    def gated(self, prefix, width):
        h = self.c["hidden_size"]
        return (self.matrix(prefix + "gate_proj.weight", width, h),
                self.matrix(prefix + "up_proj.weight", width, h),
                self.matrix(prefix + "down_proj.weight", h, width))

    def chosen(self, logits, bias):
        c, k = self.c, self.c["num_experts_per_tok"]
        if c["model_type"] == "deepseek_v2":
            scores = softmax(logits)
            best = sorted(range(len(scores)), key=lambda e: -scores[e])[:k]
            return [(e, scores[e] * c["routed_scaling_factor"]) for e in best]
        scores = [1 / (1 + math.exp(-x)) for x in logits]
        biased = [s + b for s, b in zip(scores, bias)]
        size = len(scores) // c["n_group"]
        worth = [sum(sorted(biased[g * size:(g + 1) * size])[-2:]) for g in range(c["n_group"])]
        groups = sorted(range(c["n_group"]), key=lambda g: -worth[g])[:c["topk_group"]]
        best = sorted((e for e in range(len(scores)) if e // size in groups),
                      key=lambda e: -biased[e])[:k]
        total = sum(scores[e] for e in best)
        return [(e, scores[e] / total * c["routed_scaling_factor"]) for e in best]

    def ffn(self, prefix, rows):
        c, p = self.c, prefix + "mlp."
        if prefix == "model.layers.0.":  # first_k_dense_replace is 1
            dense = self.gated(p, c["intermediate_size"])
            return [self.mlp(x, *dense) for x in rows]
        width, count = c["moe_intermediate_size"], c["n_routed_experts"]
        router = self.matrix(p + "gate.weight", count, c["hidden_size"])
        bias = None
        if c["model_type"] == "deepseek_v3":
            bias = self.vector(p + "gate.e_score_correction_bias", count, 0)
        experts = [self.gated(f"{p}experts.{e}.", width) for e in range(count)]
        shared = self.gated(p + "shared_experts.", width * c["n_shared_experts"])
        results = []
        for x in rows:
            sums = self.mlp(x, *shared)
            for e, weight in self.chosen(times(router, x), bias):
                sums = [a + weight * b for a, b in zip(sums, self.mlp(x, *experts[e]))]
            results.append(sums)
        return results


def times(matrix, x):
    return [sum(a * b for a, b in zip(row, x)) for row in matrix]


def softmax(scores):
    most = max(scores)
    weights = [math.exp(s - most) for s in scores]
    total = sum(weights)
    return [w / total for w in weights]


def main():
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
             "vocab_size": 40, "max_position_embeddings": 64, "torch_dtype": "bfloat16",
             "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False}
    latent = {"kv_lora_rank": 16, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 12,
              "num_key_value_heads": 2, "n_routed_experts": 8, "num_experts_per_tok": 3,
              "moe_intermediate_size": 16, "first_k_dense_replace": 1, "moe_layer_freq": 1}
    yarn = {"type": "yarn", "factor": 40, "original_max_position_embeddings": 16, "beta_fast": 32,
            "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.707}
    for more in ({"model_type": "llama"},
                 {"model_type": "qwen2", "tie_word_embeddings": True, "rope_theta": 1000000.0},
                 {"model_type": "qwen3", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0},
                 {"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2},
                 {**latent, "model_type": "deepseek_v2", "q_lora_rank": None, "n_shared_experts": 2,
                  "norm_topk_prob": False, "routed_scaling_factor": 1.0, "rope_scaling": yarn},
                 {**latent, "model_type": "deepseek_v3", "q_lora_rank": 24, "n_shared_experts": 1,
                  "norm_topk_prob": True, "routed_scaling_factor": 2.5, "n_group": 4,
                  "topk_group": 2, "scoring_func": "sigmoid"}):
        kind = DeepSeek if more["model_type"].startswith("deepseek") else Model
        model = kind({**shape, **more})
        logits = model.logits(TEXT)
        print("config", json.dumps(model.c, sort_keys=True))
        for name, sizes in model.tensors.items():
            print("tensor", name, *sizes)
        print("text", *TEXT)
        print("logits", *(f"{v:.9g}" for v in logits))


if __name__ == "__main__":
    main()
