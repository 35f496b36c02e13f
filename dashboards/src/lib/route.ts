// All state of the page is in its hash: #/frontier?run=r1&x=ttft_s. What is at its default is left out.

export interface Route {
  view: string;
  params: Record<string, string>;
}

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#\/?/, '');
  const [view = '', query = ''] = text.split('?', 2);
  const params: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) params[key] = value;
  return { view: view || 'overview', params };
}

export function formatRoute(route: Route): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(route.params).sort()) {
    const value = route.params[key];
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return `#/${route.view}${text ? `?${text}` : ''}`;
}
