import { opsOf, type Op } from '../data/explanation.ts';
import type { Run } from '../data/runs.ts';
import type { TableModel } from '../parts/data_table.tsx';
import { Num } from '../parts/small.tsx';

export const partNames: Record<string, string> = {
  gemm: 'GEMM', moe: 'experts', attention: 'attention', elementwise: 'elementwise',
  scale_up: 'collectives inside the domain', scale_out: 'collectives across domains', host: 'host',
};

// The ops of one step of the slowest stage, as the file lists them.
export function opTable(run: Run): TableModel {
  const ops = opsOf(run);
  const flops = (value: number | undefined) => (value ? <Num value={value / 1e9} unit="GFLOP" /> : <span class="absent">–</span>);
  const some = (value: number | undefined) => value || undefined; // no traffic is nothing to be read
  const of = (row: number): Op | undefined => ops[row];
  return {
    name: 'ops', label: 'Ops of the step', rows: ops.length,
    columns: [
      { name: 'op', title: 'op', cell: (row) => of(row)?.name },
      { name: 'part', title: 'part', cell: (row) => partNames[of(row)?.part ?? ''] ?? of(row)?.part },
      { name: 'count', title: 'count', cell: (row) => of(row)?.count },
      { name: 'flops', title: 'FLOPs', cell: (row) => some(of(row)?.flops), shown: (row) => flops(of(row)?.flops) },
      { name: 'bytes', title: 'moved', unit: 'bytes', cell: (row) => some(of(row)?.bytes) },
      { name: 'wire_bytes', title: 'on the wire', unit: 'bytes', cell: (row) => some(of(row)?.wireBytes) },
      { name: 'bound_by', title: 'bound by', cell: (row) => of(row)?.boundBy },
      { name: 'time_s', title: 'time', unit: 's', cell: (row) => of(row)?.timeS },
      { name: 'share', title: 'share', unit: 'share', cell: (row) => of(row)?.share },
    ],
  };
}
