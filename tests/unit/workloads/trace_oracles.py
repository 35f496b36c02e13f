"""Statistics of the recorded traces, computed without any code of the project.

    python3 trace_oracles.py azure FILE | mooncake FILE

Prints one "key value" a line; tests/unit/workloads/real_traces_test.cpp compares.
"""
import collections
import csv
import datetime
import json
import math
import sys
from fractions import Fraction


def azure(path):
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            whole, fraction = row["TIMESTAMP"].split(".")
            stamp = datetime.datetime.strptime(whole, "%Y-%m-%d %H:%M:%S")
            seconds = int((stamp - datetime.datetime(2023, 1, 1)).total_seconds())
            at = seconds + Fraction(int(fraction), 10 ** len(fraction))
            yield at, int(row["ContextTokens"]), int(row["GeneratedTokens"]), []


def mooncake(path):
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            at = Fraction(row["timestamp"], 1000)
            yield at, row["input_length"], row["output_length"], row["hash_ids"]


def nearest_rank(values, percent):
    return sorted(values)[max(0, math.ceil(percent * len(values) / 100) - 1)]


def prefix_hits(rows):
    """Longest contiguous prefix of ids seen before, 512 tokens each."""
    seen, blocks, hits, hit_tokens = set(), 0, 0, 0
    for _, tokens, _, ids in rows:
        run = 0
        while run < len(ids) and ids[run] in seen:
            run += 1
        blocks, hits, hit_tokens = blocks + len(ids), hits + run, hit_tokens + min(tokens, 512 * run)
        seen.update(ids)
    return blocks, len(seen), hits, hit_tokens


def main():
    rows = list({"azure": azure, "mooncake": mooncake}[sys.argv[1]](sys.argv[2]))
    times = [row[0] for row in rows]
    gaps = [float(b - a) for a, b in zip(times, times[1:])]
    mean = sum(gaps) / len(gaps)
    out = {
        "requests": len(rows),
        "span_s": float(times[-1] - times[0]),
        "gap_cv": math.sqrt(sum((g - mean) ** 2 for g in gaps) / (len(gaps) - 1)) / mean,
        "timestamps": len(set(times)),
    }
    for name, column in (("input", 1), ("output", 2)):
        values = [row[column] for row in rows]
        out[name + "_mean"] = sum(values) / len(values)
        out[name + "_max"] = max(values)
        for percent in (50, 90, 99):
            out[f"{name}_p{percent}"] = nearest_rank(values, percent)
    for width in (1, 10, 60):
        bins = collections.Counter(int((t - times[0]) // width) for t in times)
        whole = int((times[-1] - times[0]) // width)
        counts = [bins[i] for i in range(whole)]
        center = sum(counts) / whole
        out[f"iod_{width}s"] = sum((c - center) ** 2 for c in counts) / whole / center
    blocks, unique, hits, hit_tokens = prefix_hits(rows)
    if blocks:
        out["blocks"], out["unique_blocks"] = blocks, unique
        out["block_hit"] = hits / blocks
        out["token_hit"] = hit_tokens / sum(row[1] for row in rows)
    for key, value in out.items():
        print(key, repr(value))


main()
