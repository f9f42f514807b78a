// Writes orders.csv beside it: `node examples/orders/generate.mjs`. The same seed gives the same file.
import { writeFileSync } from 'node:fs';

const PRODUCTS = [
  ['ESP-250', 'coffee', 899],
  ['FIL-1000', 'coffee', 2450],
  ['SEN-100', 'tea', 675],
  ['EGR-50', 'tea', 540],
  ['CUP-2', 'tableware', 1800],
  ['POT-1', 'tableware', 3995],
  ['CHO-85', 'sweets', 350],
  ['BIS-200', 'sweets', 425],
];
const FIRST_DAY = Date.UTC(2026, 0, 5);
const DAYS = 300;
const ORDERS = 320;
const MEMBERS = 45;

/** Mulberry32: a few lines, the same numbers everywhere. */
function randomFrom(seed) {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const random = randomFrom(2026);
// The square makes some members buy often and most now and then, as in real shops.
const days = Array.from({ length: ORDERS }, () => random(DAYS)).sort((a, b) => a - b);
const rows = days.flatMap((day, index) => {
  const member = String(1 + Math.floor((random(MEMBERS) * random(MEMBERS)) / MEMBERS)).padStart(4, '0');
  const date = new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);
  const lines = 1 + Math.floor(random(9) / 4);
  return Array.from({ length: lines }, () => {
    const [sku, category, cents] = PRODUCTS[random(PRODUCTS.length)];
    const quantity = 1 + Math.floor(random(10) / 7);
    const amount = ((cents * quantity) / 100).toFixed(2);
    return [`A-${1001 + index}`, member, date, sku, category, quantity, amount].join(',');
  });
});
const header = 'order_id,member,date,sku,category,quantity,amount';
writeFileSync(new URL('orders.csv', import.meta.url), `${[header, ...rows].join('\n')}\n`);
