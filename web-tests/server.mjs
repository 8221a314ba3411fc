// @ts-check
/**
 * A static server for the tests, on the loopback address only, with the strict headers that the page promises to work under.
 * `node server.mjs` serves the real package; with DANDORI_FAKE=1 a stand-in takes its place. It prints its address.
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVED = ['www', 'pkg'];

/** The page's content security policy: nothing from elsewhere, no inline script or style, scripts only through the page's one policy. */
export const CSP = [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "connect-src 'self'", "worker-src 'self' blob:",
  "img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", 'trusted-types dandori',
].join('; ');

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm', '.json': 'application/json', '.ts': 'text/plain; charset=utf-8',
};

/** What figures in articles of other origins load, as the command has it. */
const SHARED = ['.js', '.css', '.wasm', '.svg'];

/** The file for a path of the address, or null for what is not served. @param {string} path @param {boolean} fake */
function fileOf(path, fake) {
  if (fake && path === '/pkg/dandori.js') return join(ROOT, 'web-tests', 'fake-session.js');
  const file = normalize(join(ROOT, path.endsWith('/') ? `${path}index.html` : path));
  return SERVED.some((folder) => file.startsWith(join(ROOT, folder) + sep)) ? file : null;
}

/**
 * @param {{ fake?: boolean, port?: number }} [options] @returns {Promise<{ url: string, close: () => Promise<void> }>} `url` is the page's
 */
export async function serve({ fake = false, port = 0 } = {}) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const headers = { 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' };
    if (path === '/') return void response.writeHead(302, { ...headers, Location: '/www/' }).end();
    try {
      const file = fileOf(path, fake);
      if (!file) throw new Error('not served');
      const body = await readFile(file);
      const shared = SHARED.includes(extname(file));
      const sharing = { 'Cross-Origin-Resource-Policy': shared ? 'cross-origin' : 'same-origin', ...(shared ? { 'Access-Control-Allow-Origin': '*' } : {}) };
      response.writeHead(200, { ...headers, ...sharing, 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('not found');
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/www/`,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await serve({ fake: Boolean(process.env.DANDORI_FAKE), port: Number(process.env.PORT ?? 0) });
  console.log(url);
}
