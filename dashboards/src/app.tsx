import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { lookOf } from './chart/look.ts';
import type { DashboardData } from './data/contract.ts';
import { makeRuns } from './data/runs.ts';
import { formatRoute, parseRoute, type Route } from './lib/route.ts';
import { PageContext, type Page } from './parts/context.ts';
import { viewGroups, viewOf } from './views/list.ts';

type Theme = 'auto' | 'light' | 'dark';

function useRoute(): [Route, (route: Route) => void] {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  const go = useCallback((next: Route) => {
    location.hash = formatRoute(next);
  }, []);
  return [route, go];
}

// The theme of the system, unless the hash names one.
function useDark(theme: Theme): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [system, setSystem] = useState(query.matches);
  useEffect(() => {
    const changed = () => setSystem(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, [query]);
  return theme === 'auto' ? system : theme === 'dark';
}

const kept = ['theme']; // from view to view, besides the run

export function App({ data, problem }: { data: DashboardData; problem: string }) {
  const [route, setRoute] = useRoute();
  const theme = (['light', 'dark'].includes(route.params['theme'] ?? '') ? route.params['theme'] : 'auto') as Theme;
  const isDark = useDark(theme);
  useEffect(() => {
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  }, [isDark]);
  const runs = useMemo(() => makeRuns(data), [data]);
  const page: Page = useMemo(() => {
    const target = (view: string, params: Record<string, string>): Route => {
      const all: Record<string, string> = {};
      for (const key of kept) all[key] = route.params[key] ?? '';
      if (view === route.view) Object.assign(all, route.params);
      return { view, params: { ...all, ...params } };
    };
    return {
      data,
      runs,
      route,
      look: lookOf(isDark),
      go: (params, view = route.view) => setRoute(target(view, params)),
      href: (view, params = {}) => {
        const base: Record<string, string> = {};
        for (const key of kept) base[key] = route.params[key] ?? '';
        return formatRoute({ view, params: { ...base, ...params } });
      },
    };
  }, [data, runs, route, isDark, setRoute]);
  const view = viewOf(route.view);
  useEffect(() => {
    document.title = `${view.title} · inferbench`;
  }, [view]);
  const Shown = view.component;
  return (
    <PageContext.Provider value={page}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to content</a>
      <aside class="side">
        <p class="brand">inferbench</p>
        <nav aria-label="Views">
          {viewGroups.map((group) => (
            <div key={group.title} class="nav-group">
              <p class="nav-title">{group.title}</p>
              <ul>
                {group.views.map((one) => {
                  const shown = runs.filter(one.usable).length;
                  return (
                    <li key={one.id}>
                      <a href={page.href(one.id)} aria-current={one.id === view.id ? 'page' : undefined} class={shown || one.always ? '' : 'nothing'}>
                        {one.title}{shown > 1 && !one.always && <span class="count" aria-label={`${shown} files`}>{shown}</span>}
                      </a>
                    </li>
                  );
                })}
              </ul>
            </div>
          ))}
        </nav>
        <button type="button" class="theme" onClick={() => page.go({ theme: isDark ? 'light' : 'dark' })}>
          {isDark ? '☀ Light' : '☾ Dark'}
        </button>
      </aside>
      <main id="main" tabIndex={-1}>
        {problem ? <div class="empty" role="alert"><p><strong>{problem}</strong></p><p>Write the page again with the <code>inferbench</code> that reads these files:</p><pre><code>inferbench dashboard FILES -o report.html</code></pre></div> : <Shown key={view.id} />}
      </main>
    </PageContext.Provider>
  );
}
