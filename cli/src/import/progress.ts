import { duration, grouped, type Output } from '../output.ts';

/** How far an import has come. */
export interface Standing {
  bytesRead: number;
  /** Size of the file, or 0 where it is not known (a pipe). */
  bytes: number;
  /** Orders that were read so far, and those of them that have their answer. */
  orders: number;
  answered: number;
  seconds: number;
  /** Why nothing moves just now. */
  trouble: string | undefined;
}

const REDRAW_MS = 200;
const LINE_MS = 5_000;
const BAR = 24;

/**
 * Shows the standing until the returned function is called: a bar that is redrawn on a terminal, else a plain line
 * every five seconds, which a log can keep.
 */
export function showProgress(output: Output, name: string, standing: () => Standing): () => void {
  const show = () => {
    const now = standing();
    if (output.isTerminal) output.redraw(progressBar(name, now, output.columns));
    else output.note(progressLine(name, now));
  };
  const timer = setInterval(show, output.isTerminal ? REDRAW_MS : LINE_MS);
  return () => {
    clearInterval(timer);
    if (output.isTerminal) output.redraw('');
  };
}

function figures(standing: Standing): { part: number | undefined; words: string[] } {
  const { bytesRead, bytes, orders, answered, seconds } = standing;
  // What is read and still waits is not done: of a small file that is nearly all of it.
  const settled = orders > 0 ? answered / orders : 1;
  const part = bytes > 0 ? Math.min(1, bytesRead / bytes) * settled : undefined;
  const words = [
    `${grouped(answered)} orders`,
    `${grouped(seconds > 0 ? Math.round(answered / seconds) : 0)}/s`,
  ];
  if (part !== undefined && part > 0.001) words.push(`about ${duration((seconds * (1 - part)) / part)} left`);
  return { part, words };
}

/** One line of at most `columns` characters for a terminal. */
export function progressBar(name: string, standing: Standing, columns: number): string {
  const { part, words } = figures(standing);
  const text = standing.trouble === undefined ? words.join('  ') : `waiting: ${standing.trouble}`;
  if (part === undefined) return cut(`${name}  ${text}`, columns);
  const full = Math.round(part * BAR);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(Math.floor(part * 100)).padStart(3)}%`;
  return cut(`${bar}  ${text}`, columns);
}

/** The same for a log. */
export function progressLine(name: string, standing: Standing): string {
  const { part, words } = figures(standing);
  const percent = part === undefined ? '' : `${Math.floor(part * 100)}%, `;
  const trouble = standing.trouble === undefined ? '' : `; waiting: ${standing.trouble}`;
  return `${name}: ${percent}${words.join(', ')}${trouble}`;
}

function cut(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`;
}
