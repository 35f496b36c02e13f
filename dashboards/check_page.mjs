// The page that is committed is the page that its sources build to.
import { readFileSync } from 'node:fs';

const committed = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const built = readFileSync(new URL('build/page/index.html', import.meta.url), 'utf8');
if (committed !== built) {
  console.error('error: dashboards/page.html is not what its sources build to;');
  console.error('       run `npm run build` in dashboards/ and commit the page');
  process.exit(1);
}
