import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { SECRET_TEXT } from './platform/secret.ts';
import { ROLES, type Role } from './roles.ts';

/** The engine's settings. Everything has a safe default; a wrong one stops the start and says why. */
export interface Config {
  host: string;
  port: number;
  dataDir: string;
  /** The owner's address of a PostgreSQL of one's own; null: the embedded one. */
  databaseUrl: string | null;
  /** What voucher codes are encrypted with; null: the file `secret` of the data folder. */
  secret: string | null;
  /** The secret that is being replaced, or `lost`; null: none is. */
  secretBefore: string | null;
  roles: ReadonlySet<Role>;
  logLevel: string;
  lanes: number;
  batch: number;
  queue: number;
  /** After so many commands with new keys in a row, keys are no longer looked up. */
  newKeysAfter: number;
  /** How much of its heap a backtest may fill, in MB. */
  backtestMemory: number;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const whole = (lowest: number, highest: number) => z.coerce.number().int().min(lowest).max(highest);

const schema = z.object({
  FEALTY_HOST: z.string().min(1).default('127.0.0.1'),
  FEALTY_PORT: whole(0, 65535).default(4100),
  FEALTY_DATA_DIR: z.string().min(1).default(resolve(ROOT, '.fealty')),
  FEALTY_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  FEALTY_SECRET: z
    .string()
    .regex(SECRET_TEXT, 'must be fs_ and 43 of A-Z, a-z, 0-9, - and _, like the file secret of a data folder')
    .optional(),
  FEALTY_SECRET_BEFORE: z
    .string()
    .refine(
      text => text === 'lost' || SECRET_TEXT.test(text),
      'must be the old secret (fs_ and 43 characters), or lost',
    )
    .optional(),
  FEALTY_ROLES: z
    .string()
    .default(ROLES.join(','))
    .transform(text => text.split(',').map(role => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1)),
  FEALTY_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  // Three keep two cores busy: one batch is decided while another is written and a third reaches the disk (ADR 0028).
  FEALTY_LANES: whole(1, 32).default(3),
  FEALTY_BATCH: whole(1, 2000).default(500),
  FEALTY_QUEUE: whole(1000, 1_000_000).default(20_000),
  // A key that is taken after all costs its batch a second try: at most one in so many commands (ADR 0029).
  FEALTY_NEW_KEYS_AFTER: whole(0, 1_000_000_000).default(5_000),
  FEALTY_BACKTEST_MEMORY: whole(128, 65_536).default(2_048),
});

/** Reads the environment, the only place of the server that does. Throws an Error with one line for each mistake. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const known = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('FEALTY_') && value !== ''),
  );
  const parsed = schema.safeParse(known);
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(issue => `${String(issue.path[0])}: ${issue.message}`).join('\n'),
    );
  const { data } = parsed;
  return {
    host: data.FEALTY_HOST,
    port: data.FEALTY_PORT,
    dataDir: resolve(data.FEALTY_DATA_DIR),
    databaseUrl: data.FEALTY_DATABASE_URL ?? null,
    secret: data.FEALTY_SECRET ?? null,
    secretBefore: data.FEALTY_SECRET_BEFORE ?? null,
    roles: new Set(data.FEALTY_ROLES),
    logLevel: data.FEALTY_LOG_LEVEL,
    lanes: data.FEALTY_LANES,
    batch: data.FEALTY_BATCH,
    queue: data.FEALTY_QUEUE,
    newKeysAfter: data.FEALTY_NEW_KEYS_AFTER,
    backtestMemory: data.FEALTY_BACKTEST_MEMORY,
  };
}
