import { base32, parseBase32, parseWireId, wireId } from '#platform/ids.ts';

/** Seven letters can write more than the database's integer holds. */
const MAX_SEQ = 2n ** 31n - 1n;

/** `ent_…` of a wallet's entry. */
export const entryId = (wallet: number, seq: number): string =>
  `${wireId('ent', BigInt(wallet))}${base32(BigInt(seq), 7)}`;

/** The wallet and seq of an `ent_…` (or `lot_…`) id, or undefined where it is not one. */
export function parseEntryId(text: string): { wallet: number; seq: number } | undefined {
  const wallet = parseWireId('ent', text.slice(0, 17));
  const seq = text.length === 24 ? parseBase32(text.slice(17)) : undefined;
  if (wallet === undefined || wallet > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  if (seq === undefined || seq > MAX_SEQ) return undefined;
  return { wallet: Number(wallet), seq: Number(seq) };
}
