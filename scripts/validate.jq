# The results of scripts/validate as one Markdown table, with medians of absolute errors.

def error($id; $statistic):
  [.findings.modelled.metrics[] | select(.id == $id and (.statistic // "") == $statistic) | .error][0];
def signed: (. * 1000 | round / 10) as $p | (if $p >= 0 then "+" else "" end) + "\($p) %";
def percent: (. * 1000 | round / 10 | tostring) + " %";
def median: sort | if length == 0 then null
  elif length % 2 == 1 then .[length / 2 | floor]
  else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def columns: [
  error("tpot"; "mean"), error("output_throughput"; ""), error("ttft"; "mean"), error("e2e"; "mean"),
  .findings.modelled.same_steps.median_absolute_error
];

(map(columns)) as $rows
| (.[0] | "\(.provenance.started_utc[:10]), \(.configuration.deployment.threads) threads of "
    + "\(.provenance.host.cpu // "an unknown processor"), load \(.provenance.host.load_average // "unknown") "
    + "at the first run, commit \((.provenance.build.git_commit // "unknown")[:12]);"),
  "\(length) runs.",
  "",
  "| model | weights | KV | TP | policy | users | step | TPOT | throughput | TTFT | E2E | step |",
  "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  (.[] | . as $r | columns as $c
    | "| \($r.configuration.deployment.model) | \($r.configuration.deployment.precision.ffn) "
    + "| \($r.configuration.deployment.precision.kv) | \($r.configuration.deployment.parallel.tp) | \($r.configuration.scheduler.name) "
    + "| \($r.configuration.scheduler.max_batch) | \($r.configuration.scheduler.step_tokens) "
    + "| \($c[0] | signed) | \($c[1] | signed) | \($c[2] | signed) | \($c[3] | signed) | \($c[4] | percent) |"),
  "",
  "| median absolute error | TPOT | throughput | TTFT | E2E | step |",
  "| --- | ---: | ---: | ---: | ---: | ---: |",
  "| all \(length) runs | " + ([range(5) as $i | $rows | map(.[$i] | fabs) | median | percent] | join(" | ")) + " |",
  "| bar | 8 % | 8 % | 15 % | | |"
