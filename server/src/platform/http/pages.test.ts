import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import { sampleHttp } from '../../../test/support/http.ts';
import { platformErrors } from '../errors.ts';
import { renderMarkdown } from './markdown.ts';

const http = sampleHttp();
const get = (url: string, accept = '*/*') => http.inject({ url, headers: { accept } });

test('the first page leads to everything else', async () => {
  const links = (await get('/')).json();
  for (const url of [links.documentation, links.openapi, links.metrics, ...links.health])
    assert.equal((await get(url)).statusCode, 200, url);
});

test('the document is served as it is built', async () => {
  assert.deepEqual((await get('/openapi.json')).json(), http.openApi());
});

test('the reference page asks nobody else for anything', async () => {
  const page = await get('/docs');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(page.payload, /\/openapi\.json/);
  assert.doesNotMatch(page.payload, /https?:\/\//);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /https?:|\*/);
  const [, script] = /<script src="([^"]+)"/.exec(page.payload) ?? [];
  const served = await get(String(script));
  assert.match(String(served.headers['content-type']), /^text\/javascript/);
  assert.ok(served.payload.length > 1_000_000);
});

test('every code of the platform has its page, with an example of that code', async () => {
  for (const [code, { status, title }] of Object.entries(platformErrors)) {
    const page = await get(`/errors/${code}`);
    assert.equal(page.statusCode, 200, code);
    assert.match(String(page.headers['content-type']), /^text\/markdown/);
    assert.ok(page.payload.startsWith(`# ${code}\n\n**${status}.** ${title}\n`), code);
    assert.match(page.payload, /\*\*What to do\.\*\* /);
    const [, example = ''] = /```json\n(.+?)```/s.exec(page.payload) ?? [];
    const problem = JSON.parse(example);
    assert.deepEqual(
      [problem.type, problem.code, problem.status, problem.title],
      [`/errors/${code}`, code, status, title],
    );
  }
});

test('a browser gets an error page as HTML that runs no script', async () => {
  const page = await get('/errors/forbidden', 'text/html,application/xhtml+xml');
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.match(page.payload, /<h1>forbidden<\/h1>/);
  assert.match(page.payload, /<title>forbidden<\/title>/);
});

test('only codes have pages: no path leads to another file', async () => {
  const files = await readdir(new URL('.', import.meta.url));
  assert.ok(files.includes('pages.ts'));
  for (const code of [
    'made_up',
    '..%2F..%2Fconcepts%2Fledger',
    '%2e%2e%2fstart',
    'forbidden.md',
    'FORBIDDEN',
    '__proto__',
    'constructor',
  ])
    assert.equal((await get(`/errors/${code}`)).statusCode, 404, code);
});

test('the metrics are in the format of Prometheus', async () => {
  const metrics = await get('/metrics');
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.payload, /# TYPE fealty_http_request_seconds histogram/);
});

test('markdown becomes HTML, and what it quotes stays text', () => {
  const page = renderMarkdown(
    '# A `b` <c>\n\nText **bold** & [link](/errors/x) and\nmore [no](javascript:alert).\n\n- one\n- `two`\n\n```json\n{"a": "<b>"}\n```\n\nEnd.',
  );
  const [, body] = /<body>(.*)<\/body>/s.exec(page) ?? [];
  assert.equal(
    body,
    [
      '<h1>A <code>b</code> &lt;c&gt;</h1>',
      '<p>Text <strong>bold</strong> &amp; <a href="/errors/x">link</a> and\nmore [no](javascript:alert).</p>',
      '<ul><li>one</li><li><code>two</code></li></ul>',
      '<pre><code>{&quot;a&quot;: &quot;&lt;b&gt;&quot;}</code></pre>',
      '<p>End.</p>',
    ].join('\n'),
  );
});
