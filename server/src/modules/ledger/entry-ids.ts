import { base32, parseBase32, parseWireId, wireId } from '#platform/ids.ts';

/** `ent_…` of a wallet's entry. */
export const entryId = (wallet: number, seq: number): string =>
  `${wireId('ent', BigInt(wallet))}${base32(BigInt(seq), 7)}`;

/** The wallet and seq of an `ent_…` (or `lot_…`) id, or undefined where it is not one. */
export function parseEntryId(text: string): { wallet: number; seq: number } | undefined {
  const wallet = parseWireId('ent', text.slice(0, 17));
  const seq = text.length === 24 ? parseBase32(text.slice(17)) : undefined;
  if (wallet === undefined || seq === undefined || wallet > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return { wallet: Number(wallet), seq: Number(seq) };
}
