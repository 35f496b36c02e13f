import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

// One file that opens from disk: browsers load no module, style or data from another file there.
function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('the build has no index.html');
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === 'chunk') {
          const code = file.code.replaceAll('</script', '<\\/script');
          html = html.replace(new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`), '');
          html = html.replace('</body>', () => `<script type="module">${code}</script>\n</body>`);
        } else if (name.endsWith('.css')) {
          html = html.replace(new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`), () =>
            `<style>${String(file.source)}</style>`);
        } else {
          continue;
        }
        delete bundle[name];
      }
      const notice = readFileSync(new URL('../NOTICE', import.meta.url), 'utf8');
      page.source = html.replace('<head>', () => `<head>\n<!--\n${notice}-->`).trimEnd() + '\n';
    },
  };
}

export default defineConfig({
  plugins: [inOneFile()],
  build: {
    target: 'es2022',
    outDir: 'build/page',
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 1 << 20,
    chunkSizeWarningLimit: 2000,
  },
});
