// @ts-check
/** Pictures of the page to look at: `node shot.mjs OUT_DIR` writes the first screen and the whole page, in three widths and both themes. */
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { serve } from './server.mjs';

const out = process.argv[2];
if (!out) throw new Error('usage: node shot.mjs OUT_DIR');
const server = await serve({ fake: Boolean(process.env.DANDORI_FAKE) });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const [width, height] of [[1280, 720], [768, 1024], [360, 640]]) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    page.on('console', (message) => console.log(`${width} ${colorScheme}: ${message.text()}`));
    page.on('pageerror', (error) => console.log(`${width} ${colorScheme}: ${error}`));
    await page.goto(`${process.env.DANDORI_URL ?? server.url}${process.argv[3] ?? ''}`);
    await page.locator('html[data-live]').waitFor({ timeout: 20_000 });
    await page.waitForTimeout(100);
    await page.screenshot({ path: `${out}/${width}-${colorScheme}.png` });
    await page.screenshot({ path: `${out}/${width}-${colorScheme}-full.png`, fullPage: true });
    await page.close();
  }
}
await browser.close();
await server.close();
