// Opens reports in headless Chromium, wide and narrow, light and dark, and on paper, and fails
// on what a careful reader would object to: see checks.mjs.
//
//   node open.mjs REPORT.html [SCREENSHOT-DIRECTORY]
import { chromium } from 'playwright-core';
import { pathToFileURL } from 'node:url';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { look, pages } from './checks.mjs';

const [file, shots] = process.argv.slice(2);
const url = pathToFileURL(path.resolve(file)).href;
const name = path.basename(path.dirname(path.resolve(file)));
const faults = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
if (shots) mkdirSync(shots, { recursive: true });
for (const [view, width, scheme] of [['wide', 1280, 'light'], ['phone', 360, 'dark'], ['tablet', 800, 'dark']]) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const fault = (text) => faults.push(`${file} ${view}: ${text}`);
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') fault(`console: ${m.text()}`); });
  page.on('pageerror', (e) => fault(`page error: ${e.message}`));
  page.on('request', (r) => { if (r.url() !== url && !r.url().startsWith('data:')) fault(`request: ${r.url()}`); });
  await page.goto(url);
  if (view === 'wide') await paper(page, fault);
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  const found = await page.evaluate(look);
  found.faults.forEach(fault);
  if (shots) await page.screenshot({ path: path.join(shots, `${name}-${view}.png`), fullPage: true });
  console.log(`${file} ${view}: ${found.pictures} pictures, ${found.tables} tables, ${found.text} characters`);
  await page.close();
}
await browser.close();
for (const f of faults) console.error(f);
process.exit(faults.length ? 1 : 0);

// paper prints the page, folds closed: a printed report must have everything.
async function paper(page, fault) {
  const options = { format: 'A4', margin: { top: '12mm', bottom: '12mm', left: '12mm', right: '12mm' }, printBackground: true };
  if (shots) options.path = path.join(shots, `${name}.pdf`);
  const pdf = await page.pdf(options);
  if (pages(pdf) < 2) fault(`prints ${pages(pdf)} pages`);
  await page.emulateMedia({ media: 'print' });
  const hidden = await page.evaluate(() => [...document.querySelectorAll('details > *:not(summary)')]
    .filter((e) => e.getClientRects().length === 0 || !e.checkVisibility({ contentVisibilityAuto: true }))
    .map((e) => e.parentElement.querySelector('summary').textContent));
  for (const h of new Set(hidden)) fault(`not printed: ${h}`);
  await page.emulateMedia({ media: 'screen' });
}
