// Opens a report in headless Chromium, wide and narrow, and fails on a console error, a
// request that leaves the file, an empty picture or a page that scrolls sideways.
import { chromium } from 'playwright-core';
import { pathToFileURL } from 'node:url';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const [file, shots] = process.argv.slice(2);
const url = pathToFileURL(path.resolve(file)).href;
const faults = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const [name, width, scheme] of [['wide', 1280, 'light'], ['phone', 360, 'dark']]) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.on('console', (m) => { if (m.type() === 'error') faults.push(`${name}: console: ${m.text()}`); });
  page.on('pageerror', (e) => faults.push(`${name}: page error: ${e.message}`));
  page.on('request', (r) => { if (r.url() !== url && !r.url().startsWith('data:')) faults.push(`${name}: request: ${r.url()}`); });
  await page.goto(url);
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  const found = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    pictures: [...document.querySelectorAll('svg, img')].map((e) => ({
      drawn: e.getBoundingClientRect().width > 20 && (e.tagName === 'IMG' ? e.naturalWidth > 0 : e.querySelectorAll('path, line, rect, polyline').length > 3),
      label: e.getAttribute('aria-label') ?? e.getAttribute('alt') ?? '',
    })),
    headings: document.querySelectorAll('h1').length,
    text: document.body.innerText.length,
  }));
  if (found.scroll > 0) faults.push(`${name}: scrolls sideways by ${found.scroll} px`);
  if (found.headings !== 1) faults.push(`${name}: ${found.headings} first-level headings`);
  if (found.text < 500) faults.push(`${name}: hardly any text`);
  for (const p of found.pictures) {
    if (!p.drawn) faults.push(`${name}: an empty picture: ${p.label}`);
    if (!p.label) faults.push(`${name}: a picture without a label`);
  }
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: path.join(shots, `${path.basename(path.dirname(path.resolve(file)))}-${name}.png`), fullPage: true });
  }
  console.log(`${file} ${name}: ${found.pictures.length} pictures, ${found.text} characters`);
}
await browser.close();
for (const f of faults) console.error(f);
process.exit(faults.length ? 1 : 0);
