/** Arguments that many commands have. */

export const program = {
  type: 'string',
  description: 'The program; not needed with a key that is bound to one',
} as const;

export const member = {
  type: 'positional',
  description: 'The member: ext: and your own id, or mem_...',
  required: true,
} as const;

export const dryRun = { type: 'boolean', description: 'Only say what would happen' } as const;
