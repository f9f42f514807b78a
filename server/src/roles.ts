import type { Engine } from './compose.ts';

/** What a process starts. The list is closed: another name stops the start. */
export const ROLES = ['api', 'worker', 'scheduler'] as const;
export type Role = (typeof ROLES)[number];

/** Starts the entry points of the roles; gives what the API listens on, or null where there is none. */
export async function startRoles(
  engine: Engine,
  roles: ReadonlySet<Role>,
  listen: { host: string; port: number },
): Promise<string | null> {
  if (roles.has('worker')) engine.worker.start();
  if (roles.has('scheduler')) engine.scheduler.start();
  return roles.has('api') ? engine.http.listen(listen.port, listen.host) : null;
}
