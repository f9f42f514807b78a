import { type OrderTaker, quoted } from './orders.ts';

export interface NdjsonSettings {
  fileName: string;
  source: string;
  currency: string | undefined;
}

/**
 * Takes lines that are orders as the API has them. A line is sent as it stands, with what it leaves out (external id,
 * source, currency) put in front, so that nothing in it is read and written anew; the engine judges the rest.
 */
export function createNdjsonReader(
  settings: NdjsonSettings,
  taker: OrderTaker,
): (row: number, text: string) => void {
  const source = `"source":${quoted(settings.source)}`;
  const currency = settings.currency === undefined ? undefined : `"currency":${quoted(settings.currency)}`;
  return (row, text) => {
    const order = parseObject(text);
    if (typeof order === 'string') return taker.reject(row, 'json_invalid', order, text);
    if (typeof order.member !== 'string' || order.member === '') {
      return taker.reject(row, 'member_missing', 'the order has no member (mem_... or ext:ID)', text);
    }
    const missing: string[] = [];
    if (order.external_id === undefined)
      missing.push(`"external_id":${quoted(`${settings.fileName}:${row}`)}`);
    if (order.source === undefined) missing.push(source);
    if (order.currency === undefined && currency !== undefined) missing.push(currency);
    const rest = text.slice(text.indexOf('{') + 1);
    taker.order(order.member, missing.length === 0 ? text : `{${missing.join(',')},${rest}`, row, text);
  };
}

function parseObject(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    return 'the line is JSON, but not an object';
  } catch (error) {
    return `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
