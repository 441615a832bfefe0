// Opens the page of `crossover serve dynamodb` in Chromium while a table is hot: it shows the
// partitions, the rates and the refusals, asks nothing of any other host, and fits a phone.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, shots] = process.argv.slice(2);
const faults = [];

async function call(operation, body) {
  const r = await fetch(`${address}/`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': `DynamoDB_20120810.${operation}` },
  });
  return r.status;
}

// A hot key and a spread of others, until told to stop.
let over = false;
async function load(seed) {
  for (let i = seed; !over; i += 4) {
    const pk = i % 3 ? `k${i % 500}` : 'hot';
    await call('PutItem', { TableName: 'orders', Item: { pk: { S: pk }, v: { S: 'x'.repeat(i % 3 ? 200 : 60000) } } });
    await call('GetItem', { TableName: 'sessions', Key: { pk: { S: pk } }, ConsistentRead: true });
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1240, height: 900 } });
  page.on('console', (m) => { if (m.type() === 'error') faults.push(`console: ${m.text()}`); });
  page.on('pageerror', (e) => faults.push(`script: ${e.message}`));
  page.on('request', (r) => { if (!r.url().startsWith(address)) faults.push(`asked ${r.url()}`); });
  await page.goto(address);
  await page.getByText('No tables yet').waitFor();

  const keys = { KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }] };
  await call('CreateTable', { TableName: 'orders', BillingMode: 'PAY_PER_REQUEST', ...keys });
  await call('CreateTable', { TableName: 'sessions', ProvisionedThroughput: { ReadCapacityUnits: 9000, WriteCapacityUnits: 9000 }, ...keys });
  const loading = Promise.all([0, 1, 2, 3].map(load));
  await page.locator('.cell.refusing').first().waitFor({ timeout: 30000 });
  await page.getByText('WriteKeyRangeThroughputThrottleEvents').waitFor({ timeout: 30000 });
  const seen = await page.evaluate(() => ({
    sections: document.querySelectorAll('#resources section').length,
    cells: [...document.querySelectorAll('#resources section')].map((s) => s.querySelectorAll('.cell').length),
    written: document.querySelectorAll('#resources section')[0].querySelectorAll('.tile b')[1].textContent,
    events: document.querySelectorAll('#events li').length,
  }));
  if (seen.sections !== 2 || seen.cells.join() !== '4,9' || seen.events < 2 || !(parseFloat(seen.written.replace(',', '')) > 0)) {
    faults.push(`the page shows ${JSON.stringify(seen)}`);
  }
  mkdirSync(shots, { recursive: true });
  for (const [name, width, scheme] of [['light', 1240, 'light'], ['dark', 1240, 'dark'], ['phone', 390, 'light']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForTimeout(1500); // a poll
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) faults.push(`${name}: scrolls sideways by ${wide} px`);
    await page.screenshot({ path: `${shots}/heat-${name}.png`, fullPage: true });
  }
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  over = true;
  await loading;
} finally {
  over = true;
  await browser.close();
}
if (faults.length) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log('the heat page shows partitions, rates and refusals');
