import { at, entriesAt, numberAt, textAt, listAt } from './contract.ts';
import type { Run } from './runs.ts';

export const latencyMetrics = [
  { id: 'ttft', title: 'TTFT', long: 'time to first token' },
  { id: 'tpot', title: 'TPOT', long: 'time per output token' },
  { id: 'itl', title: 'ITL', long: 'gap between two tokens' },
  { id: 'e2e', title: 'E2E', long: 'end-to-end latency' },
];

export interface Distribution {
  key: string;
  id: string;
  unit: string;
  definition: string;
  count: number;
  percentiles: Map<string, number>;
  absent: Map<string, string>; // percentile to the reason
  mean: number | undefined;
  max: number | undefined;
}

export function distributions(run: Run): Distribution[] {
  return entriesAt(run.document, 'summary', 'distributions').map(([key, json]) => {
    const percentiles = new Map<string, number>();
    for (const [p, value] of entriesAt(json, 'percentiles')) {
      if (typeof value === 'number') percentiles.set(p, value);
    }
    const absent = new Map<string, string>();
    for (const [p, reason] of entriesAt(json, 'percentiles', 'absent')) absent.set(p, String(reason));
    return {
      key, percentiles, absent,
      id: textAt(json, 'id') ?? key,
      unit: textAt(json, 'unit') ?? '',
      definition: textAt(json, 'definition') ?? '',
      count: numberAt(json, 'count') ?? 0,
      mean: numberAt(json, 'mean'),
      max: numberAt(json, 'max'),
    };
  });
}

export function percentileNames(all: Distribution[]): string[] {
  const names = new Set<string>();
  for (const one of all) {
    for (const p of [...one.percentiles.keys(), ...one.absent.keys()]) names.add(p);
  }
  return [...names].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

export interface Slo {
  metric: string;
  percentile: string; // "p90"
  limitMs: number | undefined;
  constraint: string;
  attained: number | undefined;
  met: boolean;
  share: number | undefined;
}

// "ttft_p90 <= 2,000 ms" as it stands in results.
export function slos(run: Run): Slo[] {
  return listAt(run.document, 'summary', 'slo').map((json) => {
    const constraint = textAt(json, 'constraint') ?? '';
    const found = /^(\w+?)_(p[\d.]+|mean|max)\s*<=\s*([\d,.]+)\s*ms/.exec(constraint);
    return {
      constraint,
      metric: found?.[1] ?? '',
      percentile: found?.[2] ?? '',
      limitMs: found?.[3] ? Number(found[3].replaceAll(',', '')) : undefined,
      attained: numberAt(json, 'attained'),
      met: at(json, 'met') === true,
      share: numberAt(json, 'share_of_requests'),
    };
  });
}

export interface Parts {
  metric: string;
  over: string;
  count: number;
  meanMs: number;
  parts: [string, number][]; // ms
}

export function latencyParts(run: Run): Parts[] {
  return listAt(run.document, 'summary', 'latency_parts').map((json) => ({
    metric: textAt(json, 'metric') ?? '',
    over: textAt(json, 'over') ?? '',
    count: numberAt(json, 'count') ?? 0,
    meanMs: numberAt(json, 'mean_ms') ?? 0,
    parts: entriesAt(json, 'parts_ms').map(([name, ms]) => [name, typeof ms === 'number' ? ms : 0]),
  }));
}
