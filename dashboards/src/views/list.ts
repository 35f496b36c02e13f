import type { ComponentType } from 'preact';
import type { Run } from '../data/runs.ts';
import { isComparison } from '../data/comparison.ts';
import { isExplanation } from '../data/explanation.ts';
import { hasLoads } from '../data/loads.ts';
import { isValidated } from '../data/validation.ts';
import { Calibration } from './calibration.tsx';
import { Claims } from './claims.tsx';
import { Communication } from './communication.tsx';
import { Compare } from './compare.tsx';
import { Explanation } from './explanation.tsx';
import { Frontier } from './frontier.tsx';
import { History } from './history.tsx';
import { Kernels } from './kernels.tsx';
import { Latency } from './latency.tsx';
import { Overview } from './overview.tsx';
import { RunView } from './run.tsx';
import { Timeline } from './timeline.tsx';
import { Validation } from './validation.tsx';

export interface View {
  id: string;
  title: string;
  component: ComponentType;
  usable: (run: Run) => boolean; // has something to show there
  always?: boolean;
}

const ofKind = (kind: string) => (run: Run) => run.kind === kind;

// What exists, in the order of the navigation.
export const viewGroups: { title: string; views: View[] }[] = [
  {
    title: 'Status',
    views: [
      { id: 'overview', title: 'Overview', component: Overview, usable: () => true, always: true },
      { id: 'compare', title: 'Compare', component: Compare, usable: isComparison },
      { id: 'history', title: 'History', component: History, usable: ofKind('history') },
    ],
  },
  {
    title: 'Explore',
    views: [
      { id: 'frontier', title: 'Frontier', component: Frontier, usable: (run) => run.has('points') },
      { id: 'latency', title: 'Latency', component: Latency, usable: (run) => run.kind === 'replay' || hasLoads(run) },
      { id: 'timeline', title: 'Timeline', component: Timeline, usable: ofKind('timeline') },
      { id: 'step', title: 'Step', component: Explanation, usable: isExplanation },
      { id: 'kernels', title: 'Kernels', component: Kernels, usable: (run) => run.kind === 'kernels' && !run.isCollectives },
      { id: 'communication', title: 'Communication', component: Communication, usable: (run) => run.isCollectives },
    ],
  },
  {
    title: 'Evidence',
    views: [
      { id: 'run', title: 'Run', component: RunView, usable: () => true, always: true },
      { id: 'calibration', title: 'Calibration', component: Calibration, usable: ofKind('gate-calibration') },
      { id: 'validation', title: 'Validation', component: Validation, usable: isValidated },
      { id: 'claims', title: 'Claims', component: Claims, usable: ofKind('claims') },
    ],
  },
];

export function viewOf(id: string): View {
  const all = viewGroups.flatMap((group) => group.views);
  return all.find((view) => view.id === id) ?? (all[0] as View);
}
