import { at, listAt, numberAt, textAt } from './contract.ts';
import { degrees, type Run } from './runs.ts';

// One op of a step as `explain` tells it.
export interface Op {
  name: string;
  part: string;
  count: number | undefined;
  flops: number | undefined;
  bytes: number | undefined;
  wireBytes: number | undefined;
  boundBy: string;
  timeS: number;
  share: number | undefined; // of the ops' sum
}

export const isExplanation = (run: Run): boolean => run.kind === 'explain' && at(run.document, 'ops') !== undefined;

export function opsOf(run: Run): Op[] {
  return listAt(run.document, 'ops').map((json) => ({
    name: textAt(json, 'name') ?? '',
    part: textAt(json, 'part') ?? '',
    count: numberAt(json, 'count'),
    flops: numberAt(json, 'flops'),
    bytes: numberAt(json, 'bytes'),
    wireBytes: numberAt(json, 'wire_bytes'),
    boundBy: textAt(json, 'bound_by') ?? '',
    timeS: numberAt(json, 'time_s') ?? 0,
    share: numberAt(json, 'share'),
  }));
}

// What a step was: "TP4, 0 prompt tokens after 0 cached, 32 decodes at context 1,000".
export function batchText(run: Run): string {
  const of = (key: string) => (numberAt(run.document, 'batch_per_rank', key) ?? 0).toLocaleString('en-US');
  return `${of('prefill_tokens')} prompt tokens after ${of('prefill_context_tokens')} cached, ${of('decodes')} decodes at context ${of('decode_context_tokens')}`;
}

// What an explanation and a point of a sweep must share to speak of the same step.
export interface StepOf {
  parallel: string; // "TP2EP16PP2"
  prefill: number;
  cached: number;
  decodes: number;
  context: number;
}

// The explanation of that step among the files, for the sweep's model, GPU, precision and cost profile.
export function explanationOf(runs: Run[], sweep: Run, step: StepOf): Run | undefined {
  const of = at(sweep.document, 'configuration');
  return runs.find((run) => {
    const deployment = at(run.document, 'deployment');
    const parallel = degrees(step.parallel);
    const batch = (key: string, value: number) => numberAt(run.document, 'batch_per_rank', key) === value;
    return isExplanation(run) && ['model', 'gpu'].every((key) => textAt(deployment, key) === textAt(of, key)) &&
      JSON.stringify(at(deployment, 'precision')) === JSON.stringify(at(of, 'precision')) &&
      textAt(run.document, 'cost_profile') === textAt(of, 'cost_profile') &&
      Object.keys(parallel).every((key) => (numberAt(deployment, 'parallel', key) ?? 1) === parallel[key]) &&
      batch('prefill_tokens', step.prefill) && batch('prefill_context_tokens', step.cached) &&
      batch('decodes', step.decodes) && batch('decode_context_tokens', step.context);
  });
}
