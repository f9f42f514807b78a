/** Exit codes: 0 done, 1 it did not work or something needs a person, 2 the command was typed wrongly. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Ends a command with a message that names what is wrong and what to do, without a stack trace. */
export class Failure extends Error {
  readonly exitCode: number;
  /** What `--json` prints beside the message, for example the problem document that the engine sent. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    options: { exitCode?: number; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.exitCode = options.exitCode ?? EXIT_FAILED;
    this.details = options.details ?? {};
  }
}

/** A command that was typed wrongly: exit code 2. */
export function usageFailure(message: string): Failure {
  return new Failure(message, { exitCode: EXIT_USAGE });
}
