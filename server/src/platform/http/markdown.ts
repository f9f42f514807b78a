/*
 * The error pages use a small part of Markdown on purpose: headings, paragraphs, lists, fenced code, `code`, bold and
 * links. That part is read here; a library for all of it would be larger than the rest of the HTTP layer.
 */

const STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}code,pre{font:14px/1.5 ui-monospace,monospace;background:#f3f3f0;border-radius:4px}code{padding:.1em .3em}pre{padding:1rem;overflow:auto}pre code{padding:0}@media(prefers-color-scheme:dark){body{color:#e8e8e4;background:#161616}code,pre{background:#262626}a{color:#8ab4f8}}';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, character => ENTITIES[character] ?? '');

const inline = (text: string): string =>
  escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\[([^\]]+)\]\(((?:https?:\/|\/)?[^)\s:]*)\)/g, '<a href="$2">$1</a>');

/** A whole HTML page of `text`, titled by its first heading. */
export function renderMarkdown(text: string): string {
  const title = /^# (.*)$/m.exec(text)?.[1] ?? 'Fealty';
  const blocks = text.split(/^```.*$/m).map((block, index) => (index % 2 === 1 ? code(block) : prose(block)));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title.replaceAll('`', ''))}</title><style>${STYLE}</style><body>${blocks.join('\n')}</body></html>\n`;
}

const code = (block: string): string => `<pre><code>${escapeHtml(block.trim())}</code></pre>`;

const prose = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map(block => block.trim())
    .filter(block => block !== '')
    .map(block => {
      const heading = /^(#{1,3}) (.*)$/.exec(block);
      if (heading) return `<h${heading[1]?.length}>${inline(heading[2] ?? '')}</h${heading[1]?.length}>`;
      if (!block.startsWith('- ')) return `<p>${inline(block)}</p>`;
      const items = block.slice(2).split(/\n- /);
      return `<ul>${items.map(item => `<li>${inline(item)}</li>`).join('')}</ul>`;
    })
    .join('\n');
