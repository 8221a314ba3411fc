// @ts-check
/** One Chromium and one server for a test file; every page that it opens fails its test on a console error, a page error or a foreign request. */
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { serve } from './server.mjs';

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Whether the stand-in is served instead of the real package. */
export const FAKE = Boolean(process.env.DANDORI_FAKE);

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ page: Page, faults: string[] }} Visit */

/**
 * @param {string} [at] where the page is served already
 * @returns {Promise<{ url: string, blank: (options?: object) => Promise<Visit & { requests: string[] }>, visit: (options?: object, hash?: string) => Promise<Visit>, close: () => Promise<void> }>}
 *   `blank`: a page that is nowhere yet
 */
export async function open(at = process.env.DANDORI_URL) {
  const server = at ? null : await serve({ fake: FAKE });
  const url = at ?? server?.url ?? '';
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(), args: ARGUMENTS });
  /** @param {object} options */
  async function blank(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
    const page = await context.newPage();
    /** @type {string[]} */
    const faults = [];
    /** @type {string[]} */
    const requests = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      requests.push(request.url());
      if (protocol.startsWith('http') && origin !== new URL(url).origin) faults.push(`foreign request: ${request.url()}`);
    });
    return { page, faults, requests };
  }

  return {
    url,
    blank,
    async visit(options = {}, hash = '') {
      const { page, faults } = await blank(options);
      await page.goto(`${url}${hash}`);
      await page.locator('html[data-live]').waitFor({ timeout: 20_000 });
      return { page, faults };
    },
    async close() {
      await browser.close();
      await server?.close();
    },
  };
}
