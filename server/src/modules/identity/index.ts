import type { Api } from '#platform/http/api.ts';
import { identityRoutes } from './routes.ts';
import { createService, type IdentityOptions, type IdentityService } from './service.ts';

export { identityErrors } from './errors.ts';
export type { IdentityOptions } from './service.ts';

export interface Identity extends IdentityService {
  routes(api: Api): void;
}

/** Who may call, and what they may do. Owns the schema `identity`. */
export function createIdentity(options: IdentityOptions): Identity {
  const service = createService(options);
  return { ...service, routes: api => identityRoutes(api, service) };
}
