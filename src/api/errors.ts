/**
 * Why a request to the server failed.
 *
 * - `TrailError` (base)
 *   - `MissingServerError`: the server has no nbtrail, or one that does not answer
 *   - `UnreachableError`: the server itself cannot be reached
 */
export class TrailError extends Error {
  /**
   * @param message What happened and what to do, as the server said it.
   * @param reason The server's short name of the kind of error.
   * @param status HTTP status, 0 when there was no answer.
   * @param detail More about it, the shape depends on the reason.
   */
  constructor(
    message: string,
    readonly reason: string,
    readonly status: number,
    readonly detail: unknown = null
  ) {
    super(message);
    this.name = 'TrailError';
  }
}

/** What was thrown, as the error that the models and views know. */
export function asTrailError(reason: unknown): TrailError {
  return reason instanceof TrailError
    ? reason
    : new TrailError(String(reason), 'internal', 0);
}

/** The server answers, but its nbtrail extension is not there. */
export class MissingServerError extends TrailError {
  constructor(status: number) {
    super('nbtrail is not enabled on this server.', 'missing', status);
    this.name = 'MissingServerError';
  }
}

/** The server cannot be reached. */
export class UnreachableError extends TrailError {
  constructor(message: string) {
    super(message, 'unreachable', 0);
    this.name = 'UnreachableError';
  }
}
