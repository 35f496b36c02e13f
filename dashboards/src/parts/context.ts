import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Run } from '../data/runs.ts';
import type { DashboardData } from '../data/contract.ts';
import type { Route } from '../lib/route.ts';
import type { Look } from '../chart/look.ts';

// What every view may ask for.
export interface Page {
  data: DashboardData;
  runs: Run[];
  route: Route;
  look: Look;
  // Changes the hash; '' takes a parameter away. `view` left out: the same view.
  go(params: Record<string, string>, view?: string): void;
  href(view: string, params?: Record<string, string>): string;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('a part of the page outside of it');
  return page;
}

// The runs that a view is about, and the one chosen by ?run=: the first when none is.
export function useChosen(usable: (run: Run) => boolean): { runs: Run[]; run: Run | undefined } {
  const { runs, route } = usePage();
  const those = runs.filter(usable);
  return { runs: those, run: those.find((run) => run.id === route.params['run']) ?? those[0] };
}
